/* Manifests on their way out: from memory, else from the database; and those that name another as their subject. */
#include "registry/catalog/catalog_internal.h"

#include <string.h>

#include "base/file.h"

struct manifest_request {
	struct catalog *catalog;
	struct str repository, reference;
	const struct catalog_manifest *found;
};

/* The bytes of a manifest's content, which is a row or a file of at most MANIFEST_SIZE_MAX. */
static bool read_content(struct blob_content *content, struct error *err)
{
	size_t want = (size_t)content->size_bytes, got;

	if (content->fd < 0)
		return true;
	if (content->size_bytes > MANIFEST_SIZE_MAX)
		return error_set(err, ERROR_CORRUPT, "a manifest of %lld bytes is stored", (long long)content->size_bytes);
	if (!file_read(content->fd, buf_room(&content->bytes, want), want, &got, err))
		return false;
	buf_added(&content->bytes, got);
	return got == want || error_set(err, ERROR_CORRUPT, "the manifest's file is cut short");
}

/* In one question: a tag that memory does not hold costs little more than one that it holds. */
static struct db_query *ask_manifest(struct db_tx *tx, const struct manifest_request *request, struct error *err)
{
	if (memchr(request->reference.data, ':', request->reference.len))
		return db_query(tx,
			"SELECT manifests.digest, manifests.media_type, blobs.content FROM repositories "
			"JOIN manifests ON manifests.repository_id = repositories.id JOIN blobs ON blobs.id = manifests.blob_id "
			"WHERE repositories.name = $1 AND manifests.digest = $2",
			DB_ARGS(DB_TEXT(request->repository), DB_TEXT(request->reference)), err);
	return db_query(tx,
		"SELECT manifests.digest, manifests.media_type, blobs.content FROM repositories "
		"JOIN tags ON tags.repository_id = repositories.id JOIN manifests ON manifests.id = tags.manifest_id "
		"JOIN blobs ON blobs.id = manifests.blob_id WHERE repositories.name = $1 AND tags.name = $2",
		DB_ARGS(DB_TEXT(request->repository), DB_TEXT(request->reference)), err);
}

/* The bytes of one that is too large for a row. */
static bool read_file(struct db_tx *tx, struct manifest_request *request, struct str digest_text, struct str media_type, struct error *err)
{
	cleanup_blob_content struct blob_content content = {.fd = -1};
	struct digest digest;

	if (db_never_waits(tx))
		return error_set(err, ERROR_UNAVAILABLE, "the manifest is a file");
	if (!digest_parse(&digest, digest_text, err) || !blob_open(request->catalog->store, tx, &digest, &content, err) ||
		!read_content(&content, err))
		return false;
	request->found = manifest_cache_make(media_type, digest_text, buf_str(&content.bytes));
	return true;
}

static bool read_manifest(struct db_tx *tx, void *argument, struct error *err)
{
	struct manifest_request *request = argument;
	struct error failed = {0};
	int64_t id;

	cleanup_query struct db_query *query = ask_manifest(tx, request, err);
	if (!query)
		return false;
	if (db_next(query, &failed)) {
		if (db_is_null(query, 2))
			return read_file(tx, request, db_text(query, 0), db_text(query, 1), err);
		request->found = manifest_cache_make(db_text(query, 1), db_text(query, 0), db_text(query, 2));
		return true;
	}
	if (failed.kind != ERROR_NONE)
		return error_move(err, &failed);
	return repository_need(tx, request->repository, &id, err) &&
	       error_set(err, ERROR_NOT_FOUND, "manifest %.*s is not in %.*s", STR_ARG(request->reference), STR_ARG(request->repository));
}

const struct catalog_manifest *catalog_manifest_get(struct catalog *catalog, struct str repository, struct str reference, struct error *err)
{
	struct manifest_request request = {.catalog = catalog, .repository = repository, .reference = reference};

	return db_read(catalog->db, read_manifest, &request, err) ? request.found : NULL;
}

const struct catalog_manifest *catalog_manifest_now(struct catalog *catalog, size_t loop, struct str repository, struct str reference)
{
	struct manifest_request request = {.catalog = catalog, .repository = repository, .reference = reference};
	cleanup_error struct error err = {0};

	request.found = manifest_cache_find(catalog->cache, loop, repository, reference);
	if (request.found)
		return request.found;
	uint64_t version = manifest_cache_version(catalog->cache, repository, reference);
	if (!db_read_now(catalog->db, read_manifest, &request, &err))
		return NULL;
	manifest_cache_add(catalog->cache, loop, repository, reference, request.found, version);
	return request.found;
}

struct referrers_request {
	struct str repository, subject;
	struct str tag; /* of the fallback */
	int64_t after;
	struct str after_digest;
	catalog_referrer_function *each;
	void *argument;
};

/* The rows of a query for id, media_type, digest, artifact_type, annotations, size. */
static bool give_referrers(struct db_query *query, const struct referrers_request *request, struct error *err)
{
	struct error failed = {0};

	if (!query)
		return false;
	while (db_next(query, &failed)) {
		struct catalog_referrer referrer = {
			db_int(query, 0), db_text(query, 1), db_text(query, 2), db_text(query, 3), db_text(query, 4), db_int(query, 5)};

		if (!request->each(request->argument, &referrer))
			break;
	}
	db_query_end(query);
	return failed.kind == ERROR_NONE || error_move(err, &failed);
}

/* Those that name the subject; or, of a fallback tag, what its index refers to, which is in rows: no document is read. */
static struct db_query *ask_referrers(struct db_tx *tx, const struct referrers_request *request, int64_t id, struct error *err)
{
	if (!request->tag.len)
		return db_query(tx,
			"SELECT id, media_type, digest, artifact_type, annotations, size FROM manifests "
			"WHERE repository_id = $1 AND subject = $2 AND id > $3 ORDER BY id",
			DB_ARGS(DB_INT(id), DB_TEXT(request->subject), DB_INT(request->after)), err);
	return db_query(tx,
		"SELECT m.id, m.media_type, m.digest, m.artifact_type, m.annotations, m.size FROM tags JOIN manifest_refs ON "
		"manifest_refs.manifest_id = tags.manifest_id AND manifest_refs.kind = 'child' JOIN manifests AS m ON "
		"m.repository_id = $1 AND "
		"m.digest = manifest_refs.digest WHERE tags.repository_id = $1 AND tags.name = $2 AND m.subject IS NULL AND "
		"manifest_refs.digest > $3 ORDER BY manifest_refs.digest",
		DB_ARGS(DB_INT(id), DB_TEXT(request->tag), DB_TEXT(request->after_digest)), err);
}

static bool list_referrers(struct db_tx *tx, void *argument, struct error *err)
{
	struct referrers_request *request = argument;
	int64_t id;
	bool found;

	if (!repository_find(tx, request->repository, &id, &found, err) || !found)
		return err->kind == ERROR_NONE;
	return give_referrers(ask_referrers(tx, request, id, err), request, err);
}

bool catalog_referrers(struct catalog *catalog, struct str repository, const struct digest *subject, int64_t after, catalog_referrer_function *each,
	void *argument, struct error *err)
{
	char text[DIGEST_TEXT_MAX];
	struct referrers_request request = {.repository = repository,
		.subject = str_make(text, digest_format(subject, text)),
		.after = after,
		.each = each,
		.argument = argument};

	return db_read(catalog->db, list_referrers, &request, err);
}

bool catalog_referrers_tagged(struct catalog *catalog, struct str repository, const struct digest *subject, struct str after,
	catalog_referrer_function *each, void *argument, struct error *err)
{
	char text[DIGEST_TEXT_MAX];
	struct referrers_request request = {.repository = repository, .after_digest = after, .each = each, .argument = argument};

	request.tag = str_make(text, digest_referrers_tag(subject, text));
	return db_read(catalog->db, list_referrers, &request, err);
}
