#include "local/layer_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"

/* By then the kernel has written most of it by itself (vm.dirty_expire_centisecs is 30 s), so that syncing is quick. */
#define SETTLE_US (60LL * 1000000)

bool layer_known(struct local *local, struct db_tx *tx, const struct digest *diff_id, const struct digest *blob, bool *known, struct error *err)
{
	char id[DIGEST_TEXT_MAX], blob_text[DIGEST_TEXT_MAX] = "";
	int64_t one;

	digest_format(diff_id, id);
	if (blob)
		digest_format(blob, blob_text);
	return db_ask_int(tx,
		"SELECT 1 FROM layers WHERE diff_id = $1 AND (boot_id = '' OR boot_id = $2) AND "
		"($3 = '' OR blob = $3 OR EXISTS (SELECT 1 FROM image_layers i WHERE i.diff_id = $1 AND i.blob = $3))",
		DB_ARGS(DB_TEXT(str_of(id)), DB_TEXT(str_of(local->boot_id)), DB_TEXT(str_of(blob_text))), &one, known, err);
}

bool layer_source_add(struct db_tx *tx, const struct digest *blob, const struct reference *source, struct error *err)
{
	char text[DIGEST_TEXT_MAX];

	return db_run(tx, "INSERT INTO blob_sources (blob, domain, path) VALUES ($1, $2, $3) ON CONFLICT (blob, domain, path) DO NOTHING",
		DB_ARGS(DB_TEXT(digest_text(blob, text)), DB_TEXT(str_of(source->domain)), DB_TEXT(str_of(source->path))), err);
}

/* ---- giving it its place ---- */

struct commit {
	struct local *local;
	const struct layer_made *made;
};

static bool commit_in(struct db_tx *tx, void *argument, struct error *err)
{
	struct commit *commit = argument;
	const struct layer_made *made = commit->made;
	char diff_id[DIGEST_TEXT_MAX], blob[DIGEST_TEXT_MAX];
	int64_t id;

	digest_format(&made->diff_id, diff_id);
	digest_format(&made->blob, blob);
	if (made->writer && !blob_add(tx, made->writer, &id, err))
		return false;
	if (made->source && !layer_source_add(tx, &made->blob, made->source, err))
		return false;
	return db_run(tx,
		"INSERT INTO layers (diff_id, blob, size, boot_id, used_at) VALUES ($1, $2, $3, $4, $5) "
		"ON CONFLICT (diff_id) DO UPDATE SET blob = $2, size = $3, boot_id = $4, used_at = $5",
		DB_ARGS(DB_TEXT(str_of(diff_id)), DB_TEXT(str_of(blob)), DB_INT(made->size_bytes), DB_TEXT(str_of(commit->local->boot_id)),
			DB_INT(clock_now_us())),
		err);
}

struct known {
	struct local *local;
	const struct digest *diff_id;
	bool known;
};

static bool known_in(struct db_tx *tx, void *argument, struct error *err)
{
	struct known *known = argument;

	return layer_known(known->local, tx, known->diff_id, NULL, &known->known, err);
}

/*
 * Renames the folder to where the layer belongs. What stands there already is kept when a row vouches for it: it may be mounted, and has the same
 * content. Else it is a leftover, perhaps of a power cut, and makes way.
 */
static bool folder_place(struct local *local, const struct layer_made *made, struct error *err)
{
	cleanup_free char *target = layer_folder(local, &made->diff_id), *aside = mem_printf("%s.old", made->folder);
	struct known known = {.local = local, .diff_id = &made->diff_id};

	if (!db_read(local->db, known_in, &known, err))
		return false;
	for (int attempt = 0; attempt < 3; attempt++) {
		if (renameat2(AT_FDCWD, made->folder, AT_FDCWD, target, RENAME_NOREPLACE) == 0)
			return true;
		if (errno != EEXIST && errno != ENOTEMPTY)
			return error_set_errno(err, errno, "move a layer to %s", target);
		if (known.known)
			return true;
		if (rename(target, aside) < 0 && errno != ENOENT)
			return error_set_errno(err, errno, "move %s away", target);
	}
	return error_set(err, ERROR_CONFLICT, "%s is being made by others", target);
}

bool layer_commit(struct local *local, const struct layer_made *made, struct error *err)
{
	cleanup_fd int lock = local_lock(local, false, err);
	struct commit commit = {.local = local, .made = made};

	return lock >= 0 && folder_place(local, made, err) && db_change(local->db, commit_in, &commit, err);
}

/* ---- one at a time ---- */

int layer_lock(struct local *local, const struct digest *blob, bool (*stop)(void *argument), void *argument, struct error *err)
{
	const struct timespec pause = {.tv_nsec = 50000000};
	struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
	int fd = file_open(local->folder_fd, "fetch.lock", O_RDWR | O_CREAT, 0600, err);
	uint64_t place = 0;

	if (fd < 0)
		return -1;
	/* One byte a blob; two that meet in it only wait for each other. */
	for (size_t i = 0; i < 7; i++)
		place = place << 8 | blob->hash[i];
	range.l_start = (off_t)place;
	/* Polled, since a wait in the kernel would not see the stop. */
	while (fcntl(fd, F_OFD_SETLK, &range) < 0) {
		if (errno != EAGAIN && errno != EACCES && errno != EINTR) {
			error_set_errno(err, errno, "lock fetch.lock");
			file_cleanup(&fd);
			return -1;
		}
		if (stop && stop(argument)) {
			error_set(err, ERROR_CANCELED, "canceled");
			file_cleanup(&fd);
			return -1;
		}
		nanosleep(&pause, NULL);
	}
	return fd;
}

/* ---- after a while ---- */

struct settle {
	struct local *local;
	int64_t before_us;
};

static bool settle_ask(struct db_tx *tx, void *argument, struct error *err)
{
	struct settle *settle = argument;
	int64_t one;
	bool found;

	if (!db_ask_int(tx, "SELECT 1 FROM layers WHERE boot_id = $1 AND used_at < $2 LIMIT 1",
		    DB_ARGS(DB_TEXT(str_of(settle->local->boot_id)), DB_INT(settle->before_us)), &one, &found, err))
		return false;
	return found || error_set(err, ERROR_NOT_FOUND, "nothing to settle");
}

static bool settle_in(struct db_tx *tx, void *argument, struct error *err)
{
	struct settle *settle = argument;

	return db_run(tx, "UPDATE layers SET boot_id = '' WHERE boot_id = $1 AND used_at < $2",
		DB_ARGS(DB_TEXT(str_of(settle->local->boot_id)), DB_INT(settle->before_us)), err);
}

bool layers_settle(struct local *local, struct error *err)
{
	struct settle settle = {.local = local, .before_us = clock_now_us() - SETTLE_US};
	cleanup_error struct error why = {0};

	if (!db_read(local->db, settle_ask, &settle, &why))
		return why.kind == ERROR_NOT_FOUND || error_move(err, &why);
	if (syncfs(local->folder_fd) < 0)
		return error_set_errno(err, errno, "sync %s", local->folder);
	return db_change(local->db, settle_in, &settle, err);
}
