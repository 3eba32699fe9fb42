/*
 * Content on its way in (OCI distribution-spec 1.1, "Pushing blobs"; `wire.md` 2.2 and 2.3). POST starts a session, PATCH adds to it, PUT closes it;
 * a POST with a digest is start and close in one. What the three have in common is struct incoming.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "registry/distribution/answers.h"
#include "registry/distribution/range.h"
#include "registry/distribution/upload_sessions.h"

#define RETRY_AFTER_S 2

/* A body that is coming in for a session. */
struct incoming {
	struct upload_session *session;
	int64_t start_bytes; /* what the session held before */
	struct digest digest;
	int64_t announced_bytes; /* by Content-Range, or -1 */
	bool closes;             /* with that digest */
	bool stays;              /* what came of a cut body is kept */
};

static struct str repository_of(const struct request *request)
{
	return request_part(request, "name");
}

/* Location, Range and the upload's name, as every answer about a session has them. An empty one is "0-0" too: all servers say so. */
static void upload_headers(struct request *request, struct str name, int64_t held_bytes)
{
	request_answer_header(request, "Location", "/v2/%.*s/blobs/uploads/%.*s", STR_ARG(repository_of(request)), STR_ARG(name));
	request_answer_header(request, "Range", "0-%lld", (long long)(held_bytes ? held_bytes - 1 : 0));
	request_answer_header(request, "Docker-Upload-UUID", "%.*s", STR_ARG(name));
}

static void session_headers(struct request *request, struct upload_session *session)
{
	struct blob_writer *writer = upload_session_writer(session);

	upload_headers(request, str_of(blob_writer_name(writer)), blob_writer_size(writer));
}

static void answer_created(struct request *request, const struct digest *digest)
{
	char text[DIGEST_TEXT_MAX];

	digest_format(digest, text);
	request_answer_header(request, "Location", "/v2/%.*s/blobs/%s", STR_ARG(repository_of(request)), text);
	answer_digest(request, digest);
	answer_empty(request, 201);
}

/* One more upload's body may come in; answers 429 when it may not. What it took is given back by end_body. */
static bool admit(struct request *request)
{
	struct distribution *distribution = request_distribution(request);
	size_t most = distribution->limits.uploads;

	if (distribution->uploads_now++ < most || !most)
		return true;
	distribution->uploads_now--;
	distribution->uploads_refused++;
	request_answer_header(request, "Retry-After", "%d", RETRY_AFTER_S);
	answer_error_code(request, CODE_TOOMANYREQUESTS, STR(""), "%zu uploads are coming in at once, which is the most: try again in %d seconds",
		most, RETRY_AFTER_S);
	return false;
}

/* Takes the body to come, and the session with it; the request has been admitted. digest is that of a closing one, else NULL. */
static bool begin_body(struct request *request, struct upload_session *session, int64_t announced_bytes, const struct digest *digest)
{
	struct incoming *incoming = mem_alloc(1, sizeof *incoming);
	struct blob_writer *writer = upload_session_writer(session);

	incoming->session = session;
	incoming->start_bytes = blob_writer_size(writer);
	incoming->announced_bytes = announced_bytes;
	incoming->closes = digest != NULL;
	incoming->stays = !digest;
	if (digest) {
		incoming->digest = *digest;
		blob_writer_expect(writer, digest->algorithm);
	}
	request_set_state(request, incoming);
	return true;
}

static bool take_chunk(struct request *request, struct str bytes)
{
	struct incoming *incoming = request_state(request);
	cleanup_error struct error err = {0};

	if (blob_writer_append(upload_session_writer(incoming->session), bytes, &err)) {
		if (incoming->stays)
			upload_session_moved(incoming->session);
		return true;
	}
	answer_error(request, SUBJECT_UPLOAD, &err);
	return false;
}

/* Forgets what this request brought, and gives the session back, with its state in the answer to come; one that cannot be cut is over. */
static void put_back(struct request *request, const struct incoming *incoming)
{
	if (blob_writer_truncate(upload_session_writer(incoming->session), incoming->start_bytes, NULL)) {
		session_headers(request, incoming->session);
		upload_session_give(incoming->session);
	} else {
		upload_session_end(incoming->session);
	}
}

/*
 * Content that was hashed with one algorithm on its way in and is named by another has to be read once more, while the client waits: up to a size.
 * Else answers, and the upload stays: it can be closed by the other algorithm.
 */
static bool check_rehash(struct request *request, const struct incoming *incoming)
{
	struct blob_writer *writer = upload_session_writer(incoming->session);
	int64_t size = blob_writer_size(writer), most = request_distribution(request)->limits.rehash_bytes;
	enum digest_algorithm hashed = blob_writer_algorithm(writer), wanted = incoming->digest.algorithm;

	if (wanted == hashed || size <= most)
		return true;
	put_back(request, incoming);
	answer_error_code(request, CODE_SIZE_TOO_LARGE, STR(""),
		"these %lld bytes were hashed as %s, and over %lld are not hashed again: begin the upload with ?digest-algorithm=%s", (long long)size,
		digest_algorithm_name(hashed), (long long)most, digest_algorithm_name(wanted));
	return false;
}

/* The content is sealed and a row names it; the session is over. Answers. */
static void close_session(struct request *request, struct incoming *incoming)
{
	cleanup_error struct error err = {0};
	struct distribution *distribution = request_distribution(request);
	struct blob_writer *writer = upload_session_writer(incoming->session);

	if (!check_rehash(request, incoming))
		return;
	if (blob_writer_seal(writer, &incoming->digest, &err) && catalog_blob_commit(distribution->catalog, repository_of(request), writer, &err)) {
		distribution->blobs_pushed++;
		upload_session_end(incoming->session);
		answer_created(request, &incoming->digest);
		return;
	}
	/*
	 * Content that is not what it was announced to be is of no use, and what was sealed cannot be written to any more; after any other failure
	 * the client may send the body again.
	 */
	if (err.kind == ERROR_CORRUPT)
		upload_session_end(incoming->session);
	else
		put_back(request, incoming);
	answer_error(request, SUBJECT_UPLOAD, &err);
}

/* The body came whole: a PATCH, or a POST that only starts a session. What they brought is promised, so it is kept first. */
static void go_on(struct request *request, struct incoming *incoming)
{
	cleanup_error struct error err = {0};
	struct upload_session *session = incoming->session;
	size_t least = request_distribution(request)->limits.chunk_min_bytes;
	bool is_patch = request_method(request) == HTTP_PATCH;

	if ((is_patch || blob_writer_size(upload_session_writer(session)) > 0) && !upload_session_keep(session, &err)) {
		upload_session_give(session);
		answer_error(request, SUBJECT_UPLOAD, &err);
		return;
	}
	if (incoming->announced_bytes >= 0 && (size_t)incoming->announced_bytes < least)
		upload_session_set_short(session, incoming->announced_bytes);
	if (!is_patch && least)
		request_answer_header(request, "OCI-Chunk-Min-Length", "%zu", least);
	session_headers(request, session);
	upload_session_give(session);
	answer_empty(request, 202);
}

/* A chunked body has its length at its end only. True when it is what Content-Range said; else it is dropped, and that is answered. */
static bool check_length(struct request *request, struct incoming *incoming)
{
	int64_t came = blob_writer_size(upload_session_writer(incoming->session)) - incoming->start_bytes;

	if (incoming->announced_bytes < 0 || incoming->announced_bytes == came)
		return true;
	put_back(request, incoming);
	answer_error_code(request, CODE_SIZE_INVALID, STR(""), "Content-Range says %lld bytes, and %lld came", (long long)incoming->announced_bytes,
		(long long)came);
	return false;
}

static void end_body(struct request *request, bool complete)
{
	struct distribution *distribution = request_distribution(request);
	struct incoming *incoming = request_state(request);
	struct upload_session *session = incoming->session;

	distribution->uploads_now--;
	if (complete && !check_length(request, incoming)) {
		/* answered */
	} else if (complete && incoming->closes) {
		close_session(request, incoming);
	} else if (complete) {
		go_on(request, incoming);
	} else if (incoming->stays ? upload_session_keep(session, NULL)
				   : blob_writer_truncate(upload_session_writer(session), incoming->start_bytes, NULL)) {
		/* A PATCH that was cut keeps what came; the bytes of a PUT are dropped, since clients then begin it again (`wire.md` 2.2). */
		upload_session_give(session);
	} else {
		upload_session_end(session);
	}
	free(incoming);
}

/* ---- POST ---- */

/* True when a mount was asked for and done, and answered. */
static bool try_mount(struct request *request, struct str name, bool *failed)
{
	cleanup_error struct error err = {0};
	struct str text, from = {0};
	struct digest digest;
	bool mounted = false;

	*failed = false;
	if (!request_query(request, "mount", &text) || !digest_parse(&digest, text, NULL))
		return false;
	request_query(request, "from", &from);
	if (from.len && !reference_path_valid(from))
		return false;
	if (!catalog_blob_mount(request_distribution(request)->catalog, name, &digest, from, &mounted, &err)) {
		answer_error(request, SUBJECT_BLOB, &err);
		*failed = true;
	} else if (mounted) {
		request_distribution(request)->blobs_mounted++;
		answer_created(request, &digest);
	}
	return mounted;
}

/* The algorithm that the client says it will close the upload by (OCI distribution-spec, "Pushing a blob"); answers when it is not known. */
static bool request_algorithm(struct request *request, enum digest_algorithm *algorithm)
{
	struct str text;

	*algorithm = DIGEST_SHA256;
	if (!request_query(request, "digest-algorithm", &text) || digest_algorithm_parse(algorithm, text))
		return true;
	answer_error_code(
		request, CODE_DIGEST_INVALID, STR(""), "digest algorithm '%.*s' is not known: sha256 and sha512 are", STR_ARG(str_head(text, 40)));
	return false;
}

static bool begin_start(struct request *request)
{
	cleanup_error struct error err = {0};
	struct distribution *distribution = request_distribution(request);
	struct upload_session *session;
	enum digest_algorithm algorithm;
	struct digest digest;
	struct str name, text;
	bool closes, failed;

	if (!request_repository(request, &name))
		return false;
	closes = request_query(request, "digest", &text);
	if ((closes && !request_digest(request, text, &digest)) || !request_algorithm(request, &algorithm))
		return false;
	if (try_mount(request, name, &failed) || failed || !admit(request))
		return false;
	if (!upload_session_start(&session, distribution->uploads, name, algorithm, &err)) {
		distribution->uploads_now--;
		answer_error(request, SUBJECT_UPLOAD, &err);
		return false;
	}
	return begin_body(request, session, -1, closes ? &digest : NULL);
}

/* ---- PATCH and PUT ---- */

/*
 * Checks Content-Range against what is held and against the body's length. An order that is not ours is 416 with where to go on (distribution,
 * handlers/blobupload.go); the session lives on.
 */
static bool check_range(struct request *request, struct upload_session *session, int64_t *announced_bytes)
{
	int64_t first, last, held = blob_writer_size(upload_session_writer(session)), length = request_body_length(request);
	struct str header;

	*announced_bytes = -1;
	if (!request_header(request, "Content-Range", &header))
		return true;
	if (!content_range_parse(header, &first, &last)) {
		session_headers(request, session);
		answer_error_code(request, CODE_RANGE_INVALID, STR(""), "Content-Range '%.*s' is malformed", STR_ARG(str_head(header, 100)));
		return false;
	}
	if (first != held) {
		session_headers(request, session);
		answer_error_code(request, CODE_RANGE_INVALID, STR(""), "the upload holds %lld bytes, and this piece begins at %lld", (long long)held,
			(long long)first);
		return false;
	}
	if (length >= 0 && length != last - first + 1) {
		session_headers(request, session);
		answer_error_code(request, CODE_SIZE_INVALID, STR(""), "Content-Range '%.*s' is not the length of the body, %lld",
			STR_ARG(str_head(header, 100)), (long long)length);
		return false;
	}
	*announced_bytes = last - first + 1;
	return true;
}

/* Only the last piece may be under OCI-Chunk-Min-Length. */
static bool check_short(struct request *request, struct upload_session *session)
{
	int64_t short_bytes = upload_session_short(session);

	if (!short_bytes || request_body_length(request) == 0)
		return true;
	session_headers(request, session);
	answer_error_code(request, CODE_SIZE_INVALID, STR(""),
		"the piece before had %lld bytes, and only the last may have less than %zu: begin the upload again", (long long)short_bytes,
		(size_t)request_distribution(request)->limits.chunk_min_bytes);
	return false;
}

/* Answers when it cannot be had: a busy one is 416 with where it stands, so that the client goes on from there. */
static bool take_session(struct request *request, struct upload_session **session)
{
	cleanup_error struct error err = {0};
	struct str name, upload = request_part(request, "upload");
	int64_t held_bytes;

	if (!request_repository(request, &name))
		return false;
	if (upload_session_take(session, request_distribution(request)->uploads, upload, name, &held_bytes, &err))
		return true;
	if (err.kind == ERROR_CONFLICT)
		upload_headers(request, upload, held_bytes);
	answer_error(request, SUBJECT_UPLOAD, &err);
	return false;
}

static bool begin_patch(struct request *request)
{
	struct upload_session *session;
	int64_t announced_bytes;

	if (!take_session(request, &session))
		return false;
	if (check_range(request, session, &announced_bytes) && check_short(request, session) && admit(request))
		return begin_body(request, session, announced_bytes, NULL);
	upload_session_give(session);
	return false;
}

static bool begin_close(struct request *request)
{
	struct upload_session *session;
	struct digest digest;
	struct str text;
	int64_t announced_bytes;

	if (!take_session(request, &session))
		return false;
	if (!request_query(request, "digest", &text))
		answer_error_code(request, CODE_DIGEST_INVALID, STR(""), "the upload is closed without a digest");
	else if (request_digest(request, text, &digest) && check_range(request, session, &announced_bytes) && check_short(request, session) &&
		 admit(request))
		return begin_body(request, session, announced_bytes, &digest);
	upload_session_give(session);
	return false;
}

const struct body_sink distribution_upload_start = {begin_start, take_chunk, end_body};
const struct body_sink distribution_upload_patch = {begin_patch, take_chunk, end_body};
const struct body_sink distribution_upload_close = {begin_close, take_chunk, end_body};

/* ---- GET and DELETE ---- */

/* One that another request has is told as far as it has come. */
void distribution_upload_status(struct request *request)
{
	cleanup_error struct error err = {0};
	struct upload_session *session;
	struct str name, upload = request_part(request, "upload");
	int64_t held_bytes;

	if (!request_repository(request, &name))
		return;
	if (upload_session_take(&session, request_distribution(request)->uploads, upload, name, &held_bytes, &err)) {
		held_bytes = blob_writer_size(upload_session_writer(session));
		upload_session_give(session);
	} else if (err.kind != ERROR_CONFLICT) {
		answer_error(request, SUBJECT_UPLOAD, &err);
		return;
	}
	upload_headers(request, upload, held_bytes);
	answer_empty(request, 204);
}

void distribution_upload_cancel(struct request *request)
{
	cleanup_error struct error err = {0};
	struct str name;

	if (!request_repository(request, &name))
		return;
	if (upload_session_cancel(request_distribution(request)->uploads, request_part(request, "upload"), name, &err))
		answer_empty(request, 204);
	else
		answer_error(request, SUBJECT_UPLOAD, &err);
}
