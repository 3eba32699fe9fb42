#include "blobs/write_behind.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/log.h"
#include "blobs/blobs_internal.h"

/* So much is handed to the disk at a time. */
#define TELL_BYTES ((int64_t)8 * 1024 * 1024)
/* After so much more the disk is asked to have it for good: its own cache is what the last sync waits for longest. */
#define SYNC_BYTES ((int64_t)64 * 1024 * 1024)
#define THREADS 2

static void run(struct thread_task *task)
{
	struct write_behind *behind = (struct write_behind *)task; /* its first member */
	struct blob_store *store = behind->store;
	int failed_errno = 0;

	if (behind->size_bytes - behind->synced_bytes >= SYNC_BYTES) {
		if (fdatasync(behind->fd) < 0)
			failed_errno = errno;
		behind->synced_bytes = behind->size_bytes;
	} else {
		sync_file_range(behind->fd, behind->told_bytes, behind->size_bytes - behind->told_bytes, SYNC_FILE_RANGE_WRITE);
	}
	behind->told_bytes = behind->size_bytes;
	pthread_mutex_lock(&store->behind_lock);
	behind->running = false;
	if (failed_errno)
		behind->failed_errno = failed_errno;
	pthread_cond_broadcast(&store->behind_done);
	pthread_mutex_unlock(&store->behind_lock);
}

/* Under the lock. The threads are started when there is something for them: most who open a store only read. */
static struct thread_pool *threads(struct blob_store *store)
{
	struct error err = {0};

	if (!store->behind && !thread_pool_new(&store->behind, "blob-sync", THREADS, &err)) {
		log_warning("content is written without a thread beside: %s", error_text(&err));
		error_clear(&err);
	}
	return store->behind;
}

static bool check(int failed_errno, struct error *err)
{
	return !failed_errno || error_set_errno(err, failed_errno, "sync");
}

bool write_behind_grown(struct write_behind *behind, struct blob_store *store, int fd, int64_t size_bytes, struct error *err)
{
	if (size_bytes - behind->size_bytes < TELL_BYTES)
		return true;
	pthread_mutex_lock(&store->behind_lock);
	int failed_errno = behind->failed_errno;
	struct thread_pool *pool = behind->running || failed_errno ? NULL : threads(store);
	if (pool) {
		behind->store = store;
		behind->fd = fd;
		behind->size_bytes = size_bytes;
		behind->running = true;
		behind->task.run = run;
	}
	pthread_mutex_unlock(&store->behind_lock);
	if (pool)
		thread_pool_add(pool, &behind->task);
	return check(failed_errno, err);
}

bool write_behind_wait(struct write_behind *behind, struct error *err)
{
	struct blob_store *store = behind->store;

	if (!store)
		return true; /* nothing ever ran */
	pthread_mutex_lock(&store->behind_lock);
	while (behind->running)
		pthread_cond_wait(&store->behind_done, &store->behind_lock);
	int failed_errno = behind->failed_errno;
	pthread_mutex_unlock(&store->behind_lock);
	return check(failed_errno, err);
}

void write_behind_cut(struct write_behind *behind, int64_t size_bytes)
{
	int64_t *each[] = {&behind->size_bytes, &behind->told_bytes, &behind->synced_bytes};

	for (size_t i = 0; i < sizeof each / sizeof *each; i++)
		if (*each[i] > size_bytes)
			*each[i] = size_bytes;
}
