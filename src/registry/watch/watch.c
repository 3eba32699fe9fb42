#include "registry/watch/watch.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "registry/context.h"
#include "registry/watch/watch_internal.h"

struct watch *watch_new(const struct watch_settings *settings)
{
	struct watch *watch = mem_alloc(1, sizeof *watch);

	watch->settings = *settings;
	watch->folders[FOLDER_DATA] = str_dup(str_of(settings->folder));
	watch->folders[FOLDER_STORAGE] = settings->storage_folder ? str_dup(str_of(settings->storage_folder)) : NULL;
	watch->requests = request_counts_new(settings->routes, settings->routes_count, settings->loops);
	watch->log_requests = settings->log_requests;
	pthread_mutex_init(&watch->lock, NULL);
	pthread_cond_init(&watch->wake, NULL);
	watch->step_since_us = clock_monotonic_us();
	return watch;
}

bool watch_start(struct watch *watch, struct error *err)
{
	watch->has_thread = thread_start(&watch->thread, "watch", probe_run, watch, err);
	return watch->has_thread;
}

void watch_set_server(struct watch *watch, const struct server *server)
{
	atomic_store(&watch->server, server);
}

void watch_set_log_requests(struct watch *watch, bool log_requests)
{
	atomic_store(&watch->log_requests, log_requests);
}

void watch_stopping(struct watch *watch)
{
	atomic_store(&watch->stopping, true);
}

void watch_free(struct watch *watch)
{
	if (!watch)
		return;
	pthread_mutex_lock(&watch->lock);
	watch->ending = true;
	pthread_cond_signal(&watch->wake);
	pthread_mutex_unlock(&watch->lock);
	if (watch->has_thread)
		pthread_join(watch->thread, NULL);
	pthread_cond_destroy(&watch->wake);
	pthread_mutex_destroy(&watch->lock);
	request_counts_free(watch->requests);
	for (size_t i = 0; i < FOLDERS_COUNT; i++)
		free(watch->folders[i]);
	free(watch);
}

struct findings watch_findings(struct watch *watch, enum probe_step *step, int64_t *step_us)
{
	int64_t now_us = clock_monotonic_us();

	pthread_mutex_lock(&watch->lock);
	struct findings findings = watch->findings;
	*step = watch->step;
	*step_us = now_us - watch->step_since_us;
	pthread_mutex_unlock(&watch->lock);
	return findings;
}

struct watch *request_watch(const struct request *request)
{
	return ((const struct registry_context *)request_context(request))->watch;
}

void watch_answered(const struct request *request, int status, int64_t sent_bytes, int64_t took_us)
{
	struct watch *watch = request_watch(request);

	request_counts_add(watch->requests, request_loop(request), request_route(request), request_target(request).len > 0, request_method(request),
		status, took_us);
	if (atomic_load_explicit(&watch->log_requests, memory_order_relaxed))
		access_log(request, status, sent_bytes, took_us);
}
