/* What the HTTP client makes of servers: good ones, broken ones, and those that mean ill. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "net/client.h"
#include "tests/unit/net/fake_server.h"

static struct http_client *client_make(unsigned int stall_ms, const atomic_bool *cancel)
{
	struct http_client_settings settings = {.user_agent = "naru/test", .stall_timeout_ms = stall_ms, .cancel = cancel};
	struct http_client *client = NULL;

	assert_true(http_client_new(&client, &settings, NULL));
	return client;
}

static char *url_of(const struct fake_server *server)
{
	return mem_printf("http://%s/x", fake_server_address(server));
}

/* ---- one answer, then the connection's end ---- */

enum filler { FILL_NOTHING, FILL_LONG_HEADER, FILL_MANY_HEADERS, FILL_BODY_2_MIB };

static const struct answer {
	const char *why;
	const char *bytes;
	enum filler filler;   /* stands behind bytes */
	const char *rest;     /* and this behind it */
	enum error_kind kind; /* ERROR_NONE: an answer came */
	const char *words;    /* within the error's message */
	int status;
	const char *body; /* NULL: not looked at */
} answers[] = {
	{"a length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", FILL_NOTHING, "", ERROR_NONE, NULL, 200, "hello"},
	{"no length", "HTTP/1.1 200 OK\r\n\r\nhello", FILL_NOTHING, "", ERROR_NONE, NULL, 200, "hello"},
	{"chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", FILL_NOTHING, "", ERROR_NONE, NULL, 200,
		"hello"},
	{"chunks and a trailer that looks like a status",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nHTTP/1.1: 500\r\n\r\n", FILL_NOTHING, "", ERROR_NONE, NULL,
		200, "hello"},
	{"an interim answer first", "HTTP/1.1 103 Early Hints\r\nContent-Length: 3\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
		FILL_NOTHING, "", ERROR_NONE, NULL, 200, "hello"},
	{"no content", "HTTP/1.1 204 No Content\r\n\r\n", FILL_NOTHING, "", ERROR_NONE, NULL, 204, ""},
	{"a redirect is not followed", "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 2\r\n\r\nno",
		FILL_NOTHING, "", ERROR_NONE, NULL, 307, "no"},
	{"unauthorized", "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 2\r\n\r\nno", FILL_NOTHING, "", ERROR_NONE, NULL,
		401, "no"},
	{"an error's long body", "HTTP/1.1 500 Oops\r\n\r\n", FILL_BODY_2_MIB, "", ERROR_NONE, NULL, 500, NULL},
	{"a header continued", "HTTP/1.1 200 OK\r\nX: a\r\n Content-Length: 99\r\nContent-Length: 5\r\n\r\nhello", FILL_NOTHING, "", ERROR_NONE, NULL,
		200, "hello"},

	{"nothing", "", FILL_NOTHING, "", ERROR_UNAVAILABLE, "/x\": EOF", 0, NULL},
	{"half a head", "HTTP/1.1 200 OK\r\nContent-Le", FILL_NOTHING, "", ERROR_CORRUPT, "/x\": unexpected EOF", 0, NULL},
	{"a short body", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", FILL_NOTHING, "", ERROR_CORRUPT, "unexpected EOF", 0, NULL},
	{"a short error", "HTTP/1.1 404 Not Found\r\nContent-Length: 10\r\n\r\nhello", FILL_NOTHING, "", ERROR_CORRUPT, "unexpected EOF", 0, NULL},
	{"chunks that end early", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", FILL_NOTHING, "", ERROR_CORRUPT, "unexpected EOF",
		0, NULL},
	{"a chunk's size that is none", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n", FILL_NOTHING, "",
		ERROR_UNAVAILABLE, "Get \"", 0, NULL},
	{"a body over its limit", "HTTP/1.1 200 OK\r\n\r\n", FILL_BODY_2_MIB, "", ERROR_TOO_LARGE, "larger than it may be", 0, NULL},
	{"a header over its limit", "HTTP/1.1 200 OK\r\nX: ", FILL_LONG_HEADER, "\r\nContent-Length: 0\r\n\r\n", ERROR_TOO_LARGE, "response headers",
		0, NULL},
	{"more headers than anyone sends", "HTTP/1.1 200 OK\r\n", FILL_MANY_HEADERS, "Content-Length: 0\r\n\r\n", ERROR_TOO_LARGE, "response headers",
		0, NULL},
	{"no HTTP", "SSH-2.0-OpenSSH_9.2\r\n", FILL_NOTHING, "", ERROR_INVALID, "malformed HTTP response", 0, NULL},
	{"a length that is none", "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello", FILL_NOTHING, "", ERROR_INVALID, "malformed HTTP response", 0,
		NULL},
};

static bool answer_once(void *argument, const struct fake_request *request, int fd)
{
	const struct answer *answer = argument;
	cleanup_buf struct buf bytes = {0};

	(void)request;
	buf_add_text(&bytes, answer->bytes);
	if (answer->filler == FILL_LONG_HEADER || answer->filler == FILL_BODY_2_MIB)
		for (size_t i = 0; i < (answer->filler == FILL_LONG_HEADER ? 100 : 2048); i++)
			buf_printf(&bytes, "%01024d", 0);
	for (size_t i = 0; answer->filler == FILL_MANY_HEADERS && i < 400; i++)
		buf_printf(&bytes, "X-%zu: 1\r\n", i);
	buf_add_text(&bytes, answer->rest);
	fake_send(fd, buf_str(&bytes));
	return false;
}

static void understands_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		const struct answer *answer = &answers[i];
		struct fake_server *server = fake_server_start(answer_once, (void *)(uintptr_t)answer);
		struct http_client *client = client_make(0, NULL);
		cleanup_http_response struct http_response response = {0};
		cleanup_error struct error err = {0};
		cleanup_free char *url = url_of(server);
		struct http_request request = {.method = "GET", .url = url, .body_max = 1024 * 1024};

		bool done = http_do(client, &request, &response, &err);
		unit_assert(
			done == (answer->kind == ERROR_NONE) && err.kind == answer->kind, "%s: %d, %s", answer->why, (int)err.kind, error_text(&err));
		unit_assert(done || strstr(error_text(&err), answer->words), "%s: %s", answer->why, error_text(&err));
		unit_assert(!done || response.status == answer->status, "%s: status %d", answer->why, response.status);
		if (done && answer->body)
			unit_assert(str_equal(buf_str(&response.body), str_of(answer->body)), "%s: %s", answer->why, response.body.data);
		unit_assert(response.body.len <= 1024 * 1024, "%s: %zu bytes kept", answer->why, response.body.len);
		http_client_free(client);
		fake_server_stop(server);
	}
}

/* ---- callbacks ---- */

struct heard {
	struct buf body;
	int status;
	size_t stop_after; /* the receiver fails then; 0: never */
	bool head_fails;
	int64_t sent;
};

static bool on_received(void *argument, struct str bytes, struct error *err)
{
	struct heard *heard = argument;

	buf_add_str(&heard->body, bytes);
	return !heard->stop_after || heard->body.len < heard->stop_after || error_set(err, ERROR_NO_SPACE, "no space left on device");
}

static bool on_head(void *argument, const struct http_response *response, struct error *err)
{
	struct heard *heard = argument;

	heard->status = response->status;
	return !heard->head_fails || error_set(err, ERROR_DENIED, "not this one");
}

static void on_sent(void *argument, int64_t bytes)
{
	((struct heard *)argument)->sent = bytes;
}

static bool answer_by_path(void *argument, const struct fake_request *request, int fd)
{
	(void)argument;
	if (strstr(request->head, "/missing"))
		return fake_printf(fd, "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnope");
	return fake_printf(fd, "HTTP/1.1 200 OK\r\nDocker-Content-Digest:  x \r\nLink: a\r\nLink: b\r\nContent-Length: 5\r\n\r\nhello");
}

static void hands_over_what_comes(void **state)
{
	struct fake_server *server = fake_server_start(answer_by_path, NULL);
	struct http_client *client = client_make(0, NULL);
	cleanup_http_response struct http_response response = {0};
	cleanup_error struct error err = {0};
	struct heard heard = {0};
	cleanup_free char *url = url_of(server), *missing = mem_printf("%s/missing", url);
	struct http_request request = {.method = "GET", .url = url, .received = on_received, .head = on_head, .argument = &heard};
	struct str value;

	(void)state;
	assert_true(http_do(client, &request, &response, &err));
	assert_true(str_equal(buf_str(&heard.body), STR("hello")) && response.body.len == 0 && heard.status == 200);
	unit_assert_text(response.reason, "OK");
	assert_true(http_response_header(&response, "docker-content-DIGEST", 0, &value) && str_equal(value, STR("x")));
	assert_true(http_response_header(&response, "Link", 1, &value) && str_equal(value, STR("b")));
	assert_false(http_response_header(&response, "Link", 2, &value));
	http_response_free(&response);

	/* Another status does not go to the receiver. */
	request.url = missing;
	assert_true(http_do(client, &request, &response, &err));
	assert_true(str_equal(buf_str(&heard.body), STR("hello")) && str_equal(buf_str(&response.body), STR("nope")) && heard.status == 404);
	http_response_free(&response);

	request.url = url;
	heard.stop_after = 1;
	assert_false(http_do(client, &request, &response, &err));
	assert_true(err.kind == ERROR_NO_SPACE);
	unit_assert_text(err.message, "no space left on device");
	error_clear(&err);
	http_response_free(&response);
	heard.head_fails = true;
	assert_false(http_do(client, &request, &response, &err));
	assert_true(err.kind == ERROR_DENIED);

	buf_free(&heard.body);
	http_client_free(client);
	fake_server_stop(server);
}

/* ---- bodies that go out ---- */

struct got {
	char *head;
	struct buf body;
};

static bool answer_keep(void *argument, const struct fake_request *request, int fd)
{
	struct got *got = argument;

	free(got->head);
	got->head = str_dup(str_of(request->head));
	buf_clear(&got->body);
	buf_add_str(&got->body, request->body);
	return fake_printf(fd, "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
}

static void sends_memory_files_and_nothing(void **state)
{
	struct got got = {0};
	struct fake_server *server = fake_server_start(answer_keep, &got);
	struct http_client *client = client_make(0, NULL);
	cleanup_http_response struct http_response response = {0};
	struct heard heard = {0};
	cleanup_free char *url = url_of(server);
	char name[] = "/tmp/naru-client-XXXXXX";
	cleanup_fd int fd = mkstemp(name);
	struct http_request request = {.method = "PUT", .url = url, .body = STR("hello"), .sent = on_sent, .argument = &heard};

	(void)state;
	unlink(name);
	request.headers = (const char *[]){"Content-Type: a/b", NULL};
	assert_true(http_do(client, &request, &response, NULL));
	assert_true(str_equal(buf_str(&got.body), STR("hello")) && heard.sent == 5 && response.status == 201);
	assert_true(strstr(got.head, "\r\nContent-Type: a/b\r\n") && strstr(got.head, "\r\nUser-Agent: naru/test\r\n"));
	assert_true(!strstr(got.head, "Expect") && !strstr(got.head, "Accept-Encoding"));
	http_response_free(&response);

	/* 3 MiB from offset 3 on: more than one buffer. */
	int64_t length = 3 * 1024 * 1024;
	assert_true(file_write_at(fd, "abcdef", 6, 0, NULL) && file_write_at(fd, "z", 1, length + 2, NULL));
	request.body = (struct str){0};
	request.body_fd = fd;
	request.body_offset = 3;
	request.body_length = length;
	assert_true(http_do(client, &request, &response, NULL));
	assert_true(heard.sent == length && memcmp(got.body.data, "def", 3) == 0);
	http_response_free(&response);

	struct http_request empty = {.method = "POST", .url = url};
	assert_true(http_do(client, &empty, &response, NULL));
	assert_true(strstr(got.head, "POST /x HTTP/1.1\r\n") && strstr(got.head, "\r\nContent-Length: 0"));
	http_response_free(&response);

	/* A file that became shorter is no body at all. */
	cleanup_error struct error err = {0};
	request.body_length = length + 1;
	assert_false(http_do(client, &request, &response, &err));
	assert_true(err.kind == ERROR_SYSTEM);

	http_client_free(client);
	fake_server_stop(server);
	free(got.head);
	buf_free(&got.body);
}

/* ---- connections ---- */

static bool answer_then_close(void *argument, const struct fake_request *request, int fd)
{
	size_t *connections = argument;

	if (request->connection + 1 > *connections)
		*connections = request->connection + 1;
	fake_printf(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	/* After the third request the server lets go of a connection that the client keeps. */
	return request->index != 2;
}

static void keeps_connections_and_outlives_their_end(void **state)
{
	size_t connections = 0;
	struct fake_server *server = fake_server_start(answer_then_close, &connections);
	struct http_client *client = client_make(0, NULL);
	cleanup_free char *url = url_of(server);

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		cleanup_http_response struct http_response response = {0};
		cleanup_error struct error err = {0};
		struct http_request request = {.method = "PUT", .url = url, .body = STR("body")};
		unit_assert(http_do(client, &request, &response, &err), "request %zu: %s", i, error_text(&err));
	}
	http_client_free(client);
	fake_server_stop(server);
	assert_int_equal(connections, 2);
}

static bool answer_never(void *argument, const struct fake_request *request, int fd)
{
	atomic_bool *cancel = argument;

	(void)request;
	fake_printf(fd, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
	if (cancel)
		atomic_store(cancel, true);
	return true;
}

static void gives_up_on_a_stall_and_when_told_to(void **state)
{
	atomic_bool cancel = false;
	struct {
		const char *why;
		atomic_bool *cancel;
		unsigned int stall_ms;
		enum error_kind kind;
		const char *words;
	} rows[] = {
		{"stall", NULL, 200, ERROR_UNAVAILABLE, "i/o timeout"},
		{"cancel", &cancel, 0, ERROR_CANCELED, "context canceled"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fake_server *server = fake_server_start(answer_never, rows[i].cancel);
		struct http_client *client = client_make(rows[i].stall_ms, rows[i].cancel);
		cleanup_http_response struct http_response response = {0};
		cleanup_error struct error err = {0};
		cleanup_free char *url = url_of(server);
		struct http_request request = {.method = "GET", .url = url};

		int64_t started_us = clock_monotonic_us();
		assert_false(http_do(client, &request, &response, &err));
		unit_assert(err.kind == rows[i].kind && strstr(err.message, rows[i].words), "%s: %s", rows[i].why, err.message);
		unit_assert(clock_monotonic_us() - started_us < 10 * 1000000, "%s took too long", rows[i].why);
		http_client_free(client);
		fake_server_stop(server);
	}
}

static bool answer_reset(void *argument, const struct fake_request *request, int fd)
{
	(void)argument;
	(void)request;
	fake_printf(fd, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
	return fake_reset(fd);
}

static void tells_a_reset(void **state)
{
	struct fake_server *server = fake_server_start(answer_reset, NULL);
	struct http_client *client = client_make(0, NULL);
	cleanup_http_response struct http_response response = {0};
	cleanup_error struct error err = {0};
	cleanup_free char *url = url_of(server);
	struct http_request request = {.method = "GET", .url = url};

	(void)state;
	assert_false(http_do(client, &request, &response, &err));
	assert_true(err.kind == ERROR_UNAVAILABLE || err.kind == ERROR_CORRUPT);
	http_client_free(client);
	fake_server_stop(server);
}

/* ---- what never leaves ---- */

static void refuses_before_it_connects(void **state)
{
	static const struct {
		const char *why, *url, *header;
		enum error_kind kind;
		const char *words;
	} rows[] = {
		{"a closed port", "http://127.0.0.1:1/v2/", NULL, ERROR_UNAVAILABLE,
			"Get \"http://127.0.0.1:1/v2/\": dial tcp 127.0.0.1:1: connect: connection refused"},
		{"a name that is none", "https://h.invalid/v2/", NULL, ERROR_UNAVAILABLE, "dial tcp: lookup h.invalid: no such host"},
		{"a file", "file:///etc/passwd", NULL, ERROR_INVALID, "scheme"},
		{"no URL", "http://", NULL, ERROR_INVALID, "malformed URL"},
		{"a user's name", "http://u:p@127.0.0.1:1/", NULL, ERROR_INVALID, "user's name"},
		{"two headers in one", "http://127.0.0.1:1/", "X: a\r\nY: b", ERROR_INVALID, "line's end"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct http_client *client = client_make(0, NULL);
		cleanup_http_response struct http_response response = {0};
		cleanup_error struct error err = {0};
		struct http_request request = {.method = "GET", .url = rows[i].url, .headers = (const char *[]){rows[i].header, NULL}};

		unit_assert(!http_do(client, &request, &response, &err) && err.kind == rows[i].kind, "%s: %d", rows[i].why, (int)err.kind);
		unit_assert(strstr(err.message, rows[i].words), "%s: %s", rows[i].why, err.message);
		http_client_free(client);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(understands_answers),
		cmocka_unit_test(hands_over_what_comes),
		cmocka_unit_test(sends_memory_files_and_nothing),
		cmocka_unit_test(keeps_connections_and_outlives_their_end),
		cmocka_unit_test(gives_up_on_a_stall_and_when_told_to),
		cmocka_unit_test(tells_a_reset),
		cmocka_unit_test(refuses_before_it_connects),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
