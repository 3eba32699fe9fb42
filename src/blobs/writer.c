/* Content on its way in. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/random.h"
#include "blobs/blobs_internal.h"
#include "blobs/write_behind.h"

#define REHASH_BUFFER_BYTES (256 * 1024)

struct blob_writer {
	struct blob_store *store;
	char name[RANDOM_UUID_SIZE];
	enum digest_algorithm algorithm;
	struct hash *hash; /* of what is held, in that algorithm */
	int64_t size;
	struct buf memory; /* what is held, while there is no file */
	int fd;            /* uploads/NAME, or -1 */
	struct write_behind behind;
	bool kept, failed;
	bool named;           /* the file bears its content's name: rows may count on it, so nothing may write to it any more */
	bool sealed;          /* and a row may name it */
	struct digest digest; /* of a sealed one */
};

static struct blob_writer *make(struct blob_store *store, enum digest_algorithm algorithm)
{
	struct blob_writer *writer = mem_alloc(1, sizeof *writer);

	writer->store = store;
	writer->algorithm = algorithm;
	writer->hash = hash_new(digest_hash_kind(algorithm));
	writer->fd = -1;
	return writer;
}

bool blob_writer_new(struct blob_writer **out, struct blob_store *store, struct error *err)
{
	(void)err;
	*out = make(store, DIGEST_SHA256);
	random_uuid((*out)->name);
	return true;
}

/* Reads the file from its start through hash, up to size bytes. */
static bool hash_file(int fd, int64_t size, struct hash *hash, struct error *err)
{
	cleanup_free char *bytes = mem_alloc(REHASH_BUFFER_BYTES, 1);

	for (int64_t at = 0; at < size;) {
		size_t want = size - at < REHASH_BUFFER_BYTES ? (size_t)(size - at) : REHASH_BUFFER_BYTES, got;

		if (!file_read_at(fd, bytes, want, at, &got, err))
			return false;
		if (!got)
			return error_set(err, ERROR_CORRUPT, "the upload's file is shorter than it was");
		hash_add(hash, bytes, got);
		at += (int64_t)got;
	}
	return true;
}

bool blob_upload_name_valid(struct str name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!((name.data[i] >= 'a' && name.data[i] <= 'f') || (name.data[i] >= '0' && name.data[i] <= '9') || name.data[i] == '-'))
			return false;
	return name.len == RANDOM_UUID_SIZE - 1;
}

bool blob_writer_resume(struct blob_writer **out, struct blob_store *store, struct str name, enum digest_algorithm algorithm, struct error *err)
{
	if (!blob_upload_name_valid(name))
		return error_set(err, ERROR_NOT_FOUND, "no upload '%.*s'", STR_ARG(str_head(name, 64)));

	struct blob_writer *writer = make(store, algorithm);
	memcpy(writer->name, name.data, name.len);
	writer->kept = true;
	writer->fd = file_open(store->uploads_fd, writer->name, O_RDWR | O_NOFOLLOW, 0, err);
	if (writer->fd < 0 || !file_size(writer->fd, &writer->size, err) || !hash_file(writer->fd, writer->size, writer->hash, err)) {
		blob_writer_close(writer);
		return false;
	}
	*out = writer;
	return true;
}

const char *blob_writer_name(const struct blob_writer *writer)
{
	return writer->name;
}

int64_t blob_writer_size(const struct blob_writer *writer)
{
	return writer->size;
}

enum digest_algorithm blob_writer_algorithm(const struct blob_writer *writer)
{
	return writer->algorithm;
}

void blob_writer_expect(struct blob_writer *writer, enum digest_algorithm algorithm)
{
	if (writer->size || algorithm == writer->algorithm)
		return;
	hash_free(writer->hash);
	writer->algorithm = algorithm;
	writer->hash = hash_new(digest_hash_kind(algorithm));
}

bool blob_writer_has_file(const struct blob_writer *writer)
{
	return writer->fd >= 0;
}

const struct digest *blob_writer_digest(const struct blob_writer *writer)
{
	return &writer->digest;
}

static void remove_file(struct blob_writer *writer)
{
	write_behind_wait(&writer->behind, NULL);
	write_behind_cut(&writer->behind, 0);
	unlinkat(writer->store->uploads_fd, writer->name, 0);
	file_cleanup(&writer->fd);
}

static bool spill(struct blob_writer *writer, struct error *err)
{
	if (writer->fd >= 0)
		return true;
	writer->fd = file_open(writer->store->uploads_fd, writer->name, O_RDWR | O_CREAT | O_EXCL, 0644, err);
	if (writer->fd < 0)
		return false;
	if (!file_write_at(writer->fd, writer->memory.data, writer->memory.len, 0, err)) {
		/* Memory still has all of it: a later try begins the file again. */
		remove_file(writer);
		return false;
	}
	buf_free(&writer->memory);
	return true;
}

static bool unusable(struct blob_writer *writer, struct error *err)
{
	return error_set(err, ERROR_CONFLICT, "upload %s %s and cannot go on", writer->name, writer->named ? "is content by now" : "failed before");
}

/* The pages that could not be written count as clean now: another sync would succeed and lie. */
static bool sync_failed(struct blob_writer *writer)
{
	writer->failed = true;
	remove_file(writer);
	return false;
}

bool blob_writer_append(struct blob_writer *writer, struct str bytes, struct error *err)
{
	if (writer->failed || writer->named)
		return unusable(writer, err);
	if (writer->fd < 0 && writer->memory.len + bytes.len <= BLOB_ROW_MAX) {
		buf_add_str(&writer->memory, bytes);
	} else {
		if (!spill(writer, err))
			return error_prefix(err, "upload %s", writer->name);
		if (!file_write_at(writer->fd, bytes.data, bytes.len, writer->size, err)) {
			/* What a short write left behind is cut off, so that the upload can go on from where it was. */
			writer->failed = ftruncate(writer->fd, writer->size) < 0;
			return error_prefix(err, "upload %s", writer->name);
		}
	}
	hash_add(writer->hash, bytes.data, bytes.len);
	writer->size += (int64_t)bytes.len;
	if (writer->fd >= 0 && !write_behind_grown(&writer->behind, writer->store, writer->fd, writer->size, err)) {
		error_prefix(err, "upload %s", writer->name);
		return sync_failed(writer);
	}
	return true;
}

bool blob_writer_truncate(struct blob_writer *writer, int64_t size, struct error *err)
{
	if (writer->failed || writer->named)
		return unusable(writer, err);
	if (size >= writer->size && size)
		return true;
	hash_reset(writer->hash);
	writer->size = size;
	if (!size && !writer->kept) {
		/* Begun anew: an idle upload holds neither memory nor a file. */
		buf_free(&writer->memory);
		if (writer->fd >= 0)
			remove_file(writer);
		return true;
	}
	if (writer->fd < 0) {
		writer->memory.len = (size_t)size;
		hash_add(writer->hash, writer->memory.data, writer->memory.len);
		return true;
	}
	if (!write_behind_wait(&writer->behind, err))
		return sync_failed(writer);
	write_behind_cut(&writer->behind, size);
	if (ftruncate(writer->fd, size) < 0) {
		writer->failed = true;
		return error_set_errno(err, errno, "upload %s: truncate", writer->name);
	}
	return hash_file(writer->fd, size, writer->hash, err);
}

bool blob_writer_keep(struct blob_writer *writer, struct error *err)
{
	if (writer->failed)
		return unusable(writer, err);
	if (!spill(writer, err))
		return error_prefix(err, "upload %s", writer->name);
	writer->kept = true;
	return true;
}

/* The digest of what is held, in the algorithm that is asked for. */
static bool digest_of(struct blob_writer *writer, enum digest_algorithm algorithm, struct digest *out, struct error *err)
{
	*out = (struct digest){.algorithm = algorithm};
	if (algorithm == writer->algorithm) {
		hash_value(writer->hash, out->hash);
		return true;
	}
	cleanup_hash struct hash *hash = hash_new(digest_hash_kind(algorithm));
	if (writer->fd < 0)
		hash_add(hash, writer->memory.data, writer->memory.len);
	else if (!hash_file(writer->fd, writer->size, hash, err))
		return false;
	hash_value(hash, out->hash);
	return true;
}

static bool read_back(struct blob_writer *writer, struct error *err)
{
	size_t got, want = (size_t)writer->size;

	if (writer->fd < 0)
		return true;
	buf_clear(&writer->memory); /* an earlier seal whose change failed has left its bytes */
	if (!file_read_at(writer->fd, buf_room(&writer->memory, want), want, 0, &got, err))
		return false;
	buf_added(&writer->memory, got);
	return got == want || error_set(err, ERROR_CORRUPT, "the upload's file is shorter than it was");
}

/* fsync of the file, rename to its name, fsync of the folder: only then may a row name it. */
static bool make_durable(struct blob_writer *writer, struct error *err)
{
	char path[BLOB_PATH_MAX], folder[3];
	int content_fd = writer->store->content_fd[writer->digest.algorithm];

	blob_path(&writer->digest, path);
	snprintf(folder, sizeof folder, "%.2s", path);
	cleanup_fd int folder_fd = folder_open(content_fd, folder, err);
	if (folder_fd < 0)
		return false;
	if (!write_behind_wait(&writer->behind, err) || !file_sync(writer->fd, err))
		return sync_failed(writer);
	if (renameat(writer->store->uploads_fd, writer->name, content_fd, path) < 0)
		return error_set_errno(err, errno, "rename");
	writer->named = true;
	writer->kept = false;
	if (!folder_sync(folder_fd, err)) {
		writer->failed = true;
		return false;
	}
	return true;
}

bool blob_writer_seal(struct blob_writer *writer, const struct digest *expected, struct error *err)
{
	struct digest digest;
	char is[DIGEST_TEXT_MAX], wanted[DIGEST_TEXT_MAX];

	if (writer->failed || writer->named)
		return unusable(writer, err);
	if (!digest_of(writer, expected ? expected->algorithm : DIGEST_SHA256, &digest, err))
		return error_prefix(err, "upload %s", writer->name);
	if (expected && !digest_equal(expected, &digest)) {
		digest_format(&digest, is);
		digest_format(expected, wanted);
		return error_set(err, ERROR_CORRUPT, "content has the digest %s, not %s", is, wanted);
	}
	writer->digest = digest;
	if (!(writer->size > BLOB_ROW_MAX ? make_durable(writer, err) : read_back(writer, err)))
		return error_prefix(err, "upload %s", writer->name);
	writer->sealed = true;
	return true;
}

static void free_writer(struct blob_writer *writer, bool removes)
{
	/* A sealed file bears its content's name by now; a small one's file has become a row. */
	if (writer->fd >= 0 && (!write_behind_wait(&writer->behind, NULL) || removes))
		remove_file(writer);
	file_cleanup(&writer->fd);
	buf_free(&writer->memory);
	hash_free(writer->hash);
	free(writer);
}

void blob_writer_close(struct blob_writer *writer)
{
	if (writer)
		free_writer(writer, !writer->kept);
}

void blob_writer_drop(struct blob_writer *writer)
{
	if (writer)
		free_writer(writer, true);
}

static bool add_row(struct db_tx *tx, const struct digest *digest, int64_t size, struct db_value content, int64_t *id, struct error *err)
{
	char text[DIGEST_TEXT_MAX];
	bool found;

	digest_format(digest, text);
	if (!db_run(tx, "INSERT INTO blobs (digest, size, content, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT (digest) DO NOTHING",
		    DB_ARGS(DB_TEXT(str_of(text)), DB_INT(size), content, DB_INT(clock_now_us())), err) ||
		!db_ask_int(tx, "SELECT id FROM blobs WHERE digest = $1", DB_ARGS(DB_TEXT(str_of(text))), id, &found, err))
		return false;
	return found || error_set(err, ERROR_INTERNAL, "content %s has no row after it was added", text);
}

bool blob_add(struct db_tx *tx, const struct blob_writer *writer, int64_t *id, struct error *err)
{
	if (!writer->sealed)
		return error_set(err, ERROR_INTERNAL, "upload %s is not sealed", writer->name);
	return add_row(tx, &writer->digest, writer->size, writer->size > BLOB_ROW_MAX ? DB_NULL : DB_BYTES(buf_str(&writer->memory)), id, err);
}

bool blob_add_bytes(struct db_tx *tx, const struct digest *digest, struct str bytes, int64_t *id, struct error *err)
{
	if (bytes.len > BLOB_ROW_MAX)
		return error_set(err, ERROR_INTERNAL, "content of %zu bytes is too large for a row", bytes.len);
	return add_row(tx, digest, (int64_t)bytes.len, DB_BYTES(bytes), id, err);
}
