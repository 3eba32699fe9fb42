/*
 * A fixed pool of workers for whatever may wait: disk, database, hash. Tasks start in the order they were given.
 */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct thread_pool;

/*
 * A task is embedded in what it works on, so that handing over allocates nothing. It belongs to the pool from
 * thread_pool_add until run is called, which may add it again or free it.
 */
struct thread_task {
	void (*run)(struct thread_task *task);
	struct thread_task *next; /* the pool's */
};

/* Starts count threads named "NAME-N" (name up to 10 characters). Signals are blocked in them. Owned by the caller. */
bool thread_pool_new(struct thread_pool **out, const char *name, size_t count, struct error *err);
/* From any thread. */
void thread_pool_add(struct thread_pool *pool, struct thread_task *task);
/* Runs what was added, then ends the threads and frees the pool. NULL is fine. */
void thread_pool_free(struct thread_pool *pool);

/*
 * The rest of a thread between two turns of its work: false as soon as *ending is set, which lock guards and wake tells; true after that many
 * seconds, whatever happens to the clock of the day.
 */
bool thread_rest(pthread_mutex_t *lock, pthread_cond_t *wake, const bool *ending, unsigned int seconds);

/* Starts one thread with all signals blocked. */
bool thread_start(pthread_t *out, const char *name, void *(*run)(void *), void *argument, struct error *err);

#endif
