/* What uploads/ and its table have without each other, or too old: brought together at the start, and looked at while it serves. */
#include <stdlib.h>
#include <uthash.h>

#include "base/log.h"
#include "base/mem.h"
#include "registry/distribution/upload_sessions_internal.h"

struct row {
	UT_hash_handle hh;
	char *name;
	bool has_file;
	bool goes_on; /* its file is there, and not too old */
};

struct sweep {
	struct upload_sessions *sessions;
	struct row *rows;
	int64_t written_before_us;
	bool at_start;
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
	if (row) {
		row->has_file = true;
		row->goes_on = written_at_us >= sweep->written_before_us;
	} else if (!sweep->at_start) {
		return; /* somebody is writing it */
	} else if (blob_upload_remove(sweep->sessions->store, name, &err)) {
		sweep->removed_count++;
	} else {
		log_warning("a leftover upload stays: %s", error_text(&err));
	}
}

/* Rows without a file go together; an upload that has one goes as a session does, since a request may be about to take it. */
static bool end_rows(struct sweep *sweep, size_t *ended, struct error *err)
{
	cleanup_free struct str *names = mem_alloc(HASH_COUNT(sweep->rows) + 1, sizeof *names);
	struct row *row, *next;
	size_t count = 0;

	HASH_ITER (hh, sweep->rows, row, next) {
		if (row->goes_on)
			continue;
		if (sweep->at_start && !row->has_file)
			names[count++] = str_of(row->name);
		else if (upload_session_expire(sweep->sessions, str_of(row->name)))
			*ended += row->has_file;
	}
	if (count || sweep->removed_count)
		log_info("removed %zu files and %zu rows of uploads that cannot go on", sweep->removed_count, count);
	return !count || catalog_uploads_forget(sweep->sessions->catalog, names, count, err);
}

bool upload_sessions_sweep(struct upload_sessions *sessions, int64_t written_before_us, bool at_start, size_t *ended, struct error *err)
{
	struct sweep sweep = {.sessions = sessions, .written_before_us = written_before_us, .at_start = at_start};
	struct row *row, *next;

	*ended = 0;
	bool swept = catalog_uploads(sessions->catalog, add_row, &sweep, err) && blob_uploads_each(sessions->store, judge_file, &sweep, err) &&
		     end_rows(&sweep, ended, err);
	HASH_ITER (hh, sweep.rows, row, next) {
		HASH_DEL(sweep.rows, row);
		free(row->name);
		free(row);
	}
	return swept;
}
