/* What an earlier process left in uploads/ and in its table: brought together at the start, so that neither fills up. */
#include <stdlib.h>
#include <uthash.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "registry/distribution/upload_sessions.h"

#define UPLOAD_LIFETIME_US (7 * 24 * 3600 * INT64_C(1000000))

struct row {
	UT_hash_handle hh;
	char *name;
	bool goes_on; /* its file is there, and not too old */
};

struct sweep {
	struct blob_store *store;
	struct row *rows;
	int64_t oldest_us;
	size_t removed_count;
};

static void add_row(void *argument, struct str name)
{
	struct sweep *sweep = argument;
	struct row *row = mem_alloc(1, sizeof *row);

	row->name = str_dup(name);
	HASH_ADD_KEYPTR(hh, sweep->rows, row->name, name.len, row);
}

static void judge_file(void *argument, struct str name, int64_t written_at_us)
{
	struct sweep *sweep = argument;
	cleanup_error struct error err = {0};
	struct row *row;

	HASH_FIND(hh, sweep->rows, name.data, name.len, row);
	if (row && written_at_us >= sweep->oldest_us)
		row->goes_on = true;
	else if (blob_upload_remove(sweep->store, name, &err))
		sweep->removed_count++;
	else
		log_warning("a leftover upload stays: %s", error_text(&err));
}

static bool forget_rows(struct sweep *sweep, struct catalog *catalog, struct error *err)
{
	cleanup_free struct str *names = mem_alloc(HASH_COUNT(sweep->rows) + 1, sizeof *names);
	struct row *row, *next;
	size_t count = 0;

	HASH_ITER (hh, sweep->rows, row, next)
		if (!row->goes_on)
			names[count++] = str_of(row->name);
	if (count || sweep->removed_count)
		log_info("removed %zu files and %zu rows of uploads that cannot go on", sweep->removed_count, count);
	return !count || catalog_uploads_forget(catalog, names, count, err);
}

bool upload_sessions_sweep(struct catalog *catalog, struct blob_store *store, struct error *err)
{
	struct sweep sweep = {.store = store, .oldest_us = clock_now_us() - UPLOAD_LIFETIME_US};
	struct row *row, *next;

	bool swept = catalog_uploads(catalog, add_row, &sweep, err) && blob_uploads_each(store, judge_file, &sweep, err) &&
		     forget_rows(&sweep, catalog, err);
	HASH_ITER (hh, sweep.rows, row, next) {
		HASH_DEL(sweep.rows, row);
		free(row->name);
		free(row);
	}
	return swept;
}
