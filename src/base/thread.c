#include "base/thread.h"

#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "base/mem.h"

struct thread_pool {
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t wake;
	struct thread_task *first, *last;
	bool ending;
	size_t count; /* set before the threads start */
	pthread_t threads[];
};

static void *work(void *argument)
{
	struct thread_pool *pool = argument;

	pthread_mutex_lock(&pool->lock);
	for (;;) {
		while (!pool->first && !pool->ending)
			pthread_cond_wait(&pool->wake, &pool->lock);
		struct thread_task *task = pool->first;
		if (!task)
			break;
		pool->first = task->next;
		if (!pool->first)
			pool->last = NULL;
		pthread_mutex_unlock(&pool->lock);
		task->run(task);
		pthread_mutex_lock(&pool->lock);
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

bool thread_start(pthread_t *out, const char *name, void *(*run)(void *), void *argument, struct error *err)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int failed = pthread_create(out, NULL, run, argument);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failed)
		return error_set_errno(err, failed, "start thread %s", name);
	char short_name[16]; /* the kernel takes 15 bytes */

	snprintf(short_name, sizeof short_name, "%.15s", name);
	pthread_setname_np(*out, short_name);
	return true;
}

bool thread_pool_new(struct thread_pool **out, const char *name, size_t count, struct error *err)
{
	struct thread_pool *pool = mem_alloc(1, sizeof *pool + count * sizeof *pool->threads);

	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->wake, NULL);
	for (; pool->count < count; pool->count++) {
		char thread_name[32];

		snprintf(thread_name, sizeof thread_name, "%.9s-%zu", name, pool->count);
		if (!thread_start(&pool->threads[pool->count], thread_name, work, pool, err)) {
			thread_pool_free(pool);
			return false;
		}
	}
	*out = pool;
	return true;
}

void thread_pool_add(struct thread_pool *pool, struct thread_task *task)
{
	task->next = NULL;
	pthread_mutex_lock(&pool->lock);
	if (pool->last)
		pool->last->next = task;
	else
		pool->first = task;
	pool->last = task;
	pthread_cond_signal(&pool->wake);
	pthread_mutex_unlock(&pool->lock);
}

void thread_pool_free(struct thread_pool *pool)
{
	if (!pool)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->ending = true;
	pthread_cond_broadcast(&pool->wake);
	pthread_mutex_unlock(&pool->lock);
	for (size_t i = 0; i < pool->count; i++)
		pthread_join(pool->threads[i], NULL);
	pthread_cond_destroy(&pool->wake);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

bool thread_rest(pthread_mutex_t *lock, pthread_cond_t *wake, const bool *ending, unsigned int seconds)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)seconds;
	pthread_mutex_lock(lock);
	while (!*ending && pthread_cond_clockwait(wake, lock, CLOCK_MONOTONIC, &until) == 0)
		continue;
	bool goes_on = !*ending;
	pthread_mutex_unlock(lock);
	return goes_on;
}
