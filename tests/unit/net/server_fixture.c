#include "tests/unit/net/server_fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static struct fixture *of(const struct request *request)
{
	return request_context(request);
}

static void small(struct request *request)
{
	request_answer_header(request, "Content-Type", "text/plain");
	request_answer(request, 200, STR("hello"));
}

static void echo_query(struct request *request)
{
	struct str value;

	request_query(request, "x", &value);
	request_answer(request, 200, value);
}

/* "PEER SCHEME HOST" */
static void peer(struct request *request)
{
	cleanup_buf struct buf text = {0};

	buf_printf(&text, "%.*s %.*s %.*s", STR_ARG(request_peer(request)), STR_ARG(request_scheme(request)), STR_ARG(request_host(request)));
	request_answer(request, 200, buf_str(&text));
}

static void hand_over(struct request *request)
{
	request_hand_over(request, small);
}

static int open_file(const struct request *request)
{
	return fcntl(of(request)->file_fd, F_DUPFD_CLOEXEC, 0);
}

static void file(struct request *request)
{
	request_answer_file(request, 200, open_file(request), 0, (int64_t)FIXTURE_FILE_SIZE);
}

static void cut(struct request *request)
{
	request_answer_file(request, 200, open_file(request), 0, (int64_t)FIXTURE_FILE_SIZE + 10);
}

static void parts(struct request *request)
{
	int fd = open_file(request);
	const struct body_part all[] = {
		{.bytes = STR("<"), .fd = -1},
		{.fd = fd, .length = 3},
		{.bytes = {strdup("|"), 1}, .release = free, .argument = NULL, .fd = -1},
		{.fd = fd, .offset = (int64_t)FIXTURE_FILE_SIZE - 3, .length = 3},
		{.bytes = STR(""), .fd = -1},
		{.bytes = STR(">"), .fd = -1},
	};
	struct body_part with_argument[ARRAY_SIZE(all)];

	memcpy(with_argument, all, sizeof all);
	with_argument[2].argument = (void *)all[2].bytes.data;
	request_answer_parts(request, 206, with_argument, ARRAY_SIZE(all));
}

static void inject(struct request *request)
{
	request_answer_header(request, "X-Value", "a%sb", "\r\nSet-Cookie: x\n");
	request_answer(request, 200, STR("ok"));
}

static void hold(struct request *request)
{
	struct fixture *fixture = of(request);

	pthread_mutex_lock(&fixture->lock);
	fixture->holding = true;
	pthread_cond_broadcast(&fixture->changed);
	while (fixture->held)
		pthread_cond_wait(&fixture->changed, &fixture->lock);
	pthread_mutex_unlock(&fixture->lock);
	request_answer(request, 200, STR("released"));
}

static void memory(struct request *request)
{
	request_answer(request, 200, request_body(request));
}

static void drop(struct request *request)
{
	request_answer(request, 200, STR("dropped"));
}

struct upload {
	int64_t bytes;
	uint64_t sum;
};

static bool is_mode(const struct request *request, const char *mode)
{
	return str_equal(request_part(request, "mode"), str_of(mode));
}

static bool up_begin(struct request *request)
{
	if (is_mode(request, "refuse")) {
		request_answer(request, 403, STR("no"));
		return false;
	}
	atomic_fetch_add(&of(request)->begun, 1);
	request_set_state(request, mem_alloc(1, sizeof(struct upload)));
	return true;
}

static bool up_chunk(struct request *request, struct str bytes)
{
	struct upload *upload = request_state(request);
	const struct timespec while_ = {0, 2000000};

	if (is_mode(request, "early")) {
		request_answer(request, 409, STR("enough"));
		return false;
	}
	if (is_mode(request, "slow"))
		nanosleep(&while_, NULL);
	upload->bytes += (int64_t)bytes.len;
	for (size_t i = 0; i < bytes.len; i++)
		upload->sum = upload->sum * 31 + (unsigned char)bytes.data[i];
	return true;
}

static void up_end(struct request *request, bool complete)
{
	struct upload *upload = request_state(request);
	struct fixture *fixture = of(request);
	char text[64];
	int len = snprintf(text, sizeof text, "%lld %llx", (long long)upload->bytes, (unsigned long long)upload->sum);

	free(upload);
	if (complete)
		request_answer(request, 201, str_make(text, (size_t)len));
	atomic_fetch_add(complete ? &fixture->whole : &fixture->broken, 1);
}

static const struct body_sink sink = {up_begin, up_chunk, up_end};

#define GET (1u << HTTP_GET)

static const struct route routes[] = {
	{GET, "/small", ROUTE_ON_LOOP, small, NULL, 0, 0},
	{GET, "/loop-query", ROUTE_ON_LOOP, echo_query, NULL, 0, 0},
	{GET, "/echo-query", ROUTE_ON_WORKER, echo_query, NULL, 0, 0},
	{GET, "/file", ROUTE_ON_WORKER, file, NULL, 0, 0},
	{GET, "/cut", ROUTE_ON_WORKER, cut, NULL, 0, 0},
	{GET, "/parts", ROUTE_ON_LOOP, parts, NULL, 0, 0},
	{GET, "/peer", ROUTE_ON_LOOP, peer, NULL, 0, 0},
	{GET, "/inject", ROUTE_ON_LOOP, inject, NULL, 0, 0},
	{GET, "/hold", ROUTE_ON_WORKER, hold, NULL, 0, 0},
	{GET, "/handed", ROUTE_ON_LOOP, hand_over, NULL, 0, 0},
	{1u << HTTP_POST, "/memory", ROUTE_ON_WORKER, memory, NULL, 1000, 0},
	{1u << HTTP_POST, "/large", ROUTE_ON_WORKER, drop, NULL, 4 * 1024 * 1024, 0},
	{1u << HTTP_POST, "/drop", ROUTE_ON_LOOP, drop, NULL, 0, 0},
	{1u << HTTP_PUT, "/up/{mode}", ROUTE_ON_WORKER, NULL, &sink, 0, 0},
	{GET, "/closed", ROUTE_ON_LOOP, small, NULL, 0, 1},
};

static bool admit(struct request *request, const struct route *route)
{
	if (route->access == 0)
		return true;
	request_answer(request, 401, STR("who are you"));
	return false;
}

static void answered(const struct request *request, int status, int64_t sent_bytes, int64_t took_us)
{
	if (status < 200 || sent_bytes < 0 || took_us < 0)
		abort();
	atomic_fetch_add(&of(request)->answered, 1);
}

static const struct server_listener loopback[] = {{.address = "127.0.0.1:0"}};

static void prepare(struct fixture *fixture, const struct server_limits *limits)
{
	*fixture = (struct fixture){.held = true};
	fixture->settings = (struct server_settings){
		.listen = loopback,
		.listen_count = ARRAY_SIZE(loopback),
		.loops = 2,
		.workers = 4,
		.limits = limits ? *limits : server_limits_default,
		.routes = routes,
		.routes_count = ARRAY_SIZE(routes),
		.context = fixture,
		.admit = admit,
		.answered = answered,
	};
	pthread_mutex_init(&fixture->lock, NULL);
	pthread_cond_init(&fixture->changed, NULL);
	fixture->file = mem_alloc(1, FIXTURE_FILE_SIZE);
	for (size_t i = 0; i < FIXTURE_FILE_SIZE; i++)
		fixture->file[i] = (char)(i * 2654435761u >> 13);
	fixture->file_fd = memfd_create("file", MFD_CLOEXEC);
	unit_assert(write(fixture->file_fd, fixture->file, FIXTURE_FILE_SIZE) == (ssize_t)FIXTURE_FILE_SIZE, "no file");
}

static void begin(struct fixture *fixture)
{
	cleanup_error struct error err = {0};

	unit_assert(server_start(&fixture->server, &fixture->settings, &err), "%s", error_text(&err));
}

void fixture_start(struct fixture *fixture, const struct server_limits *limits)
{
	prepare(fixture, limits);
	begin(fixture);
}

void fixture_start_listening(struct fixture *fixture, const struct server_limits *limits, const struct server_listener *listen, size_t listen_count,
	const struct server_tls *tls)
{
	prepare(fixture, limits);
	fixture->settings.listen = listen;
	fixture->settings.listen_count = listen_count;
	fixture->settings.tls = tls;
	begin(fixture);
}

void fixture_start_trusting(struct fixture *fixture, const struct server_limits *limits, const char *const *proxies, size_t count)
{
	prepare(fixture, limits);
	fixture->settings.trusted_proxies = proxies;
	fixture->settings.trusted_proxies_count = count;
	begin(fixture);
}

void fixture_stop(struct fixture *fixture)
{
	fixture_release(fixture);
	if (fixture->server)
		server_stop(fixture->server, 5000);
	close(fixture->file_fd);
	free(fixture->file);
	pthread_cond_destroy(&fixture->changed);
	pthread_mutex_destroy(&fixture->lock);
}

void fixture_release(struct fixture *fixture)
{
	pthread_mutex_lock(&fixture->lock);
	fixture->held = false;
	pthread_cond_broadcast(&fixture->changed);
	pthread_mutex_unlock(&fixture->lock);
}

void fixture_wait_holding(struct fixture *fixture)
{
	pthread_mutex_lock(&fixture->lock);
	while (!fixture->holding)
		pthread_cond_wait(&fixture->changed, &fixture->lock);
	pthread_mutex_unlock(&fixture->lock);
}

void fixture_wait_count(atomic_int *counter, int value)
{
	const struct timespec pause = {0, 1000000};

	for (int i = 0; i < 10000 && atomic_load(counter) < value; i++)
		nanosleep(&pause, NULL);
	unit_assert(atomic_load(counter) >= value, "it never came to %d", value);
}

int fixture_port(const struct fixture *fixture)
{
	struct str host, port;
	uint64_t number = 0;

	str_cut_last(str_of(server_address(fixture->server, fixture->port_of)), ':', &host, &port);
	str_to_u64(port, &number);
	return (int)number;
}

void client_open(struct client *client, const struct fixture *fixture)
{
	client_open_from(client, fixture, "127.0.0.1");
}

void client_open_from(struct client *client, const struct fixture *fixture, const char *from)
{
	struct sockaddr_in own = {.sin_family = AF_INET};
	const struct timeval patience = {10, 0};
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)fixture_port(fixture))};

	*client = (struct client){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	setsockopt(client->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	unit_assert(inet_pton(AF_INET, from, &own.sin_addr) == 1 && bind(client->fd, (struct sockaddr *)&own, sizeof own) == 0, "bind to %s", from);
	unit_assert(connect(client->fd, (struct sockaddr *)&address, sizeof address) == 0, "connect: %s", strerror(errno));
}

void client_close(struct client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
	buf_free(&client->in);
	buf_free(&client->body);
	buf_free(&client->head);
}

bool client_try_send(struct client *client, struct str bytes)
{
	while (bytes.len) {
		ssize_t sent = send(client->fd, bytes.data, bytes.len, MSG_NOSIGNAL);
		if (sent <= 0)
			return false;
		bytes = str_from(bytes, (size_t)sent);
	}
	return true;
}

void client_send(struct client *client, struct str bytes)
{
	unit_assert(client_try_send(client, bytes), "send: %s", strerror(errno));
}

/* 1 when bytes came, 0 at the end, -1 at an error. */
static int more(struct client *client)
{
	ssize_t got = recv(client->fd, buf_room(&client->in, 65536), 65536, 0);

	if (got <= 0)
		return got == 0 ? 0 : -1;
	buf_added(&client->in, (size_t)got);
	return 1;
}

bool client_header(const struct client *client, const char *name, struct str *value)
{
	struct str rest = buf_str(&client->head), line, header;

	while (str_cut(rest, '\n', &line, &rest)) {
		if (str_cut(line, ':', &header, value) && str_equal_nocase(header, str_of(name))) {
			*value = str_trim(*value);
			return true;
		}
	}
	return false;
}

bool client_answer(struct client *client, bool of_head)
{
	struct str value;
	char *end;
	uint64_t length = 0;

	buf_clear(&client->head);
	buf_clear(&client->body);
	while (!client->in.len || !(end = memmem(client->in.data, client->in.len, "\r\n\r\n", 4)))
		if (more(client) <= 0)
			return false;
	buf_add(&client->head, client->in.data, (size_t)(end - client->in.data) + 2);
	buf_drop(&client->in, client->head.len + 2);
	unit_assert(str_starts(buf_str(&client->head), STR("HTTP/1.1 ")), "no status line: %s", client->head.data);
	client->status = (int)strtol(client->head.data + 9, NULL, 10);
	if (client->status == 100 || of_head)
		return true;
	if (client_header(client, "Content-Length", &value))
		unit_assert(str_to_u64(value, &length), "no length");
	while (client->in.len < length)
		if (more(client) <= 0)
			return false;
	buf_add(&client->body, client->in.data, length);
	buf_drop(&client->in, length);
	return true;
}

void client_ask(struct client *client, struct str request, int status)
{
	client_send(client, request);
	unit_assert(client_answer(client, str_starts(request, STR("HEAD "))), "no answer: %.*s", STR_ARG(str_head(request, 80)));
	unit_assert(client->status == status, "%d, not %d: %.*s", client->status, status, STR_ARG(str_head(request, 80)));
}

bool client_ended(struct client *client)
{
	return client->in.len == 0 && more(client) == 0;
}
