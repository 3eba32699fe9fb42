/* The limits by address and by pace, and whose word is believed about who asks, as clients on raw sockets see them. */
#include "tests/unit/net/server_fixture.h"

#include <errno.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define HOST " HTTP/1.1\r\nHost: r\r\n"
#define GET_SMALL "GET /small" HOST "\r\n"
#define OTHER "127.0.0.2"

static void pause_ms(long ms)
{
	const struct timespec pause = {0, ms * 1000000};

	nanosleep(&pause, NULL);
}

static struct server_counters counters(const struct fixture *fixture)
{
	struct server_counters counters;

	server_counters(fixture->server, &counters);
	return counters;
}

static void wait_open(const struct fixture *fixture, uint64_t count)
{
	for (int i = 0; i < 10000 && counters(fixture).open != count; i++)
		pause_ms(1);
	assert_int_equal(counters(fixture).open, count);
}

static void an_address_has_so_many_connections(void **state)
{
	struct server_limits limits = server_limits_default;
	struct fixture fixture;
	struct client clients[3], more, other;

	(void)state;
	limits.connections_per_address = 3;
	fixture_start(&fixture, &limits);
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++) {
		client_open(&clients[i], &fixture);
		client_ask(&clients[i], STR(GET_SMALL), 200);
	}
	client_open(&more, &fixture);
	assert_true(client_ended(&more));
	client_close(&more);
	client_open_from(&other, &fixture, OTHER);
	client_ask(&other, STR(GET_SMALL), 200);
	client_ask(&clients[0], STR(GET_SMALL), 200);
	assert_int_equal(counters(&fixture).refused_per_address, 1);
	/* Whose place is free again? */
	client_close(&clients[1]);
	wait_open(&fixture, 3);
	client_open(&more, &fixture);
	client_ask(&more, STR(GET_SMALL), 200);
	client_close(&more);
	client_close(&other);
	client_close(&clients[0]);
	client_close(&clients[2]);
	fixture_stop(&fixture);
}

static void an_address_has_so_many_requests(void **state)
{
	struct server_limits limits = server_limits_default;
	struct fixture fixture;
	struct client client, other;
	struct str value;

	(void)state;
	limits.requests_per_second = 1;
	limits.requests_burst = 2;
	fixture_start(&fixture, &limits);
	client_open(&client, &fixture);
	client_open_from(&other, &fixture, OTHER);
	/* At once, so that no second passes between them. What is not there counts too, and a body of one refused is read over. */
	client_send(&client, STR(GET_SMALL "GET /nothing" HOST "\r\n" GET_SMALL "POST /memory" HOST "Content-Length: 5\r\n\r\nhello" GET_SMALL));
	static const int statuses[] = {200, 404, 200, 429, 429};
	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
		assert_true(client_answer(&client, false));
		unit_assert(client.status == statuses[i], "request %zu: %d", i, client.status);
	}
	assert_true(client_header(&client, "Retry-After", &value) && str_equal(value, STR("1")));
	assert_false(client_header(&client, "Connection", &value));
	assert_true(strstr(client.body.data, "try again in 1 s") != NULL);
	assert_int_equal(counters(&fixture).refused_rate, 2);
	client_ask(&other, STR(GET_SMALL), 200);
	/* After the time that it named. */
	pause_ms(999);
	pause_ms(50);
	client_ask(&client, STR(GET_SMALL), 200);
	client_close(&client);
	client_close(&other);
	fixture_stop(&fixture);
}

static const struct {
	const char *headers;
	int status;
	const char *said; /* what /peer answers; NULL: the connection's own address */
} forwarded[] = {
	{"", 200, NULL},
	{"Forwarded: for=203.0.113.5;proto=https;host=r.example\r\n", 200, "203.0.113.5 https r.example"},
	{"Forwarded: for=\"[2001:db8::5]:80\"\r\n", 200, "[2001:db8::5]:80 http r"},
	{"Forwarded: for=_hidden;proto=https\r\n", 200, "_hidden https r"},
	{"X-Forwarded-For: 1.1.1.1, 203.0.113.5\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Port: 8443\r\n", 200, "203.0.113.5 https r:8443"},
	{"X-Forwarded-For: 203.0.113.5\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Port: 443\r\n", 200, "203.0.113.5 https r"},
	{"X-Forwarded-For: 203.0.113.5\r\nX-Forwarded-Host: r.example:81\r\nX-Forwarded-Port: 8443\r\n", 200, "203.0.113.5 http r.example:81"},
	{"X-Forwarded-For: 203.0.113.5\r\nX-Forwarded-Host: [::1]\r\nX-Forwarded-Port: 8080\r\n", 200, "203.0.113.5 http [::1]:8080"},
	{"Forwarded: for=\"203.0.113.5\r\n", 400, NULL},
	{"Forwarded: for=203.0.113.5\r\nX-Forwarded-For: 9.9.9.9\r\n", 400, NULL},
};

static void believes_the_proxies_that_it_trusts_and_nobody_else(void **state)
{
	static const char *const proxies[] = {"10.0.0.0/8", "127.0.0.1"};
	struct fixture fixture;

	(void)state;
	fixture_start_trusting(&fixture, NULL, proxies, ARRAY_SIZE(proxies));
	for (size_t i = 0; i < ARRAY_SIZE(forwarded); i++) {
		struct client client, stranger;
		char request[512];

		snprintf(request, sizeof request, "GET /peer" HOST "%s\r\n", forwarded[i].headers);
		client_open(&client, &fixture);
		client_ask(&client, str_of(request), forwarded[i].status);
		if (forwarded[i].said)
			unit_assert(strcmp(client.body.data, forwarded[i].said) == 0, "row %zu: %s", i, client.body.data);
		else if (forwarded[i].status == 200)
			unit_assert(strncmp(client.body.data, "127.0.0.1:", 10) == 0, "row %zu: %s", i, client.body.data);
		client_close(&client);

		client_open_from(&stranger, &fixture, OTHER);
		client_ask(&stranger, str_of(request), 200);
		unit_assert(strncmp(stranger.body.data, OTHER ":", 10) == 0 && strstr(stranger.body.data, " http r"), "row %zu: %s", i,
			stranger.body.data);
		client_close(&stranger);
	}
	fixture_stop(&fixture);
}

static void an_absolute_target_names_the_host(void **state)
{
	struct fixture fixture;
	struct client client;

	(void)state;
	fixture_start(&fixture, NULL);
	client_open(&client, &fixture);
	client_ask(&client, STR("GET http://abs.example:81/peer" HOST "\r\n"), 200);
	unit_assert(strstr(client.body.data, " http abs.example:81"), "%s", client.body.data);
	client_ask(&client, STR("GET /peer" HOST "\r\n"), 200);
	unit_assert(strstr(client.body.data, " http r"), "%s", client.body.data);
	client_ask(&client, STR("GET http://r/small?x=1" HOST "\r\n"), 200);
	client_close(&client);
	fixture_stop(&fixture);
}

static void counts_by_the_client_that_a_proxy_names(void **state)
{
	static const char *const proxies[] = {"127.0.0.1"};
	struct server_limits limits = server_limits_default;
	struct fixture fixture;
	struct client clients[4];

	(void)state;
	limits.connections_per_address = 1;
	limits.requests_per_second = 1;
	fixture_start_trusting(&fixture, &limits, proxies, 1);
	/* The proxy itself may have any number of both. */
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++) {
		client_open(&clients[i], &fixture);
		client_ask(&clients[i], STR(GET_SMALL), 200);
	}
	client_send(&clients[0], STR("GET /small" HOST "X-Forwarded-For: 203.0.113.5\r\n\r\n"
				     "GET /small" HOST "X-Forwarded-For: 203.0.113.5:99\r\n\r\n"
				     "GET /small" HOST "X-Forwarded-For: 203.0.113.6\r\n\r\n"
				     "GET /small" HOST "Forwarded: for=_a\r\n\r\n"
				     "GET /small" HOST "Forwarded: for=_a\r\n\r\n"
				     "GET /small" HOST "Forwarded: for=\"[2001:db8::1]\"\r\n\r\n"
				     "GET /small" HOST "Forwarded: for=\"[2001:db8::2]\"\r\n\r\n"));
	static const int statuses[] = {200, 429, 200, 200, 429, 200, 429};
	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
		assert_true(client_answer(&clients[0], false));
		unit_assert(clients[0].status == statuses[i], "request %zu: %d", i, clients[0].status);
	}
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++)
		client_close(&clients[i]);
	fixture_stop(&fixture);
}

static struct server_limits slow_limits(unsigned int rate)
{
	struct server_limits limits = server_limits_default;

	limits.body_timeout_ms = 400; /* so the pace is judged each 200 ms */
	limits.body_rate_min = rate;
	return limits;
}

/* Sends text again and again, a piece each 10 ms, for up to ms: false when the server has let it go on so long and neither answered nor gone. */
static bool drip(struct client *client, struct str text, int ms)
{
	int64_t until_us = clock_monotonic_us() + (int64_t)ms * 1000;
	char byte;

	while (clock_monotonic_us() < until_us && recv(client->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN) {
		client_try_send(client, text);
		pause_ms(10);
	}
	return clock_monotonic_us() < until_us;
}

static void a_body_that_drips_is_given_up(void **state)
{
	static const struct {
		const char *head;
		struct str drop;
	} rows[] = {
		{"PUT /up/take" HOST "Content-Length: 1000000\r\n\r\n", STR("a")},
		{"POST /memory" HOST "Content-Length: 999\r\n\r\n", STR("a")},
		{"PUT /up/take" HOST "Transfer-Encoding: chunked\r\n\r\n", STR("1\r\na\r\n")},
		{"PUT /up/take" HOST "Transfer-Encoding: chunked\r\n\r\n5;", STR("x")},
	};
	const struct server_limits limits = slow_limits(100000);
	struct fixture fixture;

	(void)state;
	fixture_start(&fixture, &limits);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct client client;
		client_open(&client, &fixture);
		client_send(&client, str_of(rows[i].head));
		unit_assert(drip(&client, rows[i].drop, 8000), "row %zu: it may go on", i);
		unit_assert(client_answer(&client, false) && client.status == 408, "row %zu: %d", i, client.status);
		client_close(&client);
	}
	assert_int_equal(counters(&fixture).timeouts, ARRAY_SIZE(rows));
	assert_int_equal(atomic_load(&fixture.whole), 0);
	fixture_stop(&fixture);
}

static void a_body_that_is_fast_enough_is_not(void **state)
{
	const struct server_limits limits = slow_limits(50);
	cleanup_free char *bytes = mem_alloc(1000, 1);
	struct fixture fixture;
	struct client client;

	(void)state;
	fixture_start(&fixture, &limits);
	client_open(&client, &fixture);
	client_send(&client, STR("PUT /up/take" HOST "Content-Length: 100\r\n\r\n"));
	for (int i = 0; i < 100; i++) {
		client_send(&client, STR("a"));
		pause_ms(10);
	}
	assert_true(client_answer(&client, false) && client.status == 201);
	client_close(&client);
	fixture_stop(&fixture);
}

/* Reads the answer to GET /file, piece bytes each 10 ms; returns how many came before its end or the connection's. */
static size_t read_slowly(struct fixture *fixture, size_t piece)
{
	struct client client;
	char *bytes = mem_alloc(1, piece);
	int small = 65536;
	size_t read = 0;
	ssize_t got = 1;

	client_open(&client, fixture);
	setsockopt(client.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	client_send(&client, STR("GET /file" HOST "Connection: close\r\n\r\n"));
	while ((got = recv(client.fd, bytes, piece, 0)) > 0) {
		read += (size_t)got;
		pause_ms(10);
	}
	free(bytes);
	client_close(&client);
	return read;
}

static void an_answer_is_taken_fast_enough_or_cut(void **state)
{
	const struct server_limits strict = slow_limits(100 * 1000 * 1000), patient = slow_limits(0);
	struct fixture fixture;

	(void)state;
	fixture_start(&fixture, &strict);
	assert_true(read_slowly(&fixture, 20000) < FIXTURE_FILE_SIZE);
	assert_int_equal(counters(&fixture).timeouts, 1);
	fixture_stop(&fixture);

	/* Whoever takes it steadily gets all of it, although the kernel takes more from us only now and then. */
	fixture_start(&fixture, &patient);
	assert_true(read_slowly(&fixture, 20000) > FIXTURE_FILE_SIZE);
	assert_int_equal(counters(&fixture).timeouts, 0);
	fixture_stop(&fixture);
}

static void who_takes_nothing_is_cut(void **state)
{
	const struct server_limits limits = slow_limits(0);
	struct fixture fixture;
	struct client client;

	(void)state;
	fixture_start(&fixture, &limits);
	client_open(&client, &fixture);
	client_send(&client, STR("GET /file" HOST "\r\n"));
	wait_open(&fixture, 1);
	wait_open(&fixture, 0);
	assert_int_equal(counters(&fixture).timeouts, 1);
	client_close(&client);
	fixture_stop(&fixture);
}

/* How much the kernel takes ahead for a client that reads nothing. */
static uint64_t taken_ahead(struct fixture *fixture, struct client *client)
{
	uint64_t before = counters(fixture).sent_bytes, now = before, last;
	int small = 4096;

	client_open(client, fixture);
	setsockopt(client->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	client_send(client, STR("GET /file" HOST "\r\n"));
	do {
		last = now;
		pause_ms(200);
		now = counters(fixture).sent_bytes;
	} while (now == before || now != last);
	return now - before;
}

static void in_a_crowd_the_kernel_takes_less_ahead_for_each(void **state)
{
	struct fixture fixture;
	struct client first, crowd[128], last;

	(void)state;
	fixture_start(&fixture, NULL);
	assert_true(taken_ahead(&fixture, &first) > 1000000);
	for (size_t i = 0; i < ARRAY_SIZE(crowd); i++)
		client_open(&crowd[i], &fixture);
	assert_true(taken_ahead(&fixture, &last) < 1000000);
	for (size_t i = 0; i < ARRAY_SIZE(crowd); i++)
		client_close(&crowd[i]);
	client_close(&first);
	client_close(&last);
	fixture_stop(&fixture);
}

static void what_nobody_wants_may_not_drip_either(void **state)
{
	struct fixture fixture;
	struct client client;

	(void)state;
	fixture_start(&fixture, NULL);
	client_open(&client, &fixture);
	client_ask(&client, STR("PUT /up/refuse" HOST "Content-Length: 100000\r\n\r\n"), 403);
	assert_true(drip(&client, STR("a"), 10000));
	assert_true(client_ended(&client));
	client_close(&client);
	fixture_stop(&fixture);
}

UNIT_MAIN(cmocka_unit_test(an_address_has_so_many_connections), cmocka_unit_test(an_address_has_so_many_requests),
	cmocka_unit_test(believes_the_proxies_that_it_trusts_and_nobody_else), cmocka_unit_test(an_absolute_target_names_the_host),
	cmocka_unit_test(counts_by_the_client_that_a_proxy_names), cmocka_unit_test(a_body_that_drips_is_given_up),
	cmocka_unit_test(a_body_that_is_fast_enough_is_not), cmocka_unit_test(an_answer_is_taken_fast_enough_or_cut),
	cmocka_unit_test(who_takes_nothing_is_cut), cmocka_unit_test(in_a_crowd_the_kernel_takes_less_ahead_for_each),
	cmocka_unit_test(what_nobody_wants_may_not_drip_either))
