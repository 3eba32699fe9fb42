#include "tests/unit/blobs/recorder.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

char recorder_calls[RECORDER_CALLS_SIZE];
bool recorder_on;
const char *recorder_failing;
bool recorder_disk_full;

static bool record(const char *name)
{
	if (recorder_on)
		snprintf(recorder_calls + strlen(recorder_calls), sizeof recorder_calls - strlen(recorder_calls), "%s ", name);
	return recorder_on && recorder_failing && strcmp(recorder_failing, name) == 0;
}

static int answer(bool fails, int result)
{
	if (fails) {
		errno = EIO;
		return -1;
	}
	return result;
}

int __real_fdatasync(int fd);
int __real_fsync(int fd);
int __real_renameat(int from_fd, const char *from, int to_fd, const char *to);
int __wrap_fdatasync(int fd);
int __wrap_fsync(int fd);
int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to);

int __wrap_fdatasync(int fd)
{
	bool fails = record("sync-file");
	return answer(fails, fails ? 0 : __real_fdatasync(fd));
}

int __wrap_fsync(int fd)
{
	bool fails = record("sync-folder");
	return answer(fails, fails ? 0 : __real_fsync(fd));
}

int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	bool fails = record("rename");
	return answer(fails, fails ? 0 : __real_renameat(from_fd, from, to_fd, to));
}

/* The writes are real unless the disk is "full". */
ssize_t __real_write(int fd, const void *data, size_t len);
ssize_t __real_pwrite(int fd, const void *data, size_t len, off_t at);
ssize_t __real_pwrite64(int fd, const void *data, size_t len, off_t at);
ssize_t __wrap_write(int fd, const void *data, size_t len);
ssize_t __wrap_pwrite(int fd, const void *data, size_t len, off_t at);
ssize_t __wrap_pwrite64(int fd, const void *data, size_t len, off_t at);

static bool is_full(void)
{
	if (recorder_disk_full)
		errno = ENOSPC;
	return recorder_disk_full;
}

ssize_t __wrap_write(int fd, const void *data, size_t len)
{
	return __real_write(fd, data, len);
}

ssize_t __wrap_pwrite(int fd, const void *data, size_t len, off_t at)
{
	return is_full() ? -1 : __real_pwrite(fd, data, len, at);
}

ssize_t __wrap_pwrite64(int fd, const void *data, size_t len, off_t at)
{
	return is_full() ? -1 : __real_pwrite64(fd, data, len, at);
}
