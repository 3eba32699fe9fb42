/*
 * A load client for registries: two threads, each driving its half of the kept-alive connections with one request at a time on each.
 * wrk counts no HEAD answers and cannot push; this can, over TLS too. It prints one line: rate, p50 and p99 in
 * milliseconds, failures, answers.
 * WAIT instead asks until the first answer comes, and prints nothing.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "bench/http.h"

enum { BLOB_BYTES = 2048, LATENCIES_MAX = 1 << 21, THREADS = 2, EVENTS_MAX = 64 };

struct plan {
	struct http_server server;
	const char *method; /* GET, HEAD or PUSH */
	const char *path;
	const char *accept;
	int64_t end_ns;
};

struct connection {
	struct http_connection http;
	uint32_t number;
	uint64_t done;
	int64_t begun_ns;
	bool puts; /* of a push: the POST is answered, the PUT is on its way */
};

struct worker {
	const struct plan *plan;
	struct connection *connections;
	size_t connections_count;
	pthread_t thread;
	int epoll;
	uint64_t failed;
	uint32_t *latencies_us;
	uint64_t done; /* as many of them have their latency kept as there is room for */
};

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static bool connection_open(struct worker *worker, struct connection *c)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};

	return http_open(&c->http) && epoll_ctl(worker->epoll, EPOLL_CTL_ADD, c->http.socket, &event) == 0;
}

/* The second half of a push: one small blob, new each time, to where the POST's answer says. */
static bool blob_put(const struct plan *plan, struct connection *c)
{
	char content[BLOB_BYTES], target[HTTP_TARGET_BYTES + 128], hex[65];
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int digest_bytes = 0;

	memset(content, (int)('a' + c->number % 26), sizeof(content));
	snprintf(content, sizeof(content), "%u %u %lld %llu", (unsigned int)getpid(), c->number, (long long)now_ns(), (unsigned long long)c->done);
	EVP_Digest(content, sizeof(content), digest, &digest_bytes, EVP_sha256(), NULL);
	for (unsigned int i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	snprintf(target, sizeof(target), "%s%cdigest=sha256:%s", c->http.location, strchr(c->http.location, '?') ? '&' : '?', hex);
	c->puts = true;
	return http_send(&c->http, "PUT", target, plan->accept, content, sizeof(content));
}

/* Sends what comes first; a connection that is closed is opened. */
static void exchange_begin(struct worker *worker, struct connection *c)
{
	const struct plan *plan = worker->plan;
	char target[HTTP_TARGET_BYTES];

	c->puts = false;
	c->begun_ns = now_ns();
	if (c->http.socket < 0 && !connection_open(worker, c)) {
		worker->failed++;
		return;
	}
	if (strcmp(plan->method, "PUSH") != 0) {
		worker->failed += !http_send(&c->http, plan->method, plan->path, plan->accept, "", 0);
		return;
	}
	snprintf(target, sizeof(target), "%s/blobs/uploads/", plan->path);
	worker->failed += !http_send(&c->http, "POST", target, plan->accept, "", 0);
}

/* Reads an answer that has begun to come, and goes on: with a push's second half, or from the start. */
static void exchange_go_on(struct worker *worker, struct connection *c)
{
	bool push = strcmp(worker->plan->method, "PUSH") == 0;
	int wanted = !push ? 200 : c->puts ? 201 : 202;
	int status = http_receive(&c->http, strcmp(worker->plan->method, "HEAD") != 0);

	if (status == wanted && push && !c->puts) {
		if (blob_put(worker->plan, c))
			return;
		status = 0;
	}
	if (status == wanted) {
		if (worker->done < LATENCIES_MAX)
			worker->latencies_us[worker->done] = (uint32_t)((now_ns() - c->begun_ns) / 1000);
		worker->done++;
		c->done++;
	} else {
		worker->failed++;
	}
	if (now_ns() < worker->plan->end_ns)
		exchange_begin(worker, c);
}

static void *worker_run(void *argument)
{
	struct worker *worker = argument;
	struct epoll_event events[EVENTS_MAX];

	for (size_t i = 0; i < worker->connections_count; i++)
		exchange_begin(worker, &worker->connections[i]);
	while (now_ns() < worker->plan->end_ns) {
		int ready = epoll_wait(worker->epoll, events, EVENTS_MAX, 100);

		for (int i = 0; i < ready; i++)
			exchange_go_on(worker, events[i].data.ptr);
		for (size_t i = 0; ready == 0 && i < worker->connections_count; i++)
			if (worker->connections[i].http.socket < 0)
				exchange_begin(worker, &worker->connections[i]);
	}
	return NULL;
}

static int latency_compare(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

static void report(const struct worker *workers, double seconds)
{
	uint64_t done = 0, failed = 0;
	size_t count = 0;
	uint32_t *all = malloc(THREADS * sizeof(*all) * LATENCIES_MAX);

	if (!all)
		exit(1);
	for (int i = 0; i < THREADS; i++) {
		size_t kept = workers[i].done < LATENCIES_MAX ? (size_t)workers[i].done : LATENCIES_MAX;

		memcpy(all + count, workers[i].latencies_us, kept * sizeof(*all));
		count += kept;
		done += workers[i].done;
		failed += workers[i].failed;
	}
	qsort(all, count, sizeof(*all), latency_compare);
	double p50_us = count ? all[count / 2] : 0, p99_us = count ? all[count * 99 / 100] : 0;
	printf("%.0f %.2f %.2f %llu %llu\n", (double)done / seconds, p50_us / 1000.0, p99_us / 1000.0, (unsigned long long)failed,
		(unsigned long long)done);
	free(all);
}

/* Connections are open before the clock starts. */
static bool load_run(struct plan *plan, size_t count, int64_t seconds)
{
	struct connection *connections = calloc(count, sizeof(*connections));
	struct worker workers[THREADS] = {0};
	int64_t begun;

	if (!connections)
		return false;
	for (size_t i = 0; i < THREADS; i++) {
		size_t first = count * i / THREADS;

		workers[i] = (struct worker){.plan = plan,
			.connections = connections + first,
			.connections_count = count * (i + 1) / THREADS - first,
			.epoll = epoll_create1(EPOLL_CLOEXEC),
			.latencies_us = malloc(sizeof(uint32_t) * LATENCIES_MAX)};
		if (workers[i].epoll < 0 || !workers[i].latencies_us)
			return false;
		for (size_t k = 0; k < workers[i].connections_count; k++) {
			struct connection *c = &workers[i].connections[k];

			*c = (struct connection){.http = {.server = &plan->server, .socket = -1}, .number = (uint32_t)(first + k)};
			if (!connection_open(&workers[i], c))
				return false;
		}
	}
	begun = now_ns();
	plan->end_ns = begun + seconds * 1000000000LL;
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&workers[i].thread, NULL, worker_run, &workers[i]) != 0)
			return false;
	for (int i = 0; i < THREADS; i++)
		pthread_join(workers[i].thread, NULL);
	report(workers, (double)(now_ns() - begun) / 1e9);
	return true;
}

/* A server that starts: asked again each tenth of a millisecond until it answers 200. */
static bool first_answer(const struct plan *plan, int64_t seconds)
{
	const struct timespec pause = {.tv_nsec = 100000};
	struct http_connection connection = {.server = &plan->server, .socket = -1};
	int64_t end = now_ns() + seconds * 1000000000LL;

	for (; now_ns() < end; nanosleep(&pause, NULL)) {
		if (http_open(&connection) && http_send(&connection, "GET", plan->path, plan->accept, "", 0) &&
			http_receive(&connection, true) == 200)
			return true;
		http_close(&connection);
	}
	return false;
}

int main(int argc, char **argv)
{
	struct plan plan = {.accept = "*/*"};
	long count, seconds;

	if (argc < 6 || !http_server_parse(&plan.server, argv[2])) {
		fputs("usage: load GET|HEAD|PUSH|WAIT [http://|https://]IPV4:PORT CONNECTIONS SECONDS PATH [ACCEPT]\n", stderr);
		return 2;
	}
	plan.method = argv[1];
	count = strtol(argv[3], NULL, 10);
	seconds = strtol(argv[4], NULL, 10);
	plan.path = argv[5];
	if (argc > 6)
		plan.accept = argv[6];
	if (count < 1 || seconds < 1)
		return 2;
	if (strcmp(plan.method, "WAIT") == 0)
		return first_answer(&plan, seconds) ? 0 : 1;
	if (load_run(&plan, (size_t)count, seconds))
		return 0;
	fprintf(stderr, "load: cannot connect to %s\n", argv[2]);
	return 1;
}
