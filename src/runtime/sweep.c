/*
 * What a crash left, at any step of a container's life. Its starter holds a lock until its program runs (the mark "started" is set then), conmon
 * holds one while it runs: the kernel lets both go. So a container without a starter is at rest, runs, or is a leftover.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/clock.h"
#include "runtime/network.h"
#include "runtime/runtime_internal.h"

#define END_WAIT_MS 10000
#define END_TRY_MS 100

/* What its row and its folder say, without a lock: most of them need no more than this look. */
static bool is_at_rest(const struct container_row *row, int folder, const char *id)
{
	if (!row->there)
		return false;
	if (container_was_started(folder) && container_lives(folder, id))
		return true;
	/* Created, or ended and tidied up. */
	return !row->throw_away && faccessat(folder, "network.json", F_OK, 0) < 0;
}

/* Does the program of a container run that nobody marked as started? Its starter may have died between the start and the mark. */
static bool runs_unmarked(const char *id)
{
	cleanup_buf struct buf said = {0};
	json_t *state = NULL;

	if (oci_runtime_run((const char *const[]){"state", NULL}, id, &said, NULL))
		state = json_loadb(said.data, said.len, 0, NULL);
	const char *status = json_string_value(json_object_get(state, "status"));
	bool runs = status && strcmp(status, "running") == 0;
	json_decref(state);
	return runs;
}

/*
 * One that stands and waits to be started, which nobody will do; or is just being created, so it may take more than one try. Its exit command wants
 * the folder's lock: we do not hold it here.
 */
static bool end_created(int folder, const char *id)
{
	int64_t deadline = clock_monotonic_us() + END_WAIT_MS * 1000LL;

	do {
		oci_runtime_run((const char *const[]){"delete", "--force", NULL}, id, NULL, NULL);
		if (container_wait_for_end(folder, id, END_TRY_MS))
			return true;
	} while (clock_monotonic_us() < deadline);
	return false;
}

/* Its starter's lock; -1 when somebody is making, starting or settling it. Who makes one holds the gate until he has the lock. */
static int take_over(struct runtime *runtime, int folder)
{
	cleanup_fd int gate = folder_open(runtime->folder_fd, ".", NULL);

	return gate >= 0 && file_lock(gate, true, false, NULL) ? starter_lock(folder, NULL) : -1;
}

static void settle(struct runtime *runtime, int folder, const char *id)
{
	struct container_row row = {.id = id};
	bool was_created = false;
	cleanup_fd int starter = take_over(runtime, folder);

	if (starter < 0)
		return;
	if (container_lives(folder, id) && !container_was_started(folder)) {
		if (runs_unmarked(id)) {
			container_mark_started(folder, NULL);
			return;
		}
		was_created = true;
		if (!end_created(folder, id))
			return;
	}
	if (container_lives(folder, id))
		return;
	/* While we waited, or just now, its own end may have been at work: whoever is second finds nothing to do. */
	cleanup_fd int locked = container_folder_lock(runtime, id, was_created, NULL);
	if (locked < 0 || !db_read(runtime->db, container_row_ask, &row, NULL))
		return;
	if (!container_was_started(locked))
		network_forget(id);
	if (!is_at_rest(&row, locked, id))
		container_finish(runtime, id, locked, was_created, NULL);
	if (was_created)
		container_forget_last_run(locked, id);
}

void container_settle(struct runtime *runtime, const char *id)
{
	struct container_row row = {.id = id};
	cleanup_fd int folder = container_folder_open(runtime, id, NULL);

	if (folder >= 0 && db_read(runtime->db, container_row_ask, &row, NULL) && !is_at_rest(&row, folder, id))
		settle(runtime, folder, id);
}

struct known {
	char id[CONTAINER_ID_LENGTH + 1];
	bool throw_away;
};

struct rows {
	struct known *items; /* owned; by ID */
	size_t count, capacity;
};

static bool list_rows(struct db_tx *tx, void *argument, struct error *err)
{
	struct rows *rows = argument;
	struct error problem = {0};
	struct db_query *query cleanup_query = db_query(tx, "SELECT id, settings FROM containers ORDER BY id", DB_NONE, err);

	while (query && db_next(query, &problem)) {
		struct settings settings = {0};
		struct str id = db_text(query, 0);

		rows->items = mem_grow(rows->items, rows->count, &rows->capacity, sizeof *rows->items);
		struct known *known = &rows->items[rows->count];
		*known = (struct known){0};
		if (id.len == CONTAINER_ID_LENGTH && settings_parse(&settings, db_text(query, 1), NULL)) {
			memcpy(known->id, id.data, id.len);
			known->throw_away = settings.remove;
			rows->count++;
		}
		settings_free(&settings);
	}
	return query && (problem.kind == ERROR_NONE || error_move(err, &problem));
}

static int compare_ids(const void *a, const void *b)
{
	return strcmp(((const struct known *)a)->id, ((const struct known *)b)->id);
}

static bool is_id(const char *name)
{
	return strlen(name) == CONTAINER_ID_LENGTH && strspn(name, "0123456789abcdef") == CONTAINER_ID_LENGTH;
}

static void sweep_folders(struct runtime *runtime, DIR *list, const struct rows *rows)
{
	struct dirent *entry;

	while ((entry = readdir(list))) {
		struct known wanted = {0};

		if (!is_id(entry->d_name))
			continue;
		memcpy(wanted.id, entry->d_name, sizeof wanted.id);
		const struct known *known = rows->count ? bsearch(&wanted, rows->items, rows->count, sizeof wanted, compare_ids) : NULL;
		struct container_row row = {wanted.id, known != NULL, known && known->throw_away};
		cleanup_fd int folder = container_folder_open(runtime, wanted.id, NULL);
		/* One that is not known may have been made after the rows were read: settle asks for its row again. */
		if (folder >= 0 && !is_at_rest(&row, folder, wanted.id))
			settle(runtime, folder, wanted.id);
	}
}

void containers_sweep(struct runtime *runtime)
{
	struct rows rows = {0};
	int again = fcntl(runtime->folder_fd, F_DUPFD_CLOEXEC, 0);
	DIR *list = again < 0 ? NULL : fdopendir(again);

	if (!list)
		file_cleanup(&again);
	if (list && db_read(runtime->db, list_rows, &rows, NULL)) {
		rewinddir(list);
		sweep_folders(runtime, list, &rows);
		/* After a power cut a row that was not durable may be back, or its folder may never have come to the disk. */
		for (size_t i = 0; i < rows.count; i++)
			if (rows.items[i].throw_away && faccessat(runtime->folder_fd, rows.items[i].id, F_OK, 0) < 0)
				container_forget(runtime, rows.items[i].id, true, NULL);
	}
	free(rows.items);
	if (list)
		closedir(list);
}
