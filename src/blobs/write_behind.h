/*
 * A file on its way in is handed to the disk while more of it comes, on a thread beside, so that the last sync finds little left to do: 1 GiB that is
 * first written and then synced waits for the disk afterwards, not meanwhile. A hint all the same: what makes content durable is the sync before its
 * name. But a sync that failed here is final too, as the kernel tells of it once.
 */
#ifndef BLOBS_WRITE_BEHIND_H
#define BLOBS_WRITE_BEHIND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/thread.h"

struct blob_store;

/* Of one writer; all zero at first. */
struct write_behind {
	struct thread_task task; /* the pool's while running */
	struct blob_store *store;
	int fd;
	int64_t size_bytes;               /* up to where the task goes */
	int64_t told_bytes, synced_bytes; /* up to where the disk was told to write, and asked whether it has */
	bool running;                     /* these two are guarded by the store's behind_lock */
	int failed_errno;
};

/* The file has grown to size_bytes. False when an earlier sync failed. */
bool write_behind_grown(struct write_behind *behind, struct blob_store *store, int fd, int64_t size_bytes, struct error *err);
/* Waits until nothing of it runs any more: needed before its descriptor is closed. False when a sync failed. */
bool write_behind_wait(struct write_behind *behind, struct error *err);
/* The file was cut to size_bytes; nothing may run. */
void write_behind_cut(struct write_behind *behind, int64_t size_bytes);

#endif
