/*
 * A load client for registries: as many threads as connections, each with one kept-alive socket and one request at a time.
 * wrk counts no HEAD answers and cannot push; this can. It prints one line: rate, p50 and p99 in milliseconds, failures.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>

enum { ANSWER_BYTES = 1 << 16, BLOB_BYTES = 2048, LATENCIES_MAX = 1 << 22 };

struct plan {
	struct sockaddr_in address;
	const char *host;
	const char *method; /* GET, HEAD or PUSH */
	const char *path;
	const char *accept;
	int64_t end_ns;
};

struct connection {
	const struct plan *plan;
	pthread_t thread;
	int socket;
	uint32_t number;
	uint64_t done;
	uint64_t failed;
	uint32_t *latencies_us;
	size_t latencies_count;
	size_t latencies_max;
	char location[2048]; /* of the last answer that had one: path and query */
};

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static bool connection_open(struct connection *c)
{
	int on = 1;

	c->socket = socket(AF_INET, SOCK_STREAM, 0);
	if (c->socket < 0)
		return false;
	setsockopt(c->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(c->socket, (const struct sockaddr *)&c->plan->address, sizeof(c->plan->address)) == 0)
		return true;
	close(c->socket);
	c->socket = -1;
	return false;
}

static void connection_close(struct connection *c)
{
	close(c->socket);
	c->socket = -1;
}

static bool send_whole(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);

		if (sent <= 0)
			return false;
		bytes += sent;
		length -= (size_t)sent;
	}
	return true;
}

/* The value of a header in a head that ends in a NUL, or NULL. */
static const char *header_find(const char *head, const char *name)
{
	size_t length = strlen(name);

	for (const char *line = strstr(head, "\r\n"); line; line = strstr(line + 2, "\r\n"))
		if (strncasecmp(line + 2, name, length) == 0 && line[2 + length] == ':')
			return line + 3 + length + strspn(line + 3 + length, " ");
	return NULL;
}

static void location_keep(struct connection *c, const char *head)
{
	const char *location = header_find(head, "Location");
	const char *scheme, *path;
	size_t length;

	if (!location)
		return;
	scheme = strstr(location, "://");
	path = scheme && scheme < strchr(location, '\r') ? strchr(scheme + 3, '/') : location;
	length = path ? strcspn(path, "\r") : sizeof(c->location);
	if (length >= sizeof(c->location))
		return;
	memcpy(c->location, path, length);
	c->location[length] = 0;
}

/* Reads one answer to its end and returns its status, or 0 when the connection broke. */
static int answer_read(struct connection *c, bool has_body)
{
	char bytes[ANSWER_BYTES + 1];
	size_t filled = 0;
	char *head_end = NULL;
	const char *header;
	int64_t left = 0;
	int status;

	while (!head_end) {
		ssize_t got = filled < ANSWER_BYTES ? recv(c->socket, bytes + filled, ANSWER_BYTES - filled, 0) : 0;

		if (got <= 0)
			return 0;
		filled += (size_t)got;
		bytes[filled] = 0;
		head_end = strstr(bytes, "\r\n\r\n");
	}
	head_end[2] = 0;
	status = (int)strtol(bytes + strcspn(bytes, " "), NULL, 10);
	location_keep(c, bytes);
	header = header_find(bytes, "Content-Length");
	if (has_body && header)
		left = strtoll(header, NULL, 10) - (int64_t)(filled - (size_t)(head_end + 4 - bytes));
	header = header_find(bytes, "Connection");
	if (header && strncasecmp(header, "close", 5) == 0) {
		connection_close(c);
		return status;
	}
	while (left > 0) {
		ssize_t got = recv(c->socket, bytes, left < ANSWER_BYTES ? (size_t)left : ANSWER_BYTES, 0);

		if (got <= 0)
			return 0;
		left -= got;
	}
	return status;
}

/* Sends a request and reads its answer; opens the connection where there is none. */
static int request_make(struct connection *c, const char *method, const char *target, const char *body, size_t body_bytes)
{
	char head[4096];
	int length = snprintf(head, sizeof(head), "%s %s HTTP/1.1\r\nHost: %s\r\nAccept: %s\r\nContent-Length: %zu\r\n%s\r\n", method, target,
		c->plan->host, c->plan->accept, body_bytes, body_bytes ? "Content-Type: application/octet-stream\r\n" : "");
	int status;

	if (length < 0 || (size_t)length >= sizeof(head) || (c->socket < 0 && !connection_open(c)))
		return 0;
	if (!send_whole(c->socket, head, (size_t)length) || !send_whole(c->socket, body, body_bytes)) {
		connection_close(c);
		return 0;
	}
	status = answer_read(c, strcmp(method, "HEAD") != 0);
	if (status == 0)
		connection_close(c);
	return status;
}

/* One small blob, new each time, as clients push it: POST, then PUT to where the answer says. */
static bool blob_push(struct connection *c)
{
	char content[BLOB_BYTES], target[4096], hex[65];
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int digest_bytes = 0;

	memset(content, (int)('a' + c->number % 26), sizeof(content));
	snprintf(content, sizeof(content), "%u %u %lld %llu", (unsigned int)getpid(), c->number, (long long)now_ns(), (unsigned long long)c->done);
	EVP_Digest(content, sizeof(content), digest, &digest_bytes, EVP_sha256(), NULL);
	for (unsigned int i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	snprintf(target, sizeof(target), "%s/blobs/uploads/", c->plan->path);
	if (request_make(c, "POST", target, "", 0) != 202)
		return false;
	snprintf(target, sizeof(target), "%s%cdigest=sha256:%s", c->location, strchr(c->location, '?') ? '&' : '?', hex);
	return request_make(c, "PUT", target, content, sizeof(content)) == 201;
}

static void *connection_run(void *argument)
{
	struct connection *c = argument;
	bool push = strcmp(c->plan->method, "PUSH") == 0;

	while (now_ns() < c->plan->end_ns) {
		int64_t begun = now_ns();
		bool good = push ? blob_push(c) : request_make(c, c->plan->method, c->plan->path, "", 0) == 200;

		if (!good) {
			c->failed++;
			continue;
		}
		c->done++;
		if (c->latencies_count < c->latencies_max)
			c->latencies_us[c->latencies_count++] = (uint32_t)((now_ns() - begun) / 1000);
	}
	return NULL;
}

static int latency_compare(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

static void report(struct connection *connections, long count, long seconds)
{
	uint64_t done = 0, failed = 0;
	size_t all_count = 0, p50, p99;
	uint32_t *all;

	for (long i = 0; i < count; i++)
		all_count += connections[i].latencies_count;
	all = calloc(all_count + 1, sizeof(*all));
	if (!all)
		exit(1);
	all_count = 0;
	for (long i = 0; i < count; i++) {
		done += connections[i].done;
		failed += connections[i].failed;
		memcpy(all + all_count, connections[i].latencies_us, connections[i].latencies_count * sizeof(*all));
		all_count += connections[i].latencies_count;
	}
	qsort(all, all_count, sizeof(*all), latency_compare);
	p50 = all_count / 2;
	p99 = all_count * 99 / 100;
	printf("%.0f %.2f %.2f %llu\n", (double)done / (double)seconds, all[p50] / 1000.0, all[p99] / 1000.0, (unsigned long long)failed);
	free(all);
}

int main(int argc, char **argv)
{
	struct plan plan = {.accept = "*/*"};
	struct connection *connections;
	long count, seconds;
	char *colon;

	if (argc < 6 || !(colon = strchr(argv[2], ':'))) {
		fputs("usage: load GET|HEAD|PUSH IPV4:PORT CONNECTIONS SECONDS PATH [ACCEPT]\n", stderr);
		return 2;
	}
	plan.method = argv[1];
	plan.host = strdup(argv[2]);
	*colon = 0;
	plan.address.sin_family = AF_INET;
	plan.address.sin_port = htons((uint16_t)strtol(colon + 1, NULL, 10));
	count = strtol(argv[3], NULL, 10);
	seconds = strtol(argv[4], NULL, 10);
	plan.path = argv[5];
	if (argc > 6)
		plan.accept = argv[6];
	if (inet_pton(AF_INET, argv[2], &plan.address.sin_addr) != 1 || count < 1 || seconds < 1 || !plan.host)
		return 2;
	connections = calloc((size_t)count, sizeof(*connections));
	plan.end_ns = now_ns() + seconds * 1000000000LL;
	for (long i = 0; connections && i < count; i++) {
		struct connection *c = &connections[i];

		c->plan = &plan;
		c->socket = -1;
		c->number = (uint32_t)i;
		c->latencies_max = LATENCIES_MAX / (size_t)count + 1;
		c->latencies_us = malloc(c->latencies_max * sizeof(*c->latencies_us));
		if (!c->latencies_us || pthread_create(&c->thread, NULL, connection_run, c) != 0)
			return 1;
	}
	for (long i = 0; connections && i < count; i++)
		pthread_join(connections[i].thread, NULL);
	if (!connections)
		return 1;
	report(connections, count, seconds);
	return 0;
}
