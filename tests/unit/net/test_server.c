/* Requests and answers: what a client sees on a raw socket. Bodies are in test_server_bodies.c. */
#include "tests/unit/net/server_fixture.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#define END " HTTP/1.1\r\nHost: r\r\n\r\n"

static void keeps_a_connection_until_told(void **state)
{
	struct fixture fixture;
	struct client client;
	struct str value;

	(void)state;
	fixture_start(&fixture, NULL);
	client_open(&client, &fixture);
	for (int i = 0; i < 50; i++) {
		client_ask(&client, STR("GET /small" END), 200);
		unit_assert_text(client.body.data, "hello");
		assert_true(client_header(&client, "X-Request-Id", &value) && value.len == 16);
		assert_true(client_header(&client, "Date", &value) && value.len == 29);
		assert_false(client_header(&client, "Connection", &value));
		client_ask(&client, STR("GET /handed" END), 200);
	}
	client_ask(&client, STR("GET /nothing" END), 404);
	client_ask(&client, STR("POST /small" END), 405);
	assert_true(client_header(&client, "Allow", &value) && str_equal(value, STR("GET, HEAD")));
	client_ask(&client, STR("GET /closed" END), 401);
	client_ask(&client, STR("\r\nGET /small" END), 200);
	client_ask(&client, STR("GET /small HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), 200);
	assert_true(client_header(&client, "Connection", &value) && str_equal(value, STR("keep-alive")));
	client_ask(&client, STR("GET /small HTTP/1.1\r\nHost: r\r\nConnection: close\r\n\r\n"), 200);
	assert_true(client_header(&client, "Connection", &value) && str_equal(value, STR("close")));
	assert_true(client_ended(&client));
	client_close(&client);
	client_open(&client, &fixture);
	client_ask(&client, STR("GET /small HTTP/1.0\r\n\r\n"), 200);
	assert_true(client_ended(&client));
	client_close(&client);
	fixture_wait_count(&fixture.answered, 107);
	fixture_stop(&fixture);
}

static void answers_pipelined_requests_in_order(void **state)
{
	struct fixture fixture;
	struct client client;
	cleanup_buf struct buf all = {0};

	(void)state;
	fixture_start(&fixture, NULL);
	client_open(&client, &fixture);
	for (int i = 0; i < 300; i++)
		buf_printf(&all, "GET /%s-query?x=%d" END, i % 3 ? "loop" : "echo", i);
	client_send(&client, buf_str(&all));
	for (int i = 0; i < 300; i++) {
		char expected[16];
		snprintf(expected, sizeof expected, "%d", i);
		assert_true(client_answer(&client, false));
		unit_assert_text(client.body.data, expected);
	}
	client_close(&client);
	fixture_stop(&fixture);
}

static void answers_head_without_a_body(void **state)
{
	struct fixture fixture;
	struct client client;
	struct str value;
	char size[32];

	(void)state;
	fixture_start(&fixture, NULL);
	client_open(&client, &fixture);
	client_ask(&client, STR("HEAD /small" END), 200);
	assert_true(client_header(&client, "Content-Length", &value) && str_equal(value, STR("5")));
	client_ask(&client, STR("HEAD /file" END), 200);
	snprintf(size, sizeof size, "%zu", FIXTURE_FILE_SIZE);
	assert_true(client_header(&client, "Content-Length", &value) && str_equal(value, str_of(size)));
	client_ask(&client, STR("HEAD /parts" END), 206);
	client_ask(&client, STR("GET /small" END), 200);
	unit_assert_text(client.body.data, "hello");
	client_close(&client);
	fixture_stop(&fixture);
}

static void sends_files_and_parts(void **state)
{
	struct fixture fixture;
	struct client client;
	char expected[16];

	(void)state;
	fixture_start(&fixture, NULL);
	client_open(&client, &fixture);
	client_send(&client, STR("GET /file" END "GET /parts" END "GET /file" END));
	for (int i = 0; i < 3; i++) {
		assert_true(client_answer(&client, false));
		if (i == 1) {
			snprintf(expected, sizeof expected, "<%.3s|%.3s>", fixture.file, fixture.file + FIXTURE_FILE_SIZE - 3);
			assert_int_equal(client.body.len, 9);
			assert_memory_equal(client.body.data + 5, fixture.file + FIXTURE_FILE_SIZE - 3, 3);
			assert_memory_equal(client.body.data + 1, fixture.file, 3);
			continue;
		}
		assert_int_equal(client.body.len, FIXTURE_FILE_SIZE);
		assert_memory_equal(client.body.data, fixture.file, FIXTURE_FILE_SIZE);
	}
	client_close(&client);
	fixture_stop(&fixture);
}

static void a_file_that_is_too_short_cuts_the_connection(void **state)
{
	struct fixture fixture;
	struct client client;

	(void)state;
	fixture_start(&fixture, NULL);
	client_open(&client, &fixture);
	client_send(&client, STR("GET /cut" END));
	assert_false(client_answer(&client, false));
	assert_int_equal(client.status, 200);
	assert_int_equal(client.in.len, FIXTURE_FILE_SIZE);
	client_close(&client);
	fixture_wait_count(&fixture.answered, 1);
	fixture_stop(&fixture);
}

static void a_header_cannot_be_injected(void **state)
{
	struct fixture fixture;
	struct client client;
	struct str value;

	(void)state;
	fixture_start(&fixture, NULL);
	client_open(&client, &fixture);
	client_ask(&client, STR("GET /inject" END), 200);
	assert_false(client_header(&client, "Set-Cookie", &value));
	assert_true(client_header(&client, "X-Value", &value) && str_equal(value, STR("a  Set-Cookie: x b")));
	client_close(&client);
	fixture_stop(&fixture);
}

static void refuses_what_it_cannot_read_and_closes(void **state)
{
	static const struct {
		struct str bytes;
		int status;
	} rows[] = {
		{STR("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), 400},
		{STR("GET / HTTP/1.1\r\nHost: r\r\nX:\rContent-Length: 5\r\n\r\n"), 400},
		{STR("GET /%00 HTTP/1.1\r\nHost: r\r\n\r\nGET /small" END), 400},
		{STR("GET /a/../b HTTP/1.1\r\nHost: r\r\n\r\nGET /small" END), 400},
		{STR("GET /small?x=%zz HTTP/1.1\r\nHost: r\r\n\r\n"), 400},
		{STR("BREW / HTTP/1.1\r\nHost: r\r\n\r\n"), 501},
		{STR("GET / HTTP/3.0\r\nHost: r\r\n\r\n"), 505},
		{STR("POST /memory HTTP/1.1\r\nHost: r\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /small" END), 400},
	};
	struct fixture fixture;

	(void)state;
	fixture_start(&fixture, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct client client;
		client_open(&client, &fixture);
		client_ask(&client, rows[i].bytes, rows[i].status);
		unit_assert(client_ended(&client), "row %zu: goes on", i);
		client_close(&client);
	}
	struct client client;
	client_open(&client, &fixture);
	cleanup_buf struct buf large = {0};
	buf_add_text(&large, "GET /small HTTP/1.1\r\nHost: r\r\n");
	while (large.len < 40000)
		buf_add_text(&large, "X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
				     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
				     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
				     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n");
	client_ask(&client, buf_str(&large), 431);
	client_close(&client);
	fixture_stop(&fixture);
}

static void waits_for_slow_clients_but_not_for_ever(void **state)
{
	struct server_limits limits = server_limits_default;
	const struct str request = STR("GET /small" END);
	struct fixture fixture;
	struct client client, idle, half;

	(void)state;
	limits.head_timeout_ms = 400;
	limits.idle_timeout_ms = 150;
	fixture_start(&fixture, &limits);
	client_open(&client, &fixture);
	for (size_t i = 0; i < request.len; i++)
		client_send(&client, str_make(request.data + i, 1));
	assert_true(client_answer(&client, false) && client.status == 200);
	assert_true(client_ended(&client)); /* idle afterwards */
	client_close(&client);
	client_open(&idle, &fixture);
	assert_true(client_ended(&idle)); /* never said a word */
	client_close(&idle);
	client_open(&half, &fixture);
	client_ask(&half, STR("GET /small HTTP/1.1\r\nHo"), 408);
	assert_true(client_ended(&half));
	client_close(&half);
	fixture_stop(&fixture);
}

static void outlives_clients_that_go_away(void **state)
{
	const struct linger reset = {1, 0};
	struct fixture fixture;
	struct client client;

	(void)state;
	fixture_start(&fixture, NULL);
	for (int i = 0; i < 20; i++) {
		client_open(&client, &fixture);
		client_send(&client, i % 2 ? STR("GET /file" END) : STR("GET /echo-query?x=1" END "GET /file" END "GET /parts" END));
		setsockopt(client.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
		client_close(&client);
	}
	/* A client that has closed its own side only still gets its answers. */
	client_open(&client, &fixture);
	client_send(&client, STR("GET /file" END "GET /small" END));
	shutdown(client.fd, SHUT_WR);
	assert_true(client_answer(&client, false) && client.body.len == FIXTURE_FILE_SIZE);
	assert_true(client_answer(&client, false) && client.body.len == 5);
	assert_true(client_ended(&client));
	client_close(&client);
	fixture_stop(&fixture);
}

static void more_connections_than_allowed_wait(void **state)
{
	struct server_limits limits = server_limits_default;
	struct server_counters counters;
	struct fixture fixture;
	struct client clients[3];

	(void)state;
	limits.connections = 2;
	fixture_start(&fixture, &limits);
	for (int i = 0; i < 3; i++)
		client_open(&clients[i], &fixture);
	client_ask(&clients[0], STR("GET /small" END), 200);
	client_ask(&clients[1], STR("GET /small" END), 200);
	const struct timeval brief = {0, 200000}, patience = {10, 0};
	setsockopt(clients[2].fd, SOL_SOCKET, SO_RCVTIMEO, &brief, sizeof brief);
	client_send(&clients[2], STR("GET /small" END));
	assert_false(client_answer(&clients[2], false));
	server_counters(fixture.server, &counters);
	assert_true(counters.refused_connections > 0);
	client_close(&clients[0]);
	setsockopt(clients[2].fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	assert_true(client_answer(&clients[2], false));
	client_close(&clients[1]);
	client_close(&clients[2]);
	fixture_stop(&fixture);
}

static void *stop(void *argument)
{
	struct fixture *fixture = argument;

	server_stop(fixture->server, 8000);
	fixture->server = NULL;
	return NULL;
}

static void stopping_lets_what_runs_finish(void **state)
{
	struct fixture fixture;
	struct client idle, transfer, held;
	struct str value;
	pthread_t thread;

	(void)state;
	fixture_start(&fixture, NULL);
	client_open(&idle, &fixture);
	client_ask(&idle, STR("GET /small" END), 200);
	client_open(&held, &fixture);
	client_send(&held, STR("GET /hold" END));
	client_open(&transfer, &fixture);
	client_send(&transfer, STR("GET /file" END));
	/* Both run by now: a request that has not reached the server when it stops need not be answered. */
	char first;
	assert_int_equal(recv(transfer.fd, &first, 1, MSG_PEEK), 1);
	fixture_wait_holding(&fixture);
	pthread_create(&thread, NULL, stop, &fixture);
	assert_true(client_ended(&idle)); /* so it stops by now */
	assert_true(client_answer(&transfer, false));
	assert_memory_equal(transfer.body.data, fixture.file, FIXTURE_FILE_SIZE);
	fixture_release(&fixture);
	assert_true(client_answer(&held, false));
	unit_assert_text(held.body.data, "released");
	assert_true(client_header(&held, "Connection", &value) && str_equal(value, STR("close")));
	client_close(&held);
	client_close(&transfer);
	client_close(&idle);
	pthread_join(thread, NULL);
	fixture_stop(&fixture);
}

static void stopping_cuts_what_takes_too_long(void **state)
{
	struct fixture fixture;
	struct client stuck, upload;

	(void)state;
	fixture_start(&fixture, NULL);
	client_open(&stuck, &fixture);
	client_send(&stuck, STR("GET /file" END "GET /file" END "GET /file" END)); /* and reads nothing */
	client_open(&upload, &fixture);
	client_send(&upload, STR("PUT /up/take HTTP/1.1\r\nHost: r\r\nContent-Length: 100\r\n\r\nabc"));
	fixture_wait_count(&fixture.begun, 1);
	server_stop(fixture.server, 50);
	fixture.server = NULL;
	assert_int_equal(atomic_load(&fixture.broken), 1);
	client_close(&stuck);
	client_close(&upload);
	fixture_stop(&fixture);
}

static void says_why_it_cannot_listen(void **state)
{
	static const struct {
		const char *address;
		enum error_kind kind;
	} rows[] = {
		{"127.0.0.1", ERROR_INVALID}, {"127.0.0.1:", ERROR_INVALID}, {"127.0.0.1:http", ERROR_INVALID}, {"no such host:1", ERROR_INVALID}};
	struct fixture fixture;

	(void)state;
	fixture_start(&fixture, NULL);
	for (size_t i = 0; i <= ARRAY_SIZE(rows); i++) {
		bool taken = i == ARRAY_SIZE(rows);
		const struct server_listener listen[] = {{.address = taken ? server_address(fixture.server, 0) : rows[i].address}};
		const struct server_settings settings = {.listen = listen, .listen_count = 1, .limits = server_limits_default};
		cleanup_error struct error err = {0};
		struct server *server;
		unit_assert(!server_start(&server, &settings, &err), "%s: it listens", listen[0].address);
		unit_assert(err.kind == (taken ? ERROR_CONFLICT : rows[i].kind) && strstr(err.message, listen[0].address), "%s: %s",
			listen[0].address, error_text(&err));
	}
	fixture_stop(&fixture);
}

UNIT_MAIN(cmocka_unit_test(keeps_a_connection_until_told), cmocka_unit_test(answers_pipelined_requests_in_order),
	cmocka_unit_test(answers_head_without_a_body), cmocka_unit_test(sends_files_and_parts),
	cmocka_unit_test(a_file_that_is_too_short_cuts_the_connection), cmocka_unit_test(a_header_cannot_be_injected),
	cmocka_unit_test(refuses_what_it_cannot_read_and_closes), cmocka_unit_test(waits_for_slow_clients_but_not_for_ever),
	cmocka_unit_test(outlives_clients_that_go_away), cmocka_unit_test(more_connections_than_allowed_wait),
	cmocka_unit_test(stopping_lets_what_runs_finish), cmocka_unit_test(stopping_cuts_what_takes_too_long),
	cmocka_unit_test(says_why_it_cannot_listen))
