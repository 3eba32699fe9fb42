#include "net/server.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

/* The address that the kernel gave, as text. */
static void format_address(struct listener *listener)
{
	struct sockaddr_storage address = {0};
	socklen_t size = sizeof address;
	char host[INET6_ADDRSTRLEN] = "", port[8] = "";

	getsockname(listener->fd, (struct sockaddr *)&address, &size);
	getnameinfo((struct sockaddr *)&address, size, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(listener->address, sizeof listener->address, address.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

static bool bind_address(struct listener *listener, const struct addrinfo *address, const char *text, struct error *err)
{
	int one = 1;

	listener->fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener->fd < 0)
		return error_set_errno(err, errno, "listen on %s", text);
	setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(listener->fd, address->ai_addr, address->ai_addrlen) < 0 || listen(listener->fd, SOMAXCONN) < 0) {
		if (errno == EADDRINUSE)
			return error_set(err, ERROR_CONFLICT, "listen on %s: the address is in use", text);
		return error_set_errno(err, errno, "listen on %s", text);
	}
	format_address(listener);
	return true;
}

static bool listener_open(struct listener *listener, const char *text, struct error *err)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV}, *found = NULL;
	struct str host, port;

	listener->source = SOURCE_LISTENER;
	if (!str_cut_last(str_of(text), ':', &host, &port) || !port.len)
		return error_set(err, ERROR_INVALID, "listen on \"%s\": ADDRESS:PORT is wanted", text);
	if (host.len > 2 && host.data[0] == '[' && host.data[host.len - 1] == ']')
		host = str_make(host.data + 1, host.len - 2);
	cleanup_free char *host_text = str_dup(host);
	cleanup_free char *port_text = str_dup(port);
	int failed = getaddrinfo(host.len ? host_text : NULL, port_text, &hints, &found);
	if (failed)
		return error_set(err, ERROR_INVALID, "listen on \"%s\": %s", text, gai_strerror(failed));
	bool bound = bind_address(listener, found, text, err);
	freeaddrinfo(found);
	return bound;
}

/* Ends the threads and frees everything; the loops end by themselves once they are told to stop. */
static void server_free(struct server *server)
{
	for (size_t i = 0; i < server->threads_count; i++)
		pthread_join(server->loops[i].handle, NULL);
	thread_pool_free(server->workers);
	for (size_t i = 0; i < server->loops_count; i++)
		loop_destroy(&server->loops[i]);
	for (size_t i = 0; i < server->listeners_count; i++)
		if (server->listeners[i].fd >= 0)
			close(server->listeners[i].fd);
	policy_release(server->policy);
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

bool server_start(struct server **out, const struct server_settings *settings, struct error *err)
{
	struct server *server = mem_alloc(1, sizeof *server);

	server->settings = *settings;
	server->settings.listen = NULL;
	server->settings.tls = NULL;
	server->settings.trusted_proxies = NULL;
	server->policy = policy_new(settings, err);
	body_pool_init(&server->pool, server->policy ? server->policy->limits.buffers : 0);
	server->listeners = mem_alloc(settings->listen_count, sizeof *server->listeners);
	bool started = server->policy && router_new(&server->router, settings->routes, settings->routes_count, err);
	while (started && server->listeners_count < settings->listen_count) {
		const struct server_listener *wanted = &settings->listen[server->listeners_count];
		struct listener *listener = &server->listeners[server->listeners_count++];
		listener->fd = -1;
		listener->tls = wanted->tls;
		started = listener_open(listener, wanted->address, err);
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
	struct server_policy *policy = policy_new(settings, err);

	if (!policy)
		return false;
	policy_release(server->policy);
	server->policy = policy;
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
		.buffers_free = body_pool_count((struct body_pool *)&server->pool),
	};
}

void server_stop(struct server *server, unsigned int timeout_ms)
{
	atomic_store(&server->stop_at_us, clock_monotonic_us() + (int64_t)timeout_ms * 1000);
	atomic_store(&server->stopping, true);
	/* New connections are refused by the kernel from here on; the descriptors stay until no loop can look at them. */
	for (size_t i = 0; i < server->listeners_count; i++)
		if (server->listeners[i].fd >= 0)
			shutdown(server->listeners[i].fd, SHUT_RDWR);
	for (size_t i = 0; i < server->threads_count; i++)
		loop_wake(&server->loops[i]);
	server_free(server);
}
