/*
 * Taking away what nothing names any more: first the rows, in the change of whoever removed the last name, then the files, under the exclusive
 * store.lock so that no pull puts the same content back in between.
 */
#include "local/sweep_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"

/* Content without an image is kept so long: it is what an interrupted pull has already fetched. */
#define UNNAMED_KEPT_US (24LL * 3600 * 1000000)

void sweep_free(struct sweep *sweep)
{
	free(sweep->layers);
	free(sweep->blobs);
	*sweep = (struct sweep){0};
}

bool sweep_blob(struct sweep *sweep, struct db_tx *tx, struct str digest, struct error *err)
{
	struct digest parsed;
	int64_t one;
	bool found, was_file = false;

	if (!digest_parse(&parsed, digest, err) ||
		!db_ask_int(tx,
			"SELECT 1 WHERE EXISTS (SELECT 1 FROM images WHERE id = $1) OR EXISTS (SELECT 1 FROM images WHERE manifest = $1) OR "
			"EXISTS (SELECT 1 FROM image_layers WHERE blob = $1) OR EXISTS (SELECT 1 FROM layers WHERE blob = $1)",
			DB_ARGS(DB_TEXT(digest)), &one, &found, err))
		return false;
	if (found)
		return true;
	if (!blob_forget(tx, &parsed, &was_file, err) || !db_run(tx, "DELETE FROM blob_sources WHERE blob = $1", DB_ARGS(DB_TEXT(digest)), err))
		return false;
	if (was_file) {
		sweep->blobs = mem_grow(sweep->blobs, sweep->blobs_count, &sweep->blobs_capacity, sizeof *sweep->blobs);
		sweep->blobs[sweep->blobs_count++] = parsed;
	}
	return true;
}

bool sweep_layer(struct sweep *sweep, struct db_tx *tx, struct str diff_id, struct error *err)
{
	struct digest parsed;

	if (!digest_parse(&parsed, diff_id, err) ||
		!db_run(tx, "DELETE FROM layers WHERE diff_id = $1 AND NOT EXISTS (SELECT 1 FROM image_layers WHERE diff_id = $1)",
			DB_ARGS(DB_TEXT(diff_id)), err))
		return false;
	if (db_changed(tx) > 0) {
		sweep->layers = mem_grow(sweep->layers, sweep->layers_count, &sweep->layers_capacity, sizeof *sweep->layers);
		sweep->layers[sweep->layers_count++] = parsed;
	}
	return true;
}

bool sweep_files(struct sweep *sweep, struct local *local, int *lock, struct error *err)
{
	cleanup_staging struct staging trash = {.fd = -1};
	bool done = true;

	if (sweep->layers_count > 0 && !staging_begin(&trash, local, err))
		return false;
	for (size_t i = 0; i < sweep->layers_count && done; i++) {
		cleanup_free char *folder = layer_folder(local, &sweep->layers[i]), *aside = mem_printf("%s/%zu", trash.path, i);

		if (rename(folder, aside) < 0 && errno != ENOENT)
			done = error_set_errno(err, errno, "move %s away", folder);
	}
	for (size_t i = 0; i < sweep->blobs_count && done; i++)
		done = blob_file_remove(local->blobs, &sweep->blobs[i], err);
	file_cleanup(lock);
	/* The trees themselves go with the trash, after the lock: nobody has to wait for that. */
	return done;
}

/* ---- what nobody came back for ---- */

struct unnamed {
	struct sweep sweep;
	int64_t before_us;
};

/* Calls one for each text of a one-column query, after reading them all: the calls change what the query reads. */
static bool texts_each(struct db_tx *tx, const char *sql, int64_t before_us, struct sweep *sweep,
	bool (*one)(struct sweep *, struct db_tx *, struct str, struct error *), struct error *err)
{
	cleanup_error struct error why = {0};
	cleanup_buf struct buf texts = {0};
	struct db_query *query = db_query(tx, sql, DB_ARGS(DB_INT(before_us)), err);
	struct str rest, line;

	if (!query)
		return false;
	while (db_next(query, &why)) {
		buf_add_str(&texts, db_text(query, 0));
		buf_add_char(&texts, '\n');
	}
	db_query_end(query);
	if (why.kind != ERROR_NONE)
		return error_move(err, &why);
	rest = buf_str(&texts);
	while (str_cut(rest, '\n', &line, &rest)) {
		if (!one(sweep, tx, line, err))
			return false;
	}
	return true;
}

static bool unnamed_in(struct db_tx *tx, void *argument, struct error *err)
{
	struct unnamed *unnamed = argument;

	/* A change may be run twice. */
	sweep_free(&unnamed->sweep);
	return texts_each(tx,
		       "SELECT diff_id FROM layers WHERE used_at < $1 AND NOT EXISTS (SELECT 1 FROM image_layers i WHERE i.diff_id = layers.diff_id)",
		       unnamed->before_us, &unnamed->sweep, sweep_layer, err) &&
	       texts_each(tx,
		       "SELECT digest FROM blobs WHERE created_at < $1 AND NOT EXISTS (SELECT 1 FROM images WHERE id = digest) AND "
		       "NOT EXISTS (SELECT 1 FROM images WHERE manifest = digest) AND NOT EXISTS (SELECT 1 FROM image_layers WHERE blob = digest) "
		       "AND "
		       "NOT EXISTS (SELECT 1 FROM layers WHERE blob = digest)",
		       unnamed->before_us, &unnamed->sweep, sweep_blob, err);
}

static bool unnamed_ask(struct db_tx *tx, void *argument, struct error *err)
{
	struct unnamed *unnamed = argument;
	int64_t one;
	bool found;

	if (!db_ask_int(tx,
		    "SELECT 1 WHERE EXISTS (SELECT 1 FROM layers WHERE used_at < $1 AND "
		    "NOT EXISTS (SELECT 1 FROM image_layers i WHERE i.diff_id = layers.diff_id))",
		    DB_ARGS(DB_INT(unnamed->before_us)), &one, &found, err))
		return false;
	return found || error_set(err, ERROR_NOT_FOUND, "nothing to sweep");
}

bool sweep_unnamed(struct local *local, struct error *err)
{
	struct unnamed unnamed = {.before_us = clock_now_us() - UNNAMED_KEPT_US};
	cleanup_error struct error why = {0};
	cleanup_fd int lock = -1;
	bool done;

	if (!staging_clean(local, err))
		return false;
	if (!db_read(local->db, unnamed_ask, &unnamed, &why))
		return why.kind == ERROR_NOT_FOUND || error_move(err, &why);
	lock = local_lock(local, true, err);
	done = lock >= 0 && db_change(local->db, unnamed_in, &unnamed, err) && sweep_files(&unnamed.sweep, local, &lock, err);
	sweep_free(&unnamed.sweep);
	return done;
}
