/* Content of a repository: taken in, mounted, read, taken out. */
#include <string.h>

#include "registry/catalog/catalog_internal.h"

struct blob_request {
	struct catalog *catalog;
	struct str repository;
	struct str from;
	const struct digest *digest;
	struct str digest_text;
	const struct blob_writer *writer;
	struct blob_content *content;
	bool done;
};

static bool unknown_blob(struct blob_request *request, struct error *err)
{
	return error_set(err, ERROR_NOT_FOUND, "blob %.*s is not in %.*s", STR_ARG(request->digest_text), STR_ARG(request->repository));
}

static bool open_blob(struct db_tx *tx, void *argument, struct error *err)
{
	struct blob_request *request = argument;
	struct error failed = {0};
	int64_t id;

	cleanup_query struct db_query *query = db_query(tx,
		"SELECT blobs.size, blobs.content FROM repositories JOIN repository_blobs ON repository_blobs.repository_id = repositories.id "
		"JOIN blobs ON blobs.id = repository_blobs.blob_id WHERE repositories.name = $1 AND blobs.digest = $2",
		DB_ARGS(DB_TEXT(request->repository), DB_TEXT(request->digest_text)), err);
	if (!query)
		return false;
	if (db_next(query, &failed))
		return blob_open_row(request->catalog->store, tx, request->digest, query, 0, request->content, err);
	if (failed.kind != ERROR_NONE)
		return error_move(err, &failed);
	return repository_need(tx, request->repository, &id, err) && unknown_blob(request, err);
}

static bool read_blob(struct catalog *catalog, db_read_function *read, struct str repository, const struct digest *digest, struct blob_content *out,
	struct error *err)
{
	char text[DIGEST_TEXT_MAX];
	struct blob_request request = {.catalog = catalog, .repository = repository, .digest = digest, .content = out};

	request.digest_text = str_make(text, digest_format(digest, text));
	*out = (struct blob_content){.fd = -1};
	return read(catalog->db, open_blob, &request, err);
}

bool catalog_blob_open(struct catalog *catalog, struct str repository, const struct digest *digest, struct blob_content *out, struct error *err)
{
	return read_blob(catalog, db_read, repository, digest, out, err);
}

bool catalog_blob_open_now(struct catalog *catalog, struct str repository, const struct digest *digest, struct blob_content *out, struct error *err)
{
	return read_blob(catalog, db_read_now, repository, digest, out, err);
}

static bool tell(struct db_tx *tx, const char *kind, const struct blob_request *request, struct error *err)
{
	struct event event = {.kind = kind, .repository = request->repository, .digest = request->digest_text};

	return event_add(tx, &event, err);
}

static bool commit_blob(struct db_tx *tx, void *argument, struct error *err)
{
	struct blob_request *request = argument;
	int64_t repository_id, blob_id;

	return blob_add(tx, request->writer, &blob_id, err) && repository_make(tx, request->repository, &repository_id, err) &&
	       repository_add_blob(tx, repository_id, blob_id, err) && repository_mark(tx, repository_id, request->digest_text, true, err) &&
	       db_run(tx, "DELETE FROM uploads WHERE name = $1", DB_ARGS(DB_TEXT(str_of(blob_writer_name(request->writer)))), err) &&
	       tell(tx, "blob.push", request, err);
}

bool catalog_blob_commit(struct catalog *catalog, struct str repository, const struct blob_writer *writer, struct error *err)
{
	char text[DIGEST_TEXT_MAX];
	struct blob_request request = {.catalog = catalog, .repository = repository, .writer = writer};

	request.digest_text = str_make(text, digest_format(blob_writer_digest(writer), text));
	return db_change(catalog->db, commit_blob, &request, err);
}

/* The content's row when a repository (or the one named) holds it. */
static bool find_source(struct db_tx *tx, const struct blob_request *request, int64_t *blob_id, bool *found, struct error *err)
{
	if (!request->from.len)
		return db_ask_int(tx,
			"SELECT blobs.id FROM blobs JOIN repository_blobs ON repository_blobs.blob_id = blobs.id WHERE blobs.digest = $1 LIMIT 1",
			DB_ARGS(DB_TEXT(request->digest_text)), blob_id, found, err);
	return db_ask_int(tx,
		"SELECT blobs.id FROM blobs JOIN repository_blobs ON repository_blobs.blob_id = blobs.id "
		"JOIN repositories ON repositories.id = repository_blobs.repository_id WHERE blobs.digest = $1 AND repositories.name = $2",
		DB_ARGS(DB_TEXT(request->digest_text), DB_TEXT(request->from)), blob_id, found, err);
}

static bool mount_blob(struct db_tx *tx, void *argument, struct error *err)
{
	struct blob_request *request = argument;
	int64_t repository_id, blob_id;
	bool found;

	request->done = false;
	if (!find_source(tx, request, &blob_id, &found, err) || !found)
		return err->kind == ERROR_NONE;
	request->done = true;
	return repository_make(tx, request->repository, &repository_id, err) && repository_add_blob(tx, repository_id, blob_id, err) &&
	       repository_mark(tx, repository_id, request->digest_text, true, err) && tell(tx, "blob.mount", request, err);
}

bool catalog_blob_mount(
	struct catalog *catalog, struct str repository, const struct digest *digest, struct str from, bool *mounted, struct error *err)
{
	char text[DIGEST_TEXT_MAX];
	struct blob_request request = {.catalog = catalog, .repository = repository, .from = from};

	request.digest_text = str_make(text, digest_format(digest, text));
	bool done = db_change(catalog->db, mount_blob, &request, err);
	*mounted = done && request.done;
	return done;
}

static bool delete_blob(struct db_tx *tx, void *argument, struct error *err)
{
	struct blob_request *request = argument;
	int64_t id, one;
	bool found = false, named = false;

	if (!repository_need(tx, request->repository, &id, err) || !repository_has_blob(tx, id, request->digest_text, &found, err))
		return false;
	if (!found)
		return unknown_blob(request, err);
	if (!db_ask_int(tx,
		    "SELECT 1 FROM manifest_refs JOIN manifests ON manifests.id = manifest_refs.manifest_id "
		    "WHERE manifest_refs.digest = $1 AND manifests.repository_id = $2 LIMIT 1",
		    DB_ARGS(DB_TEXT(request->digest_text), DB_INT(id)), &one, &named, err))
		return false;
	if (named)
		return error_set(err, ERROR_CONFLICT, "blob %.*s is part of a manifest in %.*s: delete that first", STR_ARG(request->digest_text),
			STR_ARG(request->repository));
	return db_run(tx, "DELETE FROM repository_blobs WHERE repository_id = $1 AND blob_id = (SELECT id FROM blobs WHERE digest = $2)",
		       DB_ARGS(DB_INT(id), DB_TEXT(request->digest_text)), err) &&
	       tell(tx, "blob.delete", request, err);
}

bool catalog_blob_delete(struct catalog *catalog, struct str repository, const struct digest *digest, struct error *err)
{
	char text[DIGEST_TEXT_MAX];
	struct blob_request request = {.catalog = catalog, .repository = repository};

	request.digest_text = str_make(text, digest_format(digest, text));
	return db_change(catalog->db, delete_blob, &request, err);
}

static bool note_damage(struct db_tx *tx, void *argument, struct error *err)
{
	const struct blob_request *request = argument;
	struct event event = {.kind = "blob.damaged", .repository = request->repository};

	if (request->digest_text.len && memchr(request->digest_text.data, ':', request->digest_text.len))
		event.digest = request->digest_text;
	else
		event.reference = request->digest_text;
	return event_add(tx, &event, err);
}

bool catalog_blob_damaged(struct catalog *catalog, struct str repository, struct str reference, struct error *err)
{
	struct blob_request request = {.catalog = catalog, .repository = repository, .digest_text = reference};

	return db_change(catalog->db, note_damage, &request, err);
}
