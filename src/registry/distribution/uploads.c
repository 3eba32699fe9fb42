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
static void session_headers(struct request *request, struct upload_session *session)
{
	struct blob_writer *writer = upload_session_writer(session);
	int64_t size = blob_writer_size(writer);

	request_answer_header(request, "Location", "/v2/%.*s/blobs/uploads/%s", STR_ARG(repository_of(request)), blob_writer_name(writer));
	request_answer_header(request, "Range", "0-%lld", (long long)(size ? size - 1 : 0));
	request_answer_header(request, "Docker-Upload-UUID", "%s", blob_writer_name(writer));
}

static void answer_created(struct request *request, const struct digest *digest)
{
	char text[DIGEST_TEXT_MAX];

	digest_format(digest, text);
	request_answer_header(request, "Location", "/v2/%.*s/blobs/%s", STR_ARG(repository_of(request)), text);
	answer_digest(request, digest);
	answer_empty(request, 201);
}

/* Takes the body to come, and the session with it. digest is that of a closing one, else NULL. */
static bool begin_body(struct request *request, struct upload_session *session, int64_t announced_bytes, const struct digest *digest)
{
	struct incoming *incoming = mem_alloc(1, sizeof *incoming);

	incoming->session = session;
	incoming->start_bytes = blob_writer_size(upload_session_writer(session));
	incoming->announced_bytes = announced_bytes;
	incoming->closes = digest != NULL;
	incoming->stays = !digest;
	if (digest)
		incoming->digest = *digest;
	request_set_state(request, incoming);
	return true;
}

static bool take_chunk(struct request *request, struct str bytes)
{
	struct incoming *incoming = request_state(request);
	cleanup_error struct error err = {0};

	if (blob_writer_append(upload_session_writer(incoming->session), bytes, &err))
		return true;
	answer_error(request, SUBJECT_UPLOAD, &err);
	return false;
}

/* The content is sealed and a row names it; the session is over. Answers. */
static void close_session(struct request *request, struct incoming *incoming)
{
	cleanup_error struct error err = {0};
	struct blob_writer *writer = upload_session_writer(incoming->session);

	if (blob_writer_seal(writer, &incoming->digest, &err) &&
		catalog_blob_commit(request_distribution(request)->catalog, repository_of(request), writer, &err)) {
		upload_session_end(incoming->session);
		answer_created(request, &incoming->digest);
		return;
	}
	/*
	 * Content that is not what it was announced to be is of no use, and what was sealed cannot be written to any more; after any other failure
	 * the client may send the body again.
	 */
	if (err.kind == ERROR_CORRUPT || !blob_writer_truncate(writer, incoming->start_bytes, NULL))
		upload_session_end(incoming->session);
	else
		upload_session_give(incoming->session);
	answer_error(request, SUBJECT_UPLOAD, &err);
}

/* The body came whole: a PATCH, or a POST that only starts a session. What they brought is promised, so it is kept first. */
static void go_on(struct request *request, struct incoming *incoming)
{
	cleanup_error struct error err = {0};
	struct upload_session *session = incoming->session;

	if ((request_method(request) == HTTP_PATCH || blob_writer_size(upload_session_writer(session)) > 0) && !upload_session_keep(session, &err)) {
		upload_session_give(session);
		answer_error(request, SUBJECT_UPLOAD, &err);
		return;
	}
	session_headers(request, session);
	upload_session_give(session);
	answer_empty(request, 202);
}

/* A chunked body has its length at its end only. True when it is what Content-Range said; else it is dropped, and that is answered. */
static bool check_length(struct request *request, struct incoming *incoming)
{
	struct blob_writer *writer = upload_session_writer(incoming->session);
	int64_t came = blob_writer_size(writer) - incoming->start_bytes;

	if (incoming->announced_bytes < 0 || incoming->announced_bytes == came)
		return true;
	if (blob_writer_truncate(writer, incoming->start_bytes, NULL)) {
		session_headers(request, incoming->session);
		upload_session_give(incoming->session);
	} else {
		upload_session_end(incoming->session);
	}
	answer_error_code(request, CODE_SIZE_INVALID, STR(""), "Content-Range says %lld bytes, and %lld came", (long long)incoming->announced_bytes,
		(long long)came);
	return false;
}

static void end_body(struct request *request, bool complete)
{
	struct incoming *incoming = request_state(request);

	if (complete && !check_length(request, incoming)) {
		/* answered */
	} else if (complete && incoming->closes) {
		close_session(request, incoming);
	} else if (complete) {
		go_on(request, incoming);
	} else {
		struct upload_session *session = incoming->session;

		/* A PATCH that was cut keeps what came; the bytes of a PUT are dropped, since clients then begin it again (`wire.md` 2.2). */
		if (incoming->stays ? upload_session_keep(session, NULL)
				    : blob_writer_truncate(upload_session_writer(session), incoming->start_bytes, NULL))
			upload_session_give(session);
		else
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
		answer_created(request, &digest);
	}
	return mounted;
}

static bool begin_start(struct request *request)
{
	cleanup_error struct error err = {0};
	struct upload_session *session;
	struct digest digest;
	struct str name, text;
	bool closes, failed;

	if (!request_repository(request, &name))
		return false;
	closes = request_query(request, "digest", &text);
	if (closes && !request_digest(request, text, &digest))
		return false;
	if (try_mount(request, name, &failed) || failed)
		return false;
	if (!upload_session_start(&session, request_distribution(request)->uploads, name, &err)) {
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

static bool take_session(struct request *request, struct upload_session **session)
{
	cleanup_error struct error err = {0};
	struct str name;

	if (!request_repository(request, &name))
		return false;
	if (upload_session_take(session, request_distribution(request)->uploads, request_part(request, "upload"), name, &err))
		return true;
	answer_error(request, SUBJECT_UPLOAD, &err);
	return false;
}

static bool begin_patch(struct request *request)
{
	struct upload_session *session;
	int64_t announced_bytes;

	if (!take_session(request, &session))
		return false;
	if (check_range(request, session, &announced_bytes))
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
	else if (request_digest(request, text, &digest) && check_range(request, session, &announced_bytes))
		return begin_body(request, session, announced_bytes, &digest);
	upload_session_give(session);
	return false;
}

const struct body_sink distribution_upload_start = {begin_start, take_chunk, end_body};
const struct body_sink distribution_upload_patch = {begin_patch, take_chunk, end_body};
const struct body_sink distribution_upload_close = {begin_close, take_chunk, end_body};

/* ---- GET and DELETE ---- */

void distribution_upload_status(struct request *request)
{
	struct upload_session *session;

	if (!take_session(request, &session))
		return;
	session_headers(request, session);
	upload_session_give(session);
	answer_empty(request, 204);
}

void distribution_upload_cancel(struct request *request)
{
	struct upload_session *session;

	if (!take_session(request, &session))
		return;
	upload_session_end(session);
	answer_empty(request, 204);
}
