/* How much there is in all: kept as rows that new content is added to now and then (src/db/sql/totals.sql). */
#include "base/mem.h"
#include "registry/catalog/catalog_internal.h"

#define SLICE 500 /* rows of a kind in one change: what waits behind it waits a few milliseconds */

enum { BLOBS, MANIFESTS, REPOSITORIES, KINDS_COUNT };

struct total {
	int64_t up_to_id, count, bytes;
};

struct totals_request {
	struct total totals[KINDS_COUNT];
	bool more; /* there are rows that are not counted yet */
};

static const struct {
	const char *kind;
	const char *sum; /* of the rows behind $1, up to $2 of them: how many, their bytes, the last id */
	const char *more;
} kinds[KINDS_COUNT] = {
	[BLOBS] = {"blobs",
		"SELECT COUNT(*), COALESCE(SUM(size), 0), MAX(id) FROM (SELECT id, size FROM blobs WHERE id > $1 ORDER BY id LIMIT $2) AS fresh",
		"SELECT id FROM blobs WHERE id > $1 LIMIT 1"},
	[MANIFESTS] = {"manifests",
		"SELECT COUNT(*), COALESCE(SUM(size), 0), MAX(id) FROM (SELECT id, size FROM manifests WHERE id > $1 ORDER BY id LIMIT $2) AS fresh",
		"SELECT id FROM manifests WHERE id > $1 LIMIT 1"},
	[REPOSITORIES] = {"repositories",
		"SELECT COUNT(*), 0, MAX(id) FROM (SELECT id FROM repositories WHERE id > $1 ORDER BY id LIMIT $2) AS fresh",
		"SELECT id FROM repositories WHERE id > $1 LIMIT 1"},
};

static bool read_total(struct db_tx *tx, const char *kind, struct total *total, struct error *err)
{
	struct error failed = {0};
	cleanup_query struct db_query *query =
		db_query(tx, "SELECT up_to_id, count, bytes FROM totals WHERE kind = $1", DB_ARGS(DB_TEXT(str_of(kind))), err);

	if (!query)
		return false;
	if (db_next(query, &failed))
		*total = (struct total){db_int(query, 0), db_int(query, 1), db_int(query, 2)};
	return failed.kind == ERROR_NONE || error_move(err, &failed);
}

static bool read_totals(struct db_tx *tx, void *argument, struct error *err)
{
	struct totals_request *request = argument;
	int64_t id;
	bool found;

	request->more = false;
	for (size_t i = 0; i < KINDS_COUNT; i++) {
		struct total *total = &request->totals[i];

		if (!read_total(tx, kinds[i].kind, total, err) || !db_ask_int(tx, kinds[i].more, DB_ARGS(DB_INT(total->up_to_id)), &id, &found, err))
			return false;
		request->more = request->more || found;
	}
	return true;
}

static bool sum_slice(struct db_tx *tx, const char *sql, int64_t after, struct total *fresh, struct error *err)
{
	struct error failed = {0};
	cleanup_query struct db_query *query = db_query(tx, sql, DB_ARGS(DB_INT(after), DB_INT(SLICE)), err);

	if (!query)
		return false;
	if (db_next(query, &failed))
		*fresh = (struct total){.count = db_int(query, 0), .bytes = db_int(query, 1), .up_to_id = db_int(query, 2)};
	return failed.kind == ERROR_NONE || error_move(err, &failed);
}

static bool add_slices(struct db_tx *tx, void *argument, struct error *err)
{
	(void)argument;
	for (size_t i = 0; i < KINDS_COUNT; i++) {
		struct total total = {0}, fresh = {0};

		if (!read_total(tx, kinds[i].kind, &total, err) || !sum_slice(tx, kinds[i].sum, total.up_to_id, &fresh, err))
			return false;
		if (fresh.count &&
			!db_run(tx, "UPDATE totals SET up_to_id = $1, count = count + $2, bytes = bytes + $3 WHERE kind = $4",
				DB_ARGS(DB_INT(fresh.up_to_id), DB_INT(fresh.count), DB_INT(fresh.bytes), DB_TEXT(str_of(kinds[i].kind))), err))
			return false;
	}
	return true;
}

bool catalog_totals(struct catalog *catalog, struct catalog_totals *out, bool *complete, struct error *err)
{
	struct totals_request request = {0};

	if (!db_read(catalog->db, read_totals, &request, err))
		return false;
	if (request.more && (!db_change(catalog->db, add_slices, NULL, err) || !db_read(catalog->db, read_totals, &request, err)))
		return false;
	*complete = !request.more;
	*out = (struct catalog_totals){
		.blobs = request.totals[BLOBS].count,
		.blob_bytes = request.totals[BLOBS].bytes,
		.manifests = request.totals[MANIFESTS].count,
		.repositories = request.totals[REPOSITORIES].count,
	};
	return true;
}

bool totals_take_manifest(struct db_tx *tx, int64_t manifest_id, struct error *err)
{
	return db_run(tx,
		"UPDATE totals SET count = count - 1, bytes = bytes - (SELECT size FROM manifests WHERE id = $1) WHERE kind = 'manifests' AND "
		"up_to_id >= $1",
		DB_ARGS(DB_INT(manifest_id)), err);
}
