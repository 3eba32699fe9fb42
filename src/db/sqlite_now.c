#include "db/sqlite_now.h"

#include <pthread.h>
#include <sqlite3.h>
#include <unistd.h>

#include "base/file.h"

/* SQLite gives its system calls no more than a descriptor, so the thread has to say what it wants. */
static _Thread_local bool reads_now;

/* As pread. A part that is in memory comes alone; SQLite then asks for the rest, which fails with EAGAIN. */
static ssize_t read_at(int fd, void *data, size_t len, off_t offset)
{
	return reads_now ? file_read_now(fd, data, len, offset) : pread(fd, data, len, offset);
}

static void replace_calls(void)
{
	/* Counting its memory costs SQLite a lock around each allocation, which the loops then wait for. */
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

	for (size_t i = 0; vfs && vfs->iVersion >= 3 && i < 2; i++) {
		const char *name = i ? "pread64" : "pread";
		if (vfs->xGetSystemCall(vfs, name))
			vfs->xSetSystemCall(vfs, name, (sqlite3_syscall_ptr)read_at);
	}
}

void sqlite_now_prepare(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, replace_calls);
}

void sqlite_now_set(bool now)
{
	reads_now = now;
}
