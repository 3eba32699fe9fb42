/*
 * Files as the stores need them: whole reads and writes, and the three steps that make a file durable (fsync, rename,
 * fsync of the folder). Every fsync of the tree goes through file_sync and folder_sync, so that tests can fail or skip them.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"

void file_cleanup(int *fd);
/* Closes the descriptor when it goes out of scope; start it at -1. */
#define cleanup_fd __attribute__((cleanup(file_cleanup)))

/* Opens with O_CLOEXEC; -1 and the path in *err when it fails (a missing one is ERROR_NOT_FOUND). folder_fd may be AT_FDCWD. */
int file_open(int folder_fd, const char *path, int flags, mode_t mode, struct error *err);
/* As pread, but of what the kernel has in memory alone: -1 with errno EAGAIN when it would have to wait, EOPNOTSUPP where it cannot say. */
ssize_t file_read_now(int fd, void *data, size_t len, int64_t offset);
/*
 * For reading, on a thread that never waits: only when the kernel has the path and the file's first byte in memory. Otherwise -1, with
 * ERROR_UNAVAILABLE, whatever else is wrong: file_open says it on a thread that may wait.
 */
int file_open_now(int folder_fd, const char *path, struct error *err);

/* Writes all of it, going on after short writes and EINTR. */
bool file_write(int fd, const void *data, size_t len, struct error *err);
bool file_write_at(int fd, const void *data, size_t len, int64_t offset, struct error *err);
/* Reads up to len bytes, fewer only at the end of the file; *got says how many. */
bool file_read(int fd, void *data, size_t len, size_t *got, struct error *err);
bool file_read_at(int fd, void *data, size_t len, int64_t offset, size_t *got, struct error *err);
/* Reads a whole file into out; over limit bytes it is ERROR_TOO_LARGE. */
bool file_read_all(int folder_fd, const char *path, size_t limit, struct buf *out, struct error *err);
/* Replaces the file at path: written beside it with that mode, synced, renamed, folder synced. */
bool file_replace(int folder_fd, const char *path, const void *data, size_t len, mode_t mode, struct error *err);

/* Bytes in an open file. */
bool file_size(int fd, int64_t *size, struct error *err);

/* The content is on the disk when this returns true. A false is final: the same file must not be synced again and believed. */
bool file_sync(int fd, struct error *err);
/* The names in the folder are on the disk when this returns true. */
bool folder_sync(int folder_fd, struct error *err);

/* Makes the folder and those above it that are missing, each synced into the one that it lies in; one that is there is fine. */
bool folder_make(const char *path, mode_t mode, struct error *err);
/* Opens a folder for use as folder_fd; -1 when it fails. */
int folder_open(int folder_fd, const char *path, struct error *err);
/* Removes a folder and all below it, never following a link or crossing into another file system. A missing one is fine. */
bool folder_remove(int folder_fd, const char *path, struct error *err);

/* An exclusive or shared flock; waits when wait is true, else ERROR_CONFLICT when somebody holds it. Ends with the descriptor. */
bool file_lock(int fd, bool exclusive, bool wait, struct error *err);

#endif
