#include "local/partial_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"

#define DAY_US (24LL * 3600 * 1000000)
#define KEPT_US (7 * DAY_US)
#define UPLOADS "uploads"

struct partial {
	const struct digest *blob;
	const char *name; /* to be kept */
	char *found;      /* owned: the name that was kept, or NULL */
};

static bool keep_in(struct db_tx *tx, void *argument, struct error *err)
{
	struct partial *partial = argument;
	char blob[DIGEST_TEXT_MAX];

	return db_run(tx, "INSERT INTO partials (blob, name, kept_at) VALUES ($1, $2, $3) ON CONFLICT (blob) DO UPDATE SET name = $2, kept_at = $3",
		DB_ARGS(DB_TEXT(digest_text(partial->blob, blob)), DB_TEXT(str_of(partial->name)), DB_INT(clock_now_us())), err);
}

bool partial_keep(struct local *local, struct blob_writer *writer, const struct digest *blob, struct error *err)
{
	struct partial partial = {.blob = blob, .name = blob_writer_name(writer)};

	return blob_writer_keep(writer, err) && db_change(local->db, keep_in, &partial, err);
}

static bool find_in(struct db_tx *tx, void *argument, struct error *err)
{
	struct partial *partial = argument;
	cleanup_error struct error why = {0};
	char blob[DIGEST_TEXT_MAX];
	cleanup_query struct db_query *query =
		db_query(tx, "SELECT name FROM partials WHERE blob = $1", DB_ARGS(DB_TEXT(digest_text(partial->blob, blob))), err);

	if (!query)
		return false;
	if (db_next(query, &why))
		partial->found = str_dup(db_text(query, 0));
	return why.kind == ERROR_NONE || error_move(err, &why);
}

static bool forget_in(struct db_tx *tx, void *argument, struct error *err)
{
	struct partial *partial = argument;
	char blob[DIGEST_TEXT_MAX];

	return db_run(tx, "DELETE FROM partials WHERE blob = $1", DB_ARGS(DB_TEXT(digest_text(partial->blob, blob))), err);
}

bool partial_forget(struct local *local, const struct digest *blob, struct error *err)
{
	struct partial partial = {.blob = blob};
	bool done = db_read(local->db, find_in, &partial, err);

	if (done && partial.found) {
		cleanup_free char *path = mem_printf(UPLOADS "/%s", partial.found);

		done = db_change(local->db, forget_in, &partial, err);
		if (done && unlinkat(local->folder_fd, path, 0) < 0 && errno != ENOENT)
			done = error_set_errno(err, errno, "remove %s/%s", local->folder, path);
	}
	free(partial.found);
	return done;
}

bool partial_resume(struct local *local, const struct digest *blob, struct layer_in *in, const atomic_bool *cancel, bool *resumed, struct error *err)
{
	struct partial partial = {.blob = blob};
	cleanup_error struct error why = {0};
	cleanup_free char *name = NULL, *path = NULL;
	struct blob_writer *writer = NULL;
	cleanup_fd int fd = -1;

	*resumed = false;
	if (!db_read(local->db, find_in, &partial, err) || !partial.found)
		return err->kind == ERROR_NONE;
	name = partial.found;
	path = mem_printf(UPLOADS "/%s", name);
	fd = file_open(local->folder_fd, path, O_RDONLY, 0, &why);
	if (fd < 0 || !blob_writer_resume(&writer, local->blobs, str_of(name), DIGEST_SHA256, &why))
		return why.kind == ERROR_NOT_FOUND ? partial_forget(local, blob, err) : error_move(err, &why);
	*resumed = true;
	return layer_in_resume(in, writer, fd, cancel, err);
}

/* ---- sweeping ---- */

struct old {
	int64_t before_us;
	struct buf names; /* of files that a row keeps, each between newlines */
};

static bool old_in(struct db_tx *tx, void *argument, struct error *err)
{
	struct old *old = argument;

	return db_run(tx, "DELETE FROM partials WHERE kept_at < $1", DB_ARGS(DB_INT(old->before_us)), err);
}

static bool names_in(struct db_tx *tx, void *argument, struct error *err)
{
	struct old *old = argument;
	cleanup_query struct db_query *query = db_query(tx, "SELECT name FROM partials", DB_NONE, err);
	cleanup_error struct error why = {0};

	if (!query)
		return false;
	buf_add_char(&old->names, '\n');
	while (db_next(query, &why)) {
		buf_add_str(&old->names, db_text(query, 0));
		buf_add_char(&old->names, '\n');
	}
	return why.kind == ERROR_NONE || error_move(err, &why);
}

/* No writer leaves its file alone for a day: its connection would have been given up long before. */
static void upload_judge(const struct old *old, int folder_fd, const char *name)
{
	cleanup_free char *line = mem_printf("\n%s\n", name);
	struct stat stat;

	if (name[0] == '.' || strstr(old->names.data, line) || fstatat(folder_fd, name, &stat, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(stat.st_mode))
		return;
	if ((int64_t)stat.st_mtim.tv_sec * 1000000 < clock_now_us() - DAY_US)
		unlinkat(folder_fd, name, 0);
}

bool partials_sweep(struct local *local, struct error *err)
{
	struct old old = {.before_us = clock_now_us() - KEPT_US};
	cleanup_fd int fd = -1;
	bool done = true;
	DIR *folder;

	fd = folder_open(local->folder_fd, UPLOADS, err);
	folder = fd < 0 ? NULL : fdopendir(dup(fd));
	if (!folder)
		return fd < 0 ? false : error_set_errno(err, errno, "read %s/" UPLOADS, local->folder);
	/* An empty folder, which is the rule, costs no look at the rows. */
	for (struct dirent *entry = readdir(folder); entry && done; entry = readdir(folder)) {
		if (entry->d_name[0] == '.')
			continue;
		if (!old.names.data)
			done = db_change(local->db, old_in, &old, err) && db_read(local->db, names_in, &old, err);
		if (done)
			upload_judge(&old, fd, entry->d_name);
	}
	closedir(folder);
	buf_free(&old.names);
	return done;
}
