/* A new container: a folder, then the rows. A crash between the two leaves a folder that nobody names; the sweep removes it. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/random.h"
#include "runtime/names.h"
#include "runtime/runtime_internal.h"

#define RANDOM_NAME_TRIES 6

struct insert {
	const struct container_create *create;
	const char *id, *settings;
	int64_t now_us;
	char *name;   /* owned: the one that it got */
	char *holder; /* owned: who has the wanted name */
};

static bool name_holder(struct db_tx *tx, const char *name, char **holder, struct error *err)
{
	struct error problem = {0};
	struct db_query *query cleanup_query = db_query(tx, "SELECT id FROM containers WHERE name = $1", DB_ARGS(DB_TEXT(str_of(name))), err);

	if (!query)
		return false;
	if (db_next(query, &problem))
		*holder = str_dup(db_text(query, 0));
	return problem.kind == ERROR_NONE || error_move(err, &problem);
}

/* May be run twice: what it found the first time is forgotten. */
static bool insert_rows(struct db_tx *tx, void *argument, struct error *err)
{
	struct insert *insert = argument;
	char image[DIGEST_TEXT_MAX];

	digest_format(&insert->create->image->id, image);
	for (unsigned int attempt = 0; attempt <= RANDOM_NAME_TRIES; attempt++) {
		mem_free_pointer(&insert->name);
		mem_free_pointer(&insert->holder);
		insert->holder = NULL;
		if (insert->create->name)
			insert->name = str_dup(str_of(insert->create->name));
		else if (attempt < RANDOM_NAME_TRIES)
			insert->name = container_name_random(attempt);
		else
			insert->name = str_dup(str_make(insert->id, CONTAINER_SHORT_ID_LENGTH));
		if (!name_holder(tx, insert->name, &insert->holder, err))
			return false;
		if (!insert->holder)
			break;
		if (insert->create->name)
			return error_set(err, ERROR_CONFLICT,
				"Conflict. The container name \"/%s\" is already in use by container \"%s\". You have to remove (or rename) that "
				"container to "
				"be able to reuse that name.",
				insert->name, insert->holder);
	}
	return local_hold(tx, &insert->create->image->id, insert->id, err) &&
	       db_run(tx, "INSERT INTO containers (id, name, image, image_name, created_at, settings) VALUES ($1, $2, $3, $4, $5, $6)",
		       DB_ARGS(DB_TEXT(str_of(insert->id)), DB_TEXT(str_of(insert->name)), DB_TEXT(str_of(image)),
			       DB_TEXT(str_of(insert->create->image_name)), DB_INT(insert->now_us), DB_TEXT(str_of(insert->settings))),
		       err);
}

/* The folder, and the starter's lock in it: what a sweep finds without a row or a starter is a leftover. */
static bool make_folder(struct runtime *runtime, const char *id, int *starter, struct error *err)
{
	static const char *const names[] = {"upper", "work", "rootfs", "exit", "volumes"};
	cleanup_fd int gate = folder_open(runtime->folder_fd, ".", err);

	if (gate < 0 || !file_lock(gate, false, true, err))
		return false;
	if (mkdirat(runtime->folder_fd, id, 0700) < 0)
		return error_set_errno(err, errno, "make the container's folder");
	cleanup_fd int folder = container_folder_open(runtime, id, err);
	if (folder < 0 || (*starter = starter_lock(folder, err)) < 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (mkdirat(folder, names[i], 0755) < 0)
			return error_set_errno(err, errno, "make the container's folder");
	return true;
}

bool container_create(struct runtime *runtime, const struct container_create *create, struct container *out, int *starter, struct error *err)
{
	struct insert insert = {.create = create, .now_us = clock_now_us()};

	*out = (struct container){0};
	*starter = -1;
	if (create->name && !container_name_valid(str_of(create->name[0] == '/' ? create->name + 1 : create->name)))
		return error_set(err, ERROR_INVALID, "Invalid container name (%s), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed", create->name);
	struct container_create wanted = *create;
	if (wanted.name && wanted.name[0] == '/')
		wanted.name++;
	insert.create = &wanted;
	cleanup_free char *settings = settings_format(create->settings);
	if (!settings)
		return error_set(err, ERROR_INVALID, "an argument or variable is not valid UTF-8");
	random_hex(out->id, CONTAINER_ID_LENGTH);
	insert.id = out->id;
	insert.settings = settings;
	/* A throw-away container is worth nothing after a power cut. */
	bool done = make_folder(runtime, out->id, starter, err) &&
		    (create->settings->remove ? db_change_volatile : db_change)(runtime->db, insert_rows, &insert, err);
	if (done) {
		out->name = insert.name;
		out->image_name = str_dup(str_of(create->image_name));
		out->image = create->image->id;
		out->created_at_us = insert.now_us;
		done = settings_parse(&out->settings, str_of(settings), err);
	} else {
		mem_free_pointer(&insert.name);
		folder_remove(runtime->folder_fd, out->id, NULL);
		file_cleanup(starter);
	}
	mem_free_pointer(&insert.holder);
	if (!done)
		container_free(out);
	return done;
}
