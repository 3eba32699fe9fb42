#include "runtime/seccomp_cache.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/random.h"
#include "runtime/runtime_internal.h"
#include "runtime/seccomp.h"

#define CACHE_FOLDER RUNTIME_RUN_FOLDER "/seccomp"
/* The kernel takes 4096 instructions of 8 bytes. */
#define PROGRAM_MAX (4096 * 8)

/* A file that is changed or replaced gets another of these. */
static bool file_identity(const char *path, struct buf *out)
{
	struct stat status;

	if (stat(path, &status) < 0)
		return false;
	buf_printf(out, "%llx-%llx-%llx-%llx.%lx-%llx.%lx-", (unsigned long long)status.st_dev, (unsigned long long)status.st_ino,
		(unsigned long long)status.st_size, (unsigned long long)status.st_mtim.tv_sec, (unsigned long)status.st_mtim.tv_nsec,
		(unsigned long long)status.st_ctim.tv_sec, (unsigned long)status.st_ctim.tv_nsec);
	return true;
}

bool seccomp_cache_key(const char *const *capabilities, const char *program, char out[static SECCOMP_KEY_SIZE])
{
	cleanup_buf struct buf text = {0};

	if (!file_identity(SECCOMP_PROFILE, &text) || !file_identity(program, &text))
		return false;
	buf_printf(&text, "%llx", (unsigned long long)capabilities_mask(capabilities));
	if (text.len >= SECCOMP_KEY_SIZE)
		return false;
	memcpy(out, text.data, text.len + 1);
	return true;
}

char *seccomp_cache_load(const char *key)
{
	cleanup_free char *path = mem_printf(CACHE_FOLDER "/%s", key);
	cleanup_buf struct buf program = {0};

	if (!file_read_all(AT_FDCWD, path, PROGRAM_MAX, &program, NULL) || program.len == 0 || program.len % 8 != 0)
		return NULL;
	char *text = mem_alloc(program.len * 4 / 3 + 8, 1);
	EVP_EncodeBlock((unsigned char *)text, (const unsigned char *)program.data, (int)program.len);
	return text;
}

/* Written beside and renamed, so that nobody reads half of it; it need not reach a disk. */
void seccomp_cache_store(const char *key, const char *id)
{
	char tag[17];
	cleanup_buf struct buf program = {0};
	cleanup_free char *from = mem_printf(RUNTIME_STATE_FOLDER "/%s/seccomp.bpf", id), *path = mem_printf(CACHE_FOLDER "/%s", key);

	random_hex(tag, 16);
	cleanup_free char *beside = mem_printf("%s.%s", path, tag);
	if (!file_read_all(AT_FDCWD, from, PROGRAM_MAX, &program, NULL) || program.len == 0 || !folder_make(CACHE_FOLDER, 0700, NULL))
		return;
	cleanup_fd int fd = file_open(AT_FDCWD, beside, O_WRONLY | O_CREAT | O_EXCL, 0600, NULL);
	if (fd >= 0 && (!file_write(fd, program.data, program.len, NULL) || renameat(AT_FDCWD, beside, AT_FDCWD, path) < 0))
		unlinkat(AT_FDCWD, beside, 0);
}
