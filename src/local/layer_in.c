#include "local/layer_in_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "local/compress_internal.h"

#define CHUNK (256 * 1024)

bool layer_in_begin(struct layer_in *in, struct local *local, const struct staging *staging, size_t index, enum layer_keep keep, struct error *err)
{
	cleanup_free char *fs = NULL;

	*in = (struct layer_in){.local = local, .fs_fd = -1, .folder = mem_printf("%s/%zu", staging->path, index)};
	fs = mem_printf("%s/fs", in->folder);
	if (mkdir(in->folder, 0711) < 0 || mkdir(fs, 0755) < 0)
		return error_set_errno(err, errno, "make %s", fs);
	/* The umask has a say in mkdir, and none in what a layer's root is. */
	if (chmod(fs, 0755) < 0)
		return error_set_errno(err, errno, "make %s", fs);
	in->fs_fd = folder_open(AT_FDCWD, fs, err);
	if (in->fs_fd < 0 || (keep != LAYER_KEEP_NONE && !blob_writer_new(&in->writer, local->blobs, err)))
		return false;
	if (keep == LAYER_KEEP_GZIP)
		in->compress = compress_new(in->writer);
	return layer_unpack_start(&in->unpack, in->fs_fd, err);
}

static bool unpack_add(struct layer_in *in, struct str bytes, struct error *err)
{
	in->taken_bytes += (int64_t)bytes.len;
	if (in->unpack_error.kind != ERROR_NONE)
		return true;
	/* Only content that makes no sense is put down to the digests' judgement; a full disk ends it here. */
	if (!layer_unpack_write(in->unpack, bytes, &in->unpack_error) && in->unpack_error.kind != ERROR_INVALID)
		return error_move(err, &in->unpack_error);
	return true;
}

bool layer_in_add(struct layer_in *in, struct str bytes, struct error *err)
{
	if (in->writer && !(in->compress ? compress_add(in->compress, bytes, err) : blob_writer_append(in->writer, bytes, err)))
		return false;
	return unpack_add(in, bytes, err);
}

bool layer_in_resume(struct layer_in *in, struct blob_writer *writer, int fd, const atomic_bool *cancel, struct error *err)
{
	cleanup_free char *chunk = mem_alloc(CHUNK, 1);
	int64_t left = blob_writer_size(writer);

	blob_writer_close(in->writer);
	in->writer = writer;
	while (left > 0) {
		size_t got, want = left < CHUNK ? (size_t)left : CHUNK;

		if (cancel && atomic_load(cancel))
			return error_set(err, ERROR_CANCELED, "canceled");
		if (!file_read(fd, chunk, want, &got, err) || !unpack_add(in, str_make(chunk, got), err))
			return false;
		if (got < want)
			return error_set(err, ERROR_CORRUPT, "what was kept of a download is shorter than it was");
		left -= (int64_t)got;
	}
	return true;
}

bool layer_in_read(struct layer_in *in, int fd, const atomic_bool *cancel, struct error *err)
{
	cleanup_free char *chunk = mem_alloc(CHUNK, 1);
	size_t got = CHUNK;

	while (got == CHUNK) {
		if (cancel && atomic_load(cancel))
			return error_set(err, ERROR_CANCELED, "canceled");
		if (!file_read(fd, chunk, CHUNK, &got, err) || !layer_in_add(in, str_make(chunk, got), err))
			return false;
	}
	return true;
}

static bool corrupt(const struct digest *digest, struct error *err)
{
	char text[DIGEST_TEXT_MAX];

	digest_format(digest, text);
	return error_set(err, ERROR_CORRUPT, "filesystem layer verification failed for digest %s", text);
}

/* The compressed side first: what was damaged on the way is not to be blamed on the archive. */
static bool blob_check(struct layer_in *in, const struct digest *blob, struct error *err)
{
	cleanup_error struct error why = {0};

	if (!in->writer)
		return true;
	if (in->compress && !compress_finish(in->compress, err))
		return false;
	if (blob_writer_seal(in->writer, blob, &why))
		return true;
	return why.kind == ERROR_CORRUPT && blob ? corrupt(blob, err) : error_move(err, &why);
}

struct named {
	const struct digest *digest;
	bool found;
};

static bool named_in(struct db_tx *tx, void *argument, struct error *err)
{
	struct named *named = argument;
	struct blob blob;

	return blob_find(tx, named->digest, &blob, &named->found, err);
}

/* The blob is what it says, and the layer in it is not: its file has its name already, and is to leave no trace. */
static void sealed_remove(struct layer_in *in)
{
	struct named named = {.digest = in->writer ? blob_writer_digest(in->writer) : NULL};
	cleanup_fd int lock = -1;

	if (!in->writer || blob_writer_size(in->writer) <= BLOB_ROW_MAX)
		return;
	/* An error here leaves a file without a row, which harms nobody: the failure that led here is the one to tell of. */
	lock = local_lock(in->local, true, NULL);
	if (lock >= 0 && db_read(in->local->db, named_in, &named, NULL) && !named.found)
		(void)blob_file_remove(in->local->blobs, named.digest, NULL);
}

static bool unpack_check(struct layer_in *in, const struct digest *blob, const struct digest *diff_id, int64_t *size_bytes, struct error *err)
{
	struct digest unpacked;

	if (in->unpack_error.kind != ERROR_NONE)
		return error_move(err, &in->unpack_error);
	if (!layer_unpack_finish(in->unpack, &unpacked, size_bytes, err))
		return false;
	return digest_equal(&unpacked, diff_id) || corrupt(blob ? blob : diff_id, err);
}

bool layer_in_finish(struct layer_in *in, const struct digest *blob, const struct digest *diff_id, struct layer_made *made, struct error *err)
{
	int64_t size_bytes;

	if (!blob_check(in, blob, err))
		return false;
	if (!unpack_check(in, blob, diff_id, &size_bytes, err)) {
		sealed_remove(in);
		return false;
	}
	*made = (struct layer_made){.folder = in->folder,
		.diff_id = *diff_id,
		.blob = in->writer ? *blob_writer_digest(in->writer) : *blob,
		.size_bytes = size_bytes,
		.writer = in->writer};
	return true;
}

void layer_in_free(struct layer_in *in)
{
	layer_unpack_free(in->unpack);
	compress_free(in->compress);
	blob_writer_close(in->writer);
	file_cleanup(&in->fs_fd);
	error_clear(&in->unpack_error);
	/* Not committed: it is still in staging. */
	if (in->folder)
		folder_remove(AT_FDCWD, in->folder, NULL);
	free(in->folder);
	*in = (struct layer_in){.fs_fd = -1};
}
