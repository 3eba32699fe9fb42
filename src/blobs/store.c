/* The folder, its layout, and content on its way out. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/mem.h"
#include "blobs/blobs_internal.h"

void blob_path(const struct digest *digest, char path[static BLOB_PATH_MAX])
{
	size_t size = digest_hash_size(digest->algorithm);

	hex_encode_lower(path, digest->hash, 1);
	path[2] = '/';
	hex_encode_lower(path + 3, digest->hash, size);
	path[3 + 2 * size] = '\0';
}

/*
 * Makes the 256 folders of an algorithm, and syncs them and those above into their parents, so that storing content needs no more than the sync of
 * one of them. "ff" is made last, after the syncs: where it is, all are there to stay, and opening waits for no disk.
 */
static bool make_prefixes(int folder_fd, int content_fd, int top_fd, struct error *err)
{
	struct stat status;

	if (fstatat(folder_fd, "ff", &status, 0) == 0)
		return true;
	for (unsigned int i = 0; i < 256; i++) {
		char name[8];

		snprintf(name, sizeof name, "%02x", i);
		if (i == 255 && !(folder_sync(folder_fd, err) && folder_sync(content_fd, err) && folder_sync(top_fd, err)))
			return false;
		if (mkdirat(folder_fd, name, 0755) < 0 && errno != EEXIST)
			return error_set_errno(err, errno, "make folder %s", name);
	}
	return folder_sync(folder_fd, err);
}

static bool open_below(int *out, int parent_fd, const char *name, struct error *err)
{
	if (mkdirat(parent_fd, name, 0755) < 0 && errno != EEXIST)
		return error_set_errno(err, errno, "make folder %s", name);
	*out = folder_open(parent_fd, name, err);
	return *out >= 0;
}

bool blob_store_open(struct blob_store **out, const char *folder, struct db *db, struct error *err)
{
	cleanup_fd int top = -1, content = -1;
	struct blob_store *store = mem_alloc(1, sizeof *store);

	*store = (struct blob_store){.db = db, .uploads_fd = -1, .content_fd = {-1, -1}};
	pthread_mutex_init(&store->behind_lock, NULL);
	pthread_cond_init(&store->behind_done, NULL);
	bool opened = folder_make(folder, 0755, err) && (top = folder_open(AT_FDCWD, folder, err)) >= 0 && open_below(&content, top, "blobs", err) &&
		      open_below(&store->uploads_fd, top, "uploads", err) && open_below(&store->content_fd[DIGEST_SHA256], content, "sha256", err) &&
		      open_below(&store->content_fd[DIGEST_SHA512], content, "sha512", err) &&
		      make_prefixes(store->content_fd[DIGEST_SHA256], content, top, err) &&
		      make_prefixes(store->content_fd[DIGEST_SHA512], content, top, err);
	if (!opened) {
		blob_store_close(store);
		return error_prefix(err, "content in %s", folder);
	}
	*out = store;
	return true;
}

void blob_store_close(struct blob_store *store)
{
	if (!store)
		return;
	file_cleanup(&store->uploads_fd);
	file_cleanup(&store->content_fd[0]);
	file_cleanup(&store->content_fd[1]);
	thread_pool_free(store->behind);
	pthread_cond_destroy(&store->behind_done);
	pthread_mutex_destroy(&store->behind_lock);
	free(store);
}

bool blob_uploads_each(struct blob_store *store, blob_upload_function *each, void *argument, struct error *err)
{
	/* A descriptor of its own: closedir closes it, and where it stands is not shared. */
	int fd = folder_open(store->uploads_fd, ".", err);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!folder) {
		if (fd >= 0)
			error_set_errno(err, errno, "read folder uploads");
		file_cleanup(&fd);
		return false;
	}
	while ((entry = readdir(folder))) {
		struct stat status;

		if (blob_upload_name_valid(str_of(entry->d_name)) && fstatat(fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0)
			each(argument, str_of(entry->d_name), (int64_t)status.st_mtim.tv_sec * 1000000 + status.st_mtim.tv_nsec / 1000);
	}
	closedir(folder);
	return true;
}

bool blob_upload_remove(struct blob_store *store, struct str name, struct error *err)
{
	cleanup_free char *path = str_dup(name);

	if (!blob_upload_name_valid(name) || (unlinkat(store->uploads_fd, path, 0) < 0 && errno != ENOENT))
		return error_set_errno(err, errno, "remove upload %s", path);
	return true;
}

bool blob_find(struct db_tx *tx, const struct digest *digest, struct blob *out, bool *found, struct error *err)
{
	struct error failed = {0};
	char text[DIGEST_TEXT_MAX];

	digest_format(digest, text);
	cleanup_query struct db_query *query = db_query(tx, "SELECT id, size FROM blobs WHERE digest = $1", DB_ARGS(DB_TEXT(str_of(text))), err);
	if (!query)
		return false;
	*found = db_next(query, &failed);
	if (*found)
		*out = (struct blob){db_int(query, 0), db_int(query, 1)};
	return failed.kind == ERROR_NONE || error_move(err, &failed);
}

/* Opened, and its first byte read. */
static int open_for_reading(struct blob_store *store, const struct db_tx *tx, const struct digest *digest, const char *path, struct error *err)
{
	int folder_fd = store->content_fd[digest->algorithm];
	char byte;
	size_t got;

	if (db_never_waits(tx))
		return file_open_now(folder_fd, path, err);
	int fd = file_open(folder_fd, path, O_RDONLY | O_NOFOLLOW, 0, err);
	if (fd >= 0 && !file_read_at(fd, &byte, 1, 0, &got, err))
		file_cleanup(&fd);
	return fd;
}

static bool open_file(struct blob_store *store, const struct db_tx *tx, const struct digest *digest, struct blob_content *out, struct error *err)
{
	struct error failed = {0};
	char path[BLOB_PATH_MAX];
	int64_t size = -1;

	blob_path(digest, path);
	out->fd = open_for_reading(store, tx, digest, path, &failed);
	if (out->fd >= 0 && file_size(out->fd, &size, &failed) && size == out->size_bytes)
		return true;
	if (failed.kind == ERROR_NONE)
		error_set(&failed, ERROR_CORRUPT, "content %s has %lld bytes instead of %lld", path, (long long)size, (long long)out->size_bytes);
	else if (failed.kind != ERROR_UNAVAILABLE && failed.os_errno != EMFILE && failed.os_errno != ENFILE && failed.os_errno != ENOMEM)
		failed.kind = ERROR_CORRUPT;
	blob_content_close(out);
	return error_move(err, &failed);
}

bool blob_open_row(struct blob_store *store, const struct db_tx *tx, const struct digest *digest, const struct db_query *row, int column,
	struct blob_content *out, struct error *err)
{
	*out = (struct blob_content){.size_bytes = db_int(row, column), .fd = -1};
	if (db_is_null(row, column + 1))
		return open_file(store, tx, digest, out, err);
	buf_add_str(&out->bytes, db_text(row, column + 1));
	return true;
}

bool blob_open(struct blob_store *store, struct db_tx *tx, const struct digest *digest, struct blob_content *out, struct error *err)
{
	struct error failed = {0};
	char text[DIGEST_TEXT_MAX];

	*out = (struct blob_content){.fd = -1};
	digest_format(digest, text);
	cleanup_query struct db_query *query = db_query(tx, "SELECT size, content FROM blobs WHERE digest = $1", DB_ARGS(DB_TEXT(str_of(text))), err);
	if (!query)
		return false;
	if (!db_next(query, &failed))
		return failed.kind != ERROR_NONE ? error_move(err, &failed) : error_set(err, ERROR_NOT_FOUND, "no content %s", text);
	return blob_open_row(store, tx, digest, query, 0, out, err);
}

void blob_content_close(struct blob_content *content)
{
	file_cleanup(&content->fd);
	buf_free(&content->bytes);
}

bool blob_forget(struct db_tx *tx, const struct digest *digest, bool *was_file, struct error *err)
{
	char text[DIGEST_TEXT_MAX];
	int64_t in_row = 0;
	bool found;

	digest_format(digest, text);
	if (!db_ask_int(tx, "SELECT CASE WHEN content IS NULL THEN 0 ELSE 1 END FROM blobs WHERE digest = $1", DB_ARGS(DB_TEXT(str_of(text))),
		    &in_row, &found, err))
		return false;
	*was_file = found && !in_row;
	return db_run(tx, "DELETE FROM blobs WHERE digest = $1", DB_ARGS(DB_TEXT(str_of(text))), err);
}

bool blob_file_remove(struct blob_store *store, const struct digest *digest, struct error *err)
{
	char path[BLOB_PATH_MAX];

	blob_path(digest, path);
	if (unlinkat(store->content_fd[digest->algorithm], path, 0) < 0 && errno != ENOENT)
		return error_set_errno(err, errno, "remove content %s", path);
	return true;
}
