/*
 * Layers from any bytes, unpacked into a folder: what lies beside it must not be touched. Headers that look like a tar's get the checksum that they
 * need, else hardly any change of the fuzzer's would get past it.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "local/unpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BLOCK 512

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void mend_checksums(struct buf *tar)
{
	for (size_t at = 0; at + BLOCK <= tar->len; at += BLOCK) {
		char *header = tar->data + at;
		unsigned sum = 0;

		if (memcmp(header + 257, "ustar", 5) != 0)
			continue;
		memset(header + 148, ' ', 8);
		for (size_t i = 0; i < BLOCK; i++)
			sum += (unsigned char)header[i];
		snprintf(header + 148, 8, "%06o", sum);
	}
}

static void unpack(int folder_fd, struct str bytes, size_t piece)
{
	cleanup_layer_unpack struct layer_unpack *unpacking = NULL;
	struct digest diff_id;
	int64_t size_bytes;

	require(layer_unpack_start(&unpacking, folder_fd, NULL));
	for (size_t at = 0; at < bytes.len; at += piece)
		if (!layer_unpack_write(unpacking, str_head(str_from(bytes, at), piece), NULL))
			return;
	layer_unpack_finish(unpacking, &diff_id, &size_bytes, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* In memory where there is such a place: files are made and removed some thousand times a second. */
	char path[64];
	snprintf(path, sizeof path, "%s/naru-fuzz-layer-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	cleanup_buf struct buf tar = {0};
	struct stat before[2], after[2];

	require(mkdtemp(path));
	cleanup_fd int top_fd = folder_open(AT_FDCWD, path, NULL);
	require(top_fd >= 0 && mkdirat(top_fd, "layer", 0755) == 0 && mkdirat(top_fd, "outside", 0700) == 0);
	require(file_replace(top_fd, "outside/file", "secret", 6, 0600, NULL));
	require(fstatat(top_fd, "outside", &before[0], 0) == 0 && fstatat(top_fd, "outside/file", &before[1], 0) == 0);

	cleanup_fd int layer_fd = folder_open(top_fd, "layer", NULL);
	buf_add(&tar, data, size);
	mend_checksums(&tar);
	unpack(layer_fd, buf_str(&tar), size % 2 ? 7 : 65536);

	require(fstatat(top_fd, "outside", &after[0], 0) == 0 && fstatat(top_fd, "outside/file", &after[1], 0) == 0);
	for (int i = 0; i < 2; i++)
		require(memcmp(&before[i].st_ctim, &after[i].st_ctim, sizeof before[i].st_ctim) == 0 && before[i].st_nlink == after[i].st_nlink);
	require(folder_remove(AT_FDCWD, path, NULL));
	return 0;
}
