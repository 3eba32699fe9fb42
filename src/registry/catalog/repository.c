/* Repositories, and which content each holds. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "registry/catalog/catalog_internal.h"

#define CACHE_BYTES_MAX (16 * 1024 * 1024)

struct catalog *catalog_new(struct db *db, struct blob_store *store, size_t loops)
{
	struct catalog *catalog = mem_alloc(1, sizeof *catalog);

	*catalog = (struct catalog){db, store, manifest_cache_new(loops, CACHE_BYTES_MAX)};
	return catalog;
}

void catalog_free(struct catalog *catalog)
{
	if (!catalog)
		return;
	manifest_cache_free(catalog->cache);
	free(catalog);
}

bool repository_find(struct db_tx *tx, struct str name, int64_t *id, bool *found, struct error *err)
{
	return db_ask_int(tx, "SELECT id FROM repositories WHERE name = $1", DB_ARGS(DB_TEXT(name)), id, found, err);
}

bool repository_need(struct db_tx *tx, struct str name, int64_t *id, struct error *err)
{
	bool found;

	if (!repository_find(tx, name, id, &found, err))
		return false;
	return found || error_set(err, ERROR_NOT_FOUND, "repository %.*s not found", STR_ARG(name));
}

bool repository_make(struct db_tx *tx, struct str name, int64_t *id, struct error *err)
{
	bool found;

	if (!repository_find(tx, name, id, &found, err))
		return false;
	if (found)
		return true;
	return db_run(tx, "INSERT INTO repositories (name, created_at) VALUES ($1, $2)", DB_ARGS(DB_TEXT(name), DB_INT(clock_now_us())), err) &&
	       repository_need(tx, name, id, err);
}

bool repository_has_blob(struct db_tx *tx, int64_t repository_id, struct str digest, bool *found, struct error *err)
{
	int64_t one;

	return db_ask_int(tx,
		"SELECT 1 FROM blobs JOIN repository_blobs ON repository_blobs.blob_id = blobs.id WHERE blobs.digest = $1 AND repository_id = $2",
		DB_ARGS(DB_TEXT(digest), DB_INT(repository_id)), &one, found, err);
}

bool repository_add_blob(struct db_tx *tx, int64_t repository_id, int64_t blob_id, struct error *err)
{
	return db_run(tx,
		"INSERT INTO repository_blobs (repository_id, blob_id, added_at) VALUES ($1, $2, $3) ON CONFLICT (repository_id, blob_id) DO NOTHING",
		DB_ARGS(DB_INT(repository_id), DB_INT(blob_id), DB_INT(clock_now_us())), err);
}

/* By the digest's index, and each row's manifest by its key: a list of the repository's manifests would be a walk over all of them. */
#define OF_REPOSITORY "EXISTS (SELECT 1 FROM manifests WHERE manifests.id = manifest_refs.manifest_id AND manifests.repository_id = $2)"

bool repository_mark(struct db_tx *tx, int64_t repository_id, struct str digest, bool present, struct error *err)
{
	return db_run(tx,
		present ? "UPDATE manifest_refs SET absent = 0 WHERE digest = $1 AND absent = 1 AND " OF_REPOSITORY
			: "UPDATE manifest_refs SET absent = 1 WHERE digest = $1 AND kind = 'child' AND " OF_REPOSITORY,
		DB_ARGS(DB_TEXT(digest), DB_INT(repository_id)), err);
}

struct names {
	struct str last;
	size_t limit;
	catalog_name_function *each;
	void *argument;
	bool more;
	struct str repository; /* of tags */
};

/* Rows of one text column, up to the limit; one more was asked for. */
static bool give_names(struct db_query *query, struct names *names, struct error *err)
{
	struct error failed = {0};
	size_t count = 0;

	if (!query)
		return false;
	for (; db_next(query, &failed); count++) {
		names->more = count == names->limit;
		if (names->more)
			break;
		names->each(names->argument, db_text(query, 0));
	}
	db_query_end(query);
	return failed.kind == ERROR_NONE || error_move(err, &failed);
}

static bool list_repositories(struct db_tx *tx, void *argument, struct error *err)
{
	struct names *names = argument;

	return give_names(db_query(tx, "SELECT name FROM repositories WHERE name > $1 ORDER BY name LIMIT $2",
				  DB_ARGS(DB_TEXT(names->last), DB_INT((int64_t)names->limit + 1)), err),
		names, err);
}

bool catalog_repositories(
	struct catalog *catalog, struct str last, size_t limit, catalog_name_function *each, void *argument, bool *more, struct error *err)
{
	struct names names = {.last = last, .limit = limit, .each = each, .argument = argument};

	bool done = db_read(catalog->db, list_repositories, &names, err);
	*more = names.more;
	return done;
}

static bool list_tags(struct db_tx *tx, void *argument, struct error *err)
{
	struct names *names = argument;
	int64_t id;

	if (!repository_need(tx, names->repository, &id, err))
		return false;
	return give_names(db_query(tx, "SELECT name FROM tags WHERE repository_id = $1 AND name > $2 ORDER BY name LIMIT $3",
				  DB_ARGS(DB_INT(id), DB_TEXT(names->last), DB_INT((int64_t)names->limit + 1)), err),
		names, err);
}

bool catalog_tags(struct catalog *catalog, struct str repository, struct str last, size_t limit, catalog_name_function *each, void *argument,
	bool *more, struct error *err)
{
	struct names names = {.last = last, .limit = limit, .each = each, .argument = argument, .repository = repository};

	bool done = db_read(catalog->db, list_tags, &names, err);
	*more = names.more;
	return done;
}

/* ---- uploads that outlive the process ---- */

struct upload_row {
	struct str name, repository;
	enum digest_algorithm algorithm;
	bool found;
};

static bool upload_insert(struct db_tx *tx, void *argument, struct error *err)
{
	struct upload_row *row = argument;
	struct str algorithm = str_of(digest_algorithm_name(row->algorithm));

	return db_run(tx, "INSERT INTO uploads (name, repository, started_at, algorithm) VALUES ($1, $2, $3, $4) ON CONFLICT (name) DO NOTHING",
		DB_ARGS(DB_TEXT(row->name), DB_TEXT(row->repository), DB_INT(clock_now_us()), DB_TEXT(algorithm)), err);
}

bool catalog_upload_keep(struct catalog *catalog, struct str name, struct str repository, enum digest_algorithm algorithm, struct error *err)
{
	struct upload_row row = {.name = name, .repository = repository, .algorithm = algorithm};

	return db_change(catalog->db, upload_insert, &row, err);
}

static bool upload_ask(struct db_tx *tx, void *argument, struct error *err)
{
	struct upload_row *row = argument;
	int64_t is_sha512;

	if (!db_ask_int(tx, "SELECT CASE algorithm WHEN 'sha512' THEN 1 ELSE 0 END FROM uploads WHERE name = $1 AND repository = $2",
		    DB_ARGS(DB_TEXT(row->name), DB_TEXT(row->repository)), &is_sha512, &row->found, err))
		return false;
	row->algorithm = row->found && is_sha512 ? DIGEST_SHA512 : DIGEST_SHA256;
	return true;
}

bool catalog_upload_find(
	struct catalog *catalog, struct str name, struct str repository, enum digest_algorithm *algorithm, bool *found, struct error *err)
{
	struct upload_row row = {.name = name, .repository = repository};

	bool asked = db_read(catalog->db, upload_ask, &row, err);
	*found = row.found;
	*algorithm = row.algorithm;
	return asked;
}

static bool upload_delete(struct db_tx *tx, void *argument, struct error *err)
{
	struct upload_row *row = argument;

	return db_run(tx, "DELETE FROM uploads WHERE name = $1", DB_ARGS(DB_TEXT(row->name)), err);
}

bool catalog_upload_forget(struct catalog *catalog, struct str name, struct error *err)
{
	struct upload_row row = {.name = name};

	return db_change(catalog->db, upload_delete, &row, err);
}

struct upload_list {
	catalog_upload_function *each;
	void *argument;
	const struct str *names; /* of those to forget */
	size_t count;
};

static bool uploads_each(struct db_tx *tx, void *argument, struct error *err)
{
	struct upload_list *list = argument;
	struct error failed = {0};
	cleanup_query struct db_query *query = db_query(tx, "SELECT name FROM uploads", DB_NONE, err);

	if (!query)
		return false;
	while (db_next(query, &failed))
		list->each(list->argument, db_text(query, 0));
	return failed.kind == ERROR_NONE || error_move(err, &failed);
}

bool catalog_uploads(struct catalog *catalog, catalog_upload_function *each, void *argument, struct error *err)
{
	struct upload_list list = {.each = each, .argument = argument};

	return db_read(catalog->db, uploads_each, &list, err);
}

static bool uploads_delete(struct db_tx *tx, void *argument, struct error *err)
{
	struct upload_list *list = argument;

	for (size_t i = 0; i < list->count; i++) {
		struct upload_row row = {.name = list->names[i]};

		if (!upload_delete(tx, &row, err))
			return false;
	}
	return true;
}

bool catalog_uploads_forget(struct catalog *catalog, const struct str *names, size_t count, struct error *err)
{
	struct upload_list list = {.names = names, .count = count};

	return db_change(catalog->db, uploads_delete, &list, err);
}
