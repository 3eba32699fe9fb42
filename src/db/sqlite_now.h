/*
 * SQLite's reads without waiting: on a thread that asked for it, a read of a page that the kernel does not hold in memory fails (preadv2 with
 * RWF_NOWAIT) instead of waiting for the disk. SQLite then fails the statement, and the same read is done again on a thread that may wait.
 */
#ifndef DB_SQLITE_NOW_H
#define DB_SQLITE_NOW_H

#include <stdbool.h>

/* Takes the place of SQLite's own pread, once. To be called before the first connection is opened. */
void sqlite_now_prepare(void);
/* Of the calling thread, from now on. */
void sqlite_now_set(bool now);

#endif
