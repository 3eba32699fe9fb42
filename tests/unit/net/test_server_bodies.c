/* Bodies that come in: into memory, through sinks, chunked, too large, refused early, broken off. */
#include "tests/unit/net/server_fixture.h"

#include <sys/socket.h>
#include <sys/time.h>

#define PUT(mode) "PUT /up/" mode " HTTP/1.1\r\nHost: r\r\n"
#define POST(path) "POST " path " HTTP/1.1\r\nHost: r\r\n"
#define GET_SMALL "GET /small HTTP/1.1\r\nHost: r\r\n\r\n"

static char *pattern(size_t size)
{
	char *bytes = mem_alloc(size + 1, 1);

	for (size_t i = 0; i < size; i++)
		bytes[i] = (char)('a' + i * 7919 % 26);
	return bytes;
}

/* What the sink /up/take answers for these bytes. */
static void expected(const char *bytes, size_t size, char *out, size_t out_size)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < size; i++)
		sum = sum * 31 + (unsigned char)bytes[i];
	snprintf(out, out_size, "%zu %llx", size, (unsigned long long)sum);
}

static void takes_uploads_of_every_size(void **state)
{
	static const size_t sizes[] = {0, 1, 4000, 4096, 65536, 131071, 131072, 131073, 1000000, 9000000};
	struct fixture fixture;
	struct client client;

	(void)state;
	fixture_start(&fixture, NULL);
	client_open(&client, &fixture);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		cleanup_buf struct buf request = {0};
		cleanup_free char *bytes = pattern(sizes[i]);
		char want[64];

		buf_printf(&request, PUT("take") "Content-Length: %zu\r\n\r\n", sizes[i]);
		buf_add(&request, bytes, sizes[i]);
		buf_add_text(&request, GET_SMALL); /* one that waits behind it */
		expected(bytes, sizes[i], want, sizeof want);
		client_ask(&client, buf_str(&request), 201);
		unit_assert_text(client.body.data, want);
		assert_true(client_answer(&client, false) && client.status == 200);
	}
	assert_int_equal(atomic_load(&fixture.broken), 0);
	client_close(&client);
	fixture_stop(&fixture);
}

static void takes_chunked_uploads(void **state)
{
	static const size_t chunks[] = {1, 3, 4096, 32768, 200000, 16};
	struct fixture fixture;
	struct client client;
	cleanup_buf struct buf request = {0}, plain = {0};
	char want[64];

	(void)state;
	fixture_start(&fixture, NULL);
	client_open(&client, &fixture);
	buf_add_text(&request, PUT("take") "Transfer-Encoding: chunked\r\n\r\n");
	for (size_t i = 0; i < 60; i++) {
		size_t size = chunks[i % ARRAY_SIZE(chunks)];
		cleanup_free char *bytes = pattern(size);
		buf_printf(&request, i % 4 ? "%zx\r\n" : "%zX;name=\"va;lue\";other\r\n", size);
		buf_add(&request, bytes, size);
		buf_add_text(&request, "\r\n");
		buf_add(&plain, bytes, size);
	}
	buf_add_text(&request, "0\r\nX-Trailer: Content-Length\r\nETag: \"x\"\r\n\r\n" GET_SMALL GET_SMALL);
	expected(plain.data, plain.len, want, sizeof want);
	client_ask(&client, buf_str(&request), 201);
	unit_assert_text(client.body.data, want);
	for (int i = 0; i < 2; i++)
		assert_true(client_answer(&client, false) && client.status == 200);

	/* As slowly as can be. */
	const struct str slow = STR(PUT("take") "Transfer-Encoding: chunked\r\n\r\n5;x\r\nhello\r\n1\r\n!\r\n0\r\nT: t\r\n\r\n" GET_SMALL);
	for (size_t i = 0; i < slow.len; i++)
		client_send(&client, str_make(slow.data + i, 1));
	assert_true(client_answer(&client, false) && client.status == 201);
	expected("hello!", 6, want, sizeof want);
	unit_assert_text(client.body.data, want);
	assert_true(client_answer(&client, false) && client.status == 200);
	client_close(&client);
	fixture_stop(&fixture);
}

static void a_malformed_chunk_ends_it(void **state)
{
	struct fixture fixture;
	struct client client;

	(void)state;
	fixture_start(&fixture, NULL);
	client_open(&client, &fixture);
	client_ask(&client, STR(PUT("take") "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n"), 100);
	client_ask(&client, STR("5\r\nhelloXX0\r\n\r\n" GET_SMALL), 400);
	assert_true(client_ended(&client));
	assert_int_equal(atomic_load(&fixture.begun), 1);
	assert_int_equal(atomic_load(&fixture.broken), 1);
	client_close(&client);
	client_open(&client, &fixture);
	client_ask(&client, STR(POST("/memory") "Transfer-Encoding: chunked\r\n\r\nhello\r\n"), 400);
	assert_true(client_ended(&client));
	client_close(&client);
	fixture_stop(&fixture);
}

static void says_100_only_when_the_body_is_wanted(void **state)
{
	struct fixture fixture;
	struct client client;

	(void)state;
	fixture_start(&fixture, NULL);
	client_open(&client, &fixture);
	client_ask(&client, STR(PUT("take") "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"), 100);
	client_ask(&client, STR("hello"), 201);
	client_ask(&client, STR(PUT("take") "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n"), 100);
	client_ask(&client, STR("5\r\nhello\r\n0\r\n\r\n"), 201);
	client_ask(&client, STR(POST("/memory") "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"), 100);
	client_ask(&client, STR("hello"), 200);
	unit_assert_text(client.body.data, "hello");
	client_ask(&client, STR(PUT("refuse") "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"), 403);
	assert_true(client_ended(&client)); /* it may send its five bytes or not */
	client_close(&client);
	client_open(&client, &fixture);
	client_ask(&client, STR(POST("/memory") "Expect: 100-continue\r\nContent-Length: 5000\r\n\r\n"), 413);
	assert_true(client_ended(&client));
	client_close(&client);
	fixture_stop(&fixture);
}

static void an_early_answer_reaches_the_client(void **state)
{
	static const char *const heads[] = {PUT("refuse"), PUT("early"), POST("/nothing"), POST("/memory"), POST("/drop")};
	static const int statuses[] = {403, 409, 404, 413, 200};
	const size_t size = 3000000;
	cleanup_free char *bytes = pattern(size);
	struct fixture fixture;

	(void)state;
	fixture_start(&fixture, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
		struct client client;
		struct str value;
		char head[256];
		client_open(&client, &fixture);
		snprintf(head, sizeof head, "%sContent-Length: %zu\r\n\r\n", heads[i], size);
		client_send(&client, str_of(head));
		client_send(&client, str_make(bytes, size)); /* all of it before it looks, as simple clients do */
		unit_assert(client_answer(&client, false), "row %zu: the answer is lost", i);
		assert_int_equal(client.status, statuses[i]);
		unit_assert(client_header(&client, "Connection", &value) && client_ended(&client), "row %zu: stays open", i);
		client_close(&client);

		/* What is small is read, and the connection stays. */
		client_open(&client, &fixture);
		snprintf(head, sizeof head, "%sContent-Length: 2000\r\n\r\n", heads[i]);
		client_send(&client, str_of(head));
		assert_true(client_answer(&client, false) || i == 1);
		client_send(&client, str_make(bytes, 2000));
		if (i == 1)
			assert_true(client_answer(&client, false));
		assert_int_equal(client.status, statuses[i]);
		client_ask(&client, STR(GET_SMALL), 200);
		client_close(&client);
	}
	assert_int_equal(atomic_load(&fixture.begun), 2);
	assert_int_equal(atomic_load(&fixture.broken), 2);
	fixture_stop(&fixture);
}

static void bounds_a_body_in_memory(void **state)
{
	cleanup_free char *bytes = pattern(1001);
	struct fixture fixture;
	struct client client;
	cleanup_buf struct buf request = {0};

	(void)state;
	fixture_start(&fixture, NULL);
	client_open(&client, &fixture);
	client_ask(&client, STR(POST("/memory") "\r\n"), 200);
	assert_int_equal(client.body.len, 0);
	for (size_t size = 1000; size <= 1001; size++) {
		int status = size == 1000 ? 200 : 413;
		buf_clear(&request);
		buf_printf(&request, POST("/memory") "Content-Length: %zu\r\n\r\n%.*s", size, (int)size, bytes);
		client_ask(&client, buf_str(&request), status);
		buf_clear(&request);
		buf_printf(&request, POST("/memory") "Transfer-Encoding: chunked\r\n\r\n%zx\r\n%.*s\r\n0\r\n\r\n", size, (int)size, bytes);
		client_ask(&client, buf_str(&request), status);
	}
	assert_true(client_ended(&client));
	client_close(&client);
	fixture_stop(&fixture);
}

static void bounds_all_bodies_in_memory_together(void **state)
{
	const size_t size = 4 * 1024 * 1024 - 1;
	cleanup_free char *bytes = pattern(size);
	struct fixture fixture;
	struct client clients[9], last; /* 36 MiB where 32 are allowed */
	const struct str head = STR(POST("/large") "Content-Length: 4194304\r\n\r\n");
	int taken = 0, refused = 0;

	(void)state;
	fixture_start(&fixture, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++) {
		client_open(&clients[i], &fixture);
		client_send(&clients[i], head);
		client_try_send(&clients[i], str_make(bytes, size));
	}
	/* Who was refused has its answer now; the others wait for their last byte. With two loops two may meet at the limit. */
	while (refused == 0) {
		const struct timeval brief = {0, 20000};
		for (size_t i = 0; i < ARRAY_SIZE(clients); i++) {
			setsockopt(clients[i].fd, SOL_SOCKET, SO_RCVTIMEO, &brief, sizeof brief);
			refused += client_answer(&clients[i], false) && clients[i].status == 503;
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++) {
		const struct timeval patience = {10, 0};
		setsockopt(clients[i].fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
		taken += clients[i].status != 503 && client_try_send(&clients[i], STR("x")) && client_answer(&clients[i], false) &&
			 clients[i].status == 200;
		client_close(&clients[i]);
	}
	unit_assert(taken >= 7 && taken <= 8, "%d taken", taken);
	client_open(&last, &fixture);
	client_send(&last, head);
	client_send(&last, str_make(bytes, size));
	client_ask(&last, STR("x"), 200);
	client_close(&last);
	fixture_stop(&fixture);
}

static void a_body_that_stops_coming_is_given_up(void **state)
{
	struct server_limits limits = server_limits_default;
	struct fixture fixture;
	struct client client;

	(void)state;
	limits.body_timeout_ms = 150;
	fixture_start(&fixture, &limits);
	client_open(&client, &fixture);
	client_ask(&client, STR(PUT("take") "Content-Length: 10\r\n\r\nabc"), 408);
	assert_true(client_ended(&client));
	client_close(&client);
	client_open(&client, &fixture);
	client_ask(&client, STR(POST("/memory") "Content-Length: 10\r\n\r\nabc"), 408);
	assert_true(client_ended(&client));
	client_close(&client);
	assert_int_equal(atomic_load(&fixture.broken), 1);

	/* One that goes away. */
	client_open(&client, &fixture);
	client_send(&client, STR(PUT("take") "Content-Length: 10\r\n\r\nabc"));
	fixture_wait_count(&fixture.begun, 2);
	client_close(&client);
	fixture_wait_count(&fixture.broken, 2);
	client_open(&client, &fixture);
	client_send(&client, STR(PUT("take") "Transfer-Encoding: chunked\r\n\r\n5\r\nab"));
	fixture_wait_count(&fixture.begun, 3);
	shutdown(client.fd, SHUT_WR);
	assert_true(client_ended(&client));
	client_close(&client);
	fixture_wait_count(&fixture.broken, 3);
	assert_int_equal(atomic_load(&fixture.whole), 0);
	fixture_stop(&fixture);
}

struct uploader {
	struct fixture *fixture;
	pthread_t thread;
	bool fine;
};

static void *upload(void *argument)
{
	struct uploader *uploader = argument;
	const size_t size = 3000000;
	cleanup_free char *bytes = pattern(size);
	struct client client;
	char head[128], want[64];

	expected(bytes, size, want, sizeof want);
	snprintf(head, sizeof head, PUT("slow") "Content-Length: %zu\r\n\r\n", size);
	client_open(&client, uploader->fixture);
	uploader->fine = client_try_send(&client, str_of(head)) && client_try_send(&client, str_make(bytes, size)) && client_answer(&client, false) &&
			 client.status == 201 && strcmp(client.body.data, want) == 0;
	client_close(&client);
	return NULL;
}

static void many_uploads_share_few_buffers(void **state)
{
	struct server_limits limits = server_limits_default;
	struct fixture fixture;
	struct uploader uploaders[8];
	struct client idle, client;

	(void)state;
	limits.buffers = 2;
	fixture_start(&fixture, &limits);
	/* One that has begun and sends nothing holds none of them. */
	client_open(&idle, &fixture);
	client_send(&idle, STR(PUT("take") "Content-Length: 10\r\n\r\nabc"));
	client_open(&client, &fixture);
	for (size_t i = 0; i < ARRAY_SIZE(uploaders); i++) {
		uploaders[i].fixture = &fixture;
		pthread_create(&uploaders[i].thread, NULL, upload, &uploaders[i]);
	}
	client_ask(&client, STR(GET_SMALL), 200); /* others are served meanwhile */
	for (size_t i = 0; i < ARRAY_SIZE(uploaders); i++) {
		pthread_join(uploaders[i].thread, NULL);
		unit_assert(uploaders[i].fine, "upload %zu failed", i);
	}
	client_ask(&idle, STR("defghij"), 201);
	client_close(&idle);
	client_close(&client);
	fixture_stop(&fixture);
}

UNIT_MAIN(cmocka_unit_test(takes_uploads_of_every_size), cmocka_unit_test(takes_chunked_uploads), cmocka_unit_test(a_malformed_chunk_ends_it),
	cmocka_unit_test(says_100_only_when_the_body_is_wanted), cmocka_unit_test(an_early_answer_reaches_the_client),
	cmocka_unit_test(bounds_a_body_in_memory), cmocka_unit_test(bounds_all_bodies_in_memory_together),
	cmocka_unit_test(a_body_that_stops_coming_is_given_up), cmocka_unit_test(many_uploads_share_few_buffers))
