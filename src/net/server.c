#include "net/server.h"

#include <unistd.h>

#include <openssl/bio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/server_internal.h"

const struct server_limits server_limits_default = {
	.connections = 10000,
	.header_bytes = 32 * 1024,
	.buffers = 64,
	.head_timeout_ms = 20 * 1000,
	.idle_timeout_ms = 120 * 1000,
	.body_timeout_ms = 60 * 1000,
};

/* Ends the threads and frees everything; the loops end by themselves once they are told to stop. */
static void server_free(struct server *server)
{
	for (size_t i = 0; i < server->threads_count; i++)
		pthread_join(server->loops[i].handle, NULL);
	thread_pool_free(server->workers);
	for (size_t i = 0; i < server->loops_count; i++)
		loop_destroy(&server->loops[i]);
	for (size_t i = 0; i < server->listeners_count; i++)
		listener_close(&server->listeners[i]);
	policy_release(server->policy);
	limits_free(server->limits);
	BIO_meth_free(server->tls_bio);
	tls_shared_free(server->tls_shared);
	body_pool_destroy(&server->pool);
	router_free(server->router);
	free(server->loops);
	free(server->listeners);
	free(server);
}

static bool start_threads(struct server *server, struct error *err)
{
	size_t workers = server->settings.workers ? server->settings.workers : 16;
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	size_t loops = server->settings.loops ? server->settings.loops : (size_t)(cores > 0 ? cores : 1);

	if (!thread_pool_new(&server->workers, "http-work", workers, err))
		return false;
	server->loops = mem_alloc(loops, sizeof *server->loops);
	for (; server->loops_count < loops; server->loops_count++) {
		if (!loop_init(&server->loops[server->loops_count], server, server->loops_count, err)) {
			server->loops_count++; /* what it has is freed with the others */
			return false;
		}
	}
	for (; server->threads_count < loops; server->threads_count++) {
		struct loop *loop = &server->loops[server->threads_count];
		if (!thread_start(&loop->handle, "http-loop", loop_run, loop, err))
			return false;
	}
	return true;
}

/* For the counters, which may not look at a policy that is being replaced. */
static void note_certificate(struct server *server)
{
	if (server->policy && server->policy->tls)
		atomic_store(&server->tls_not_after_s, tls_context_not_after_s(server->policy->tls));
}

bool server_start(struct server **out, const struct server_settings *settings, struct error *err)
{
	struct server *server = mem_alloc(1, sizeof *server);

	server->settings = *settings;
	server->settings.listen = NULL;
	server->settings.tls = NULL;
	server->settings.trusted_proxies = NULL;
	for (size_t i = 0; i < settings->listen_count && !server->tls_shared; i++) {
		if (settings->listen[i].tls) {
			server->tls_shared = tls_shared_new();
			server->tls_bio = tls_bio_method_new();
		}
	}
	server->limits = limits_new();
	server->policy = policy_new(server->tls_shared, settings, err);
	note_certificate(server);
	body_pool_init(&server->pool, server->policy ? server->policy->limits.buffers : 0);
	server->listeners = mem_alloc(settings->listen_count, sizeof *server->listeners);
	bool started = server->policy && router_new(&server->router, settings->routes, settings->routes_count, err);
	while (started && server->listeners_count < settings->listen_count) {
		size_t index = server->listeners_count++; /* what a failed one has is freed with the others */
		started = listener_open(&server->listeners[index], &settings->listen[index], err);
	}
	if (!started || !start_threads(server, err)) {
		server_stop(server, 0);
		return false;
	}
	atomic_store(&server->accepting, true);
	for (size_t i = 0; i < server->loops_count; i++)
		loop_wake(&server->loops[i]);
	*out = server;
	return true;
}

const char *server_address(const struct server *server, size_t index)
{
	return server->listeners[index].address;
}

bool server_reload(struct server *server, const struct server_settings *settings, struct error *err)
{
	struct server_policy *policy = policy_new(server->tls_shared, settings, err);

	if (!policy)
		return false;
	policy_release(server->policy);
	server->policy = policy;
	note_certificate(server);
	for (size_t i = 0; i < server->loops_count; i++)
		policy_offer(&server->loops[i], policy);
	return true;
}

void server_counters(const struct server *server, struct server_counters *out)
{
	uint64_t sums[COUNTERS_COUNT] = {0};

	for (size_t i = 0; i < server->loops_count; i++)
		for (size_t k = 0; k < COUNTERS_COUNT; k++)
			sums[k] += atomic_load_explicit(&server->loops[i].counters[k], memory_order_relaxed);
	*out = (struct server_counters){
		.accepted = sums[COUNTER_ACCEPTED],
		.open = atomic_load(&server->connections),
		.refused_connections = sums[COUNTER_REFUSED_CONNECTIONS],
		.refused_per_address = sums[COUNTER_REFUSED_PER_ADDRESS],
		.refused_rate = sums[COUNTER_REFUSED_RATE],
		.timeouts = sums[COUNTER_TIMEOUTS],
		.tls_handshakes = sums[COUNTER_TLS_HANDSHAKES],
		.tls_failures = sums[COUNTER_TLS_FAILURES],
		.tls_resumed = sums[COUNTER_TLS_RESUMED],
		.received_bytes = sums[COUNTER_RECEIVED_BYTES],
		.sent_bytes = sums[COUNTER_SENT_BYTES],
		.tls_not_after_s = atomic_load(&server->tls_not_after_s),
		.buffers_free = body_pool_count((struct body_pool *)&server->pool),
	};
}

void server_stop(struct server *server, unsigned int timeout_ms)
{
	atomic_store(&server->stop_at_us, clock_monotonic_us() + (int64_t)timeout_ms * 1000);
	atomic_store(&server->stopping, true);
	for (size_t i = 0; i < server->listeners_count; i++)
		listener_refuse(&server->listeners[i]);
	for (size_t i = 0; i < server->threads_count; i++)
		loop_wake(&server->loops[i]);
	server_free(server);
}
