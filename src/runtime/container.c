/* Rows of containers, and what their folders say. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "oci/digest.h"
#include "runtime/runtime_internal.h"

bool runtime_open(struct runtime **out, const char *home, struct db *db, struct error *err)
{
	cleanup_free char *absolute = realpath(home, NULL);
	struct runtime *runtime;

	if (!absolute)
		return error_set_errno(err, errno, "%s", home);
	runtime = mem_alloc(1, sizeof *runtime);
	*runtime = (struct runtime){.home = str_dup(str_of(absolute)), .folder = mem_printf("%s/containers", absolute), .folder_fd = -1, .db = db};
	if (folder_make(runtime->folder, 0700, err) && (runtime->folder_fd = folder_open(AT_FDCWD, runtime->folder, err)) >= 0) {
		*out = runtime;
		return true;
	}
	runtime_close(runtime);
	return false;
}

void runtime_close(struct runtime *runtime)
{
	if (!runtime)
		return;
	file_cleanup(&runtime->folder_fd);
	free(runtime->folder);
	free(runtime->home);
	free(runtime);
}

void container_free(struct container *container)
{
	free(container->name);
	free(container->image_name);
	settings_free(&container->settings);
	port_specs_free(&container->network.ports);
	*container = (struct container){0};
}

void containers_free(struct container *containers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		container_free(&containers[i]);
	free(containers);
}

int container_folder_open(struct runtime *runtime, const char *id, struct error *err)
{
	return folder_open(runtime->folder_fd, id, err);
}

char *container_folder_path(const struct runtime *runtime, const char *id)
{
	return mem_printf("%s/%s", runtime->folder, id);
}

/* ---- rows ---- */

#define COLUMNS "id, name, image, image_name, created_at, settings"

static bool read_row(struct db_query *query, struct container *out, struct error *err)
{
	struct str id = db_text(query, 0);

	*out = (struct container){0};
	if (id.len != CONTAINER_ID_LENGTH)
		return error_set(err, ERROR_CORRUPT, "a container's row has a malformed ID");
	memcpy(out->id, id.data, id.len);
	out->name = str_dup(db_text(query, 1));
	out->image_name = str_dup(db_text(query, 3));
	out->created_at_us = db_int(query, 4);
	return digest_parse(&out->image, db_text(query, 2), err) && settings_parse(&out->settings, db_text(query, 5), err);
}

struct find {
	const char *wanted;
	struct container *out;
};

/* The name wins over the ID, a whole ID over a prefix: as docker. */
static bool find_row(struct db_tx *tx, void *argument, struct error *err)
{
	struct find *find = argument;
	const char *name = find->wanted[0] == '/' ? find->wanted + 1 : find->wanted;
	cleanup_free char *after = mem_printf("%sg", name);
	struct db_query *query cleanup_query =
		db_query(tx, "SELECT " COLUMNS " FROM containers WHERE name = $1", DB_ARGS(DB_TEXT(str_of(name))), err);

	if (!query)
		return false;
	if (db_next(query, err))
		return read_row(query, find->out, err);
	db_query_end(query);
	/* Every ID that begins so: "g" is behind the last digit. */
	query = db_query(tx, "SELECT " COLUMNS " FROM containers WHERE id >= $1 AND id < $2 ORDER BY id LIMIT 2",
		DB_ARGS(DB_TEXT(str_of(name)), DB_TEXT(str_of(after))), err);
	if (!query || name[0] == '\0' || !db_next(query, err)) {
		return (err && err->kind) ? false : error_set(err, ERROR_NOT_FOUND, "No such container: %s", find->wanted);
	}
	if (!read_row(query, find->out, err))
		return false;
	if (db_next(query, err))
		return error_set(err, ERROR_NOT_FOUND, "multiple IDs found with provided prefix: %s", find->wanted);
	return true;
}

bool container_find(struct runtime *runtime, const char *name_or_id, struct container *out, struct error *err)
{
	struct find find = {name_or_id, out};
	struct error problem = {0};

	*out = (struct container){0};
	if (!db_read(runtime->db, find_row, &find, &problem)) {
		container_free(out);
		return error_move(err, &problem);
	}
	cleanup_fd int folder = container_folder_open(runtime, out->id, NULL);
	if (folder >= 0)
		container_read_state(out, folder);
	return true;
}

struct list {
	struct container *items;
	size_t count, capacity;
};

static bool list_rows(struct db_tx *tx, void *argument, struct error *err)
{
	struct list *list = argument;
	struct error problem = {0};
	struct db_query *query cleanup_query = db_query(tx, "SELECT " COLUMNS " FROM containers ORDER BY created_at DESC, id", DB_NONE, err);

	while (query && db_next(query, &problem)) {
		list->items = mem_grow(list->items, list->count, &list->capacity, sizeof *list->items);
		if (!read_row(query, &list->items[list->count++], &problem))
			break;
	}
	return query && (problem.kind == ERROR_NONE || error_move(err, &problem));
}

bool containers_list(struct runtime *runtime, struct container **out, size_t *count, struct error *err)
{
	struct list list = {0};

	if (!db_read(runtime->db, list_rows, &list, err)) {
		containers_free(list.items, list.count);
		return false;
	}
	for (size_t i = 0; i < list.count; i++) {
		cleanup_fd int folder = container_folder_open(runtime, list.items[i].id, NULL);
		if (folder >= 0)
			container_read_state(&list.items[i], folder);
	}
	*out = list.items;
	*count = list.count;
	return true;
}

static bool forget_rows(struct db_tx *tx, void *argument, struct error *err)
{
	const char *id = argument;

	return db_run(tx, "DELETE FROM containers WHERE id = $1", DB_ARGS(DB_TEXT(str_of(id))), err) && local_release(tx, id, err);
}

bool container_forget(struct runtime *runtime, const char *id, bool throw_away, struct error *err)
{
	return (throw_away ? db_change_volatile : db_change)(runtime->db, forget_rows, (void *)id, err);
}
