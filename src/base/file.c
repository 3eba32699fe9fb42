#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/random.h"

void file_cleanup(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int file_open(int folder_fd, const char *path, int flags, mode_t mode, struct error *err)
{
	int fd;

	do
		fd = openat(folder_fd, path, flags | O_CLOEXEC, mode);
	while (fd < 0 && errno == EINTR);
	if (fd < 0)
		error_set_errno(err, errno, "open %s", path);
	return fd;
}

ssize_t file_read_now(int fd, void *data, size_t len, int64_t offset)
{
	const struct iovec piece = {data, len};

	return preadv2(fd, &piece, 1, offset, RWF_NOWAIT);
}

int file_open_now(int folder_fd, const char *path, struct error *err)
{
	struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW, .resolve = RESOLVE_CACHED};
	char byte;
	int fd = (int)syscall(SYS_openat2, folder_fd, path, &how, sizeof how);

	if (fd >= 0 && file_read_now(fd, &byte, 1, 0) >= 0)
		return fd;
	file_cleanup(&fd);
	error_set(err, ERROR_UNAVAILABLE, "%s is not in memory", path);
	return -1;
}

/* write or, at an offset from 0 up, pwrite. */
static bool write_all(int fd, const char *at, size_t len, int64_t offset, struct error *err)
{
	while (len) {
		ssize_t written = offset < 0 ? write(fd, at, len) : pwrite(fd, at, len, offset);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return error_set_errno(err, errno, "write");
		at += written;
		len -= (size_t)written;
		if (offset >= 0)
			offset += written;
	}
	return true;
}

bool file_write(int fd, const void *data, size_t len, struct error *err)
{
	return write_all(fd, data, len, -1, err);
}

bool file_write_at(int fd, const void *data, size_t len, int64_t offset, struct error *err)
{
	return write_all(fd, data, len, offset, err);
}

/* read or, at an offset from 0 up, pread. */
static bool read_all(int fd, char *data, size_t len, int64_t offset, size_t *got, struct error *err)
{
	*got = 0;
	while (*got < len) {
		ssize_t count = offset < 0 ? read(fd, data + *got, len - *got) : pread(fd, data + *got, len - *got, offset + (int64_t)*got);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return error_set_errno(err, errno, "read");
		if (count == 0)
			break;
		*got += (size_t)count;
	}
	return true;
}

bool file_read(int fd, void *data, size_t len, size_t *got, struct error *err)
{
	return read_all(fd, data, len, -1, got, err);
}

bool file_read_at(int fd, void *data, size_t len, int64_t offset, size_t *got, struct error *err)
{
	return read_all(fd, data, len, offset, got, err);
}

bool file_read_all(int folder_fd, const char *path, size_t limit, struct buf *out, struct error *err)
{
	cleanup_fd int fd = file_open(folder_fd, path, O_RDONLY, 0, err);

	if (fd < 0)
		return false;
	for (;;) {
		size_t got, room = 64 * 1024;

		if (!file_read(fd, buf_room(out, room), room, &got, err))
			return error_prefix(err, "%s", path);
		buf_added(out, got);
		if (out->len > limit)
			return error_set(err, ERROR_TOO_LARGE, "%s is over %zu bytes", path, limit);
		if (got < room)
			return true;
	}
}

/* The folder that holds path, opened. */
static int folder_of(int folder_fd, const char *path, struct error *err)
{
	struct str folder, name;

	if (!str_cut_last(str_of(path), '/', &folder, &name))
		return folder_open(folder_fd, ".", err);
	cleanup_free char *text = folder.len ? str_dup(folder) : mem_printf("/");
	return folder_open(folder_fd, text, err);
}

bool file_replace(int folder_fd, const char *path, const void *data, size_t len, mode_t mode, struct error *err)
{
	char tag[17];

	random_hex(tag, 16);
	cleanup_free char *beside = mem_printf("%s.%s", path, tag);
	cleanup_fd int folder = folder_of(folder_fd, path, err);
	if (folder < 0)
		return false;
	cleanup_fd int fd = file_open(folder_fd, beside, O_WRONLY | O_CREAT | O_EXCL, mode, err);
	if (fd < 0)
		return false;
	if (file_write(fd, data, len, err) && file_sync(fd, err)) {
		if (renameat(folder_fd, beside, folder_fd, path) == 0)
			return folder_sync(folder, err);
		error_set_errno(err, errno, "rename");
	}
	unlinkat(folder_fd, beside, 0);
	return error_prefix(err, "%s", path);
}

bool file_size(int fd, int64_t *size, struct error *err)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return error_set_errno(err, errno, "stat");
	*size = status.st_size;
	return true;
}

bool file_sync(int fd, struct error *err)
{
	if (fdatasync(fd) < 0)
		return error_set_errno(err, errno, "sync");
	return true;
}

bool folder_sync(int folder_fd, struct error *err)
{
	if (fsync(folder_fd) < 0)
		return error_set_errno(err, errno, "sync of the folder");
	return true;
}

/* Syncs the folder that path lies in. */
static bool parent_sync(const char *path, struct error *err)
{
	struct str above, name;
	cleanup_free char *parent = str_cut_last(str_of(path), '/', &above, &name) ? str_dup(above.len ? above : STR("/")) : str_dup(STR("."));
	cleanup_fd int fd = folder_open(AT_FDCWD, parent, err);

	return fd >= 0 && folder_sync(fd, err);
}

bool folder_make(const char *path, mode_t mode, struct error *err)
{
	cleanup_free char *part = str_dup(str_of(path));

	for (char *at = part + 1; *part; at++) {
		char end = *at;

		if (end != '/' && end != '\0')
			continue;
		*at = '\0';
		if (mkdir(part, mode) < 0) {
			if (errno != EEXIST)
				return error_set_errno(err, errno, "make folder %s", part);
		} else if (!parent_sync(part, err)) {
			return error_prefix(err, "make folder %s", part);
		}
		*at = end;
		if (end == '\0')
			break;
	}
	return true;
}

int folder_open(int folder_fd, const char *path, struct error *err)
{
	return file_open(folder_fd, path, O_RDONLY | O_DIRECTORY, 0, err);
}

/* A removal under way. A tree may be deeper than there are descriptors: what lies too deep is moved up to the top and removed from there. */
struct removal {
	dev_t device;
	int top_fd;
	bool moved; /* something was moved to the top, which has to be listed again */
};

#define REMOVAL_DEPTH 64

static bool remove_entries(struct removal *removal, int folder_fd, int depth, struct error *err);

static bool move_up(struct removal *removal, int folder_fd, const char *name, struct error *err)
{
	char beside[33];

	random_hex(beside, 32);
	if (renameat(folder_fd, name, removal->top_fd, beside) < 0)
		return error_set_errno(err, errno, "remove folder %s", name);
	removal->moved = true;
	return true;
}

static bool remove_entry(struct removal *removal, int folder_fd, const char *name, int depth, struct error *err)
{
	if (unlinkat(folder_fd, name, 0) == 0 || errno == ENOENT)
		return true;
	if (errno != EISDIR && errno != EPERM)
		return error_set_errno(err, errno, "remove %s", name);
	if (depth == REMOVAL_DEPTH)
		return move_up(removal, folder_fd, name, err);

	cleanup_fd int below = file_open(folder_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, err);
	if (below < 0)
		return false;
	do {
		if (depth == 0) {
			removal->top_fd = below;
			removal->moved = false;
		}
		if (!remove_entries(removal, below, depth + 1, err))
			return false;
	} while (depth == 0 && removal->moved);
	if (unlinkat(folder_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return error_set_errno(err, errno, "remove folder %s", name);
	return true;
}

static bool remove_entries(struct removal *removal, int folder_fd, int depth, struct error *err)
{
	struct stat status;

	if (fstat(folder_fd, &status) < 0)
		return error_set_errno(err, errno, "stat");
	if (status.st_dev != removal->device)
		return error_set(err, ERROR_CONFLICT, "another file system is mounted there");

	int again = fcntl(folder_fd, F_DUPFD_CLOEXEC, 0);
	DIR *list = again < 0 ? NULL : fdopendir(again);
	if (!list) {
		error_set_errno(err, errno, "list");
		file_cleanup(&again);
		return false;
	}
	/* The duplicate shares its place in the list with what was read through folder_fd before. */
	rewinddir(list);
	bool done = true;
	struct dirent *entry;
	while (done && (entry = readdir(list))) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			done = remove_entry(removal, folder_fd, entry->d_name, depth, err);
	}
	closedir(list);
	return done;
}

bool folder_remove(int folder_fd, const char *path, struct error *err)
{
	struct removal removal = {.top_fd = -1};
	struct stat status;

	if (fstatat(folder_fd, path, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? true : error_set_errno(err, errno, "stat %s", path);
	removal.device = status.st_dev;
	return remove_entry(&removal, folder_fd, path, 0, err) || error_prefix(err, "%s", path);
}

bool file_lock(int fd, bool exclusive, bool wait, struct error *err)
{
	int how = (exclusive ? LOCK_EX : LOCK_SH) | (wait ? 0 : LOCK_NB);

	while (flock(fd, how) < 0) {
		if (errno == EWOULDBLOCK)
			return error_set(err, ERROR_CONFLICT, "another process holds the lock");
		if (errno != EINTR)
			return error_set_errno(err, errno, "lock");
	}
	return true;
}
