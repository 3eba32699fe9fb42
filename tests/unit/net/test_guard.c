/*
 * Heads, good and hostile, and what the guard makes of them; each also byte by byte, since the network cuts where it likes. What passes goes through
 * llhttp too, which has to frame it the same. The hostile ones are the known ways of request smuggling.
 */
#include "tests/unit/unit.h"

#include "net/guard.h"
#include "net/http_parser.h"

#define LIMIT 4096
#define H "Host: r\r\n"
#define GET "GET / HTTP/1.1\r\n"
#define POST "POST /u HTTP/1.1\r\n" H

static const struct {
	struct str head;
	int status; /* 0: passes */
	int64_t length;
	bool keep;
} heads[] = {
	/* Good. */
	{STR(GET H "\r\n"), 0, 0, true},
	{STR("HEAD /v2/ HTTP/1.1\r\n" H "\r\n"), 0, 0, true},
	{STR("OPTIONS * HTTP/1.1\r\n" H "\r\n"), 0, 0, true},
	{STR("DELETE /v2/a/manifests/sha256:ab?x=%20&y HTTP/1.1\r\n" H "\r\n"), 0, 0, true},
	{STR(GET "host:r\r\nACCEPT:\t a , b \t\r\n\r\n"), 0, 0, true},
	{STR(GET H "X-Empty:\r\nX-Blank:   \r\n\r\n"), 0, 0, true},
	{STR(GET H "X-Utf8: \xec\x95\x88\r\n\r\n"), 0, 0, true},
	{STR(GET "Host: [::1]:5000\r\n\r\n"), 0, 0, true},
	{STR("GET / HTTP/1.0\r\n\r\n"), 0, 0, false},
	{STR("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"), 0, 0, true},
	{STR(GET H "Connection: close\r\n\r\n"), 0, 0, false},
	{STR(GET H "Connection: x, Close\r\n\r\n"), 0, 0, false},
	{STR(GET H "Connection: keep-alive\r\nConnection: close\r\n\r\n"), 0, 0, false},
	{STR(GET H "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n\r\n"), 0, 0, true},
	{STR(POST "Content-Length: 0\r\n\r\n"), 0, 0, true},
	{STR(POST "Content-Length: 5\r\n\r\nhello"), 0, 5, true},
	{STR(POST "content-LENGTH:  999999999999999999 \r\n\r\n"), 0, 999999999999999999, true},
	{STR(POST "Transfer-Encoding: chunked\r\n\r\n"), 0, -1, true},
	{STR(POST "transfer-encoding:Chunked\r\n\r\n"), 0, -1, true},
	{STR(POST "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"), 0, 5, true},

	/* Two lengths, odd lengths. */
	{STR(POST "Content-Length: 5\r\nContent-Length: 6\r\n\r\n"), 400, 0, false},
	{STR(POST "Content-Length: 5\r\ncontent-length: 5\r\n\r\n"), 400, 0, false},
	{STR(POST "Content-Length: 5, 5\r\n\r\n"), 400, 0, false},
	{STR(POST "Content-Length: +5\r\n\r\n"), 400, 0, false},
	{STR(POST "Content-Length: -5\r\n\r\n"), 400, 0, false},
	{STR(POST "Content-Length: 0x5\r\n\r\n"), 400, 0, false},
	{STR(POST "Content-Length: 005\r\n\r\n"), 400, 0, false},
	{STR(POST "Content-Length: 5 6\r\n\r\n"), 400, 0, false},
	{STR(POST "Content-Length:\r\n\r\n"), 400, 0, false},
	{STR(POST "Content-Length: 9999999999999999999\r\n\r\n"), 400, 0, false},
	{STR(POST "Content-Length: 18446744073709551621\r\n\r\n"), 400, 0, false},
	{STR(POST "Content-Length: 5\x0b\r\n\r\n"), 400, 0, false},
	{STR(POST "Content-Length: \xc2\xa0"
		  "5\r\n\r\n"),
		400, 0, false},

	/* Codings. */
	{STR(POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"), 400, 0, false},
	{STR(POST "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n"), 400, 0, false},
	{STR(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"), 400, 0, false},
	{STR(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n"), 400, 0, false},
	{STR(POST "Transfer-Encoding: gzip, chunked\r\n\r\n"), 501, 0, false},
	{STR(POST "Transfer-Encoding: chunked, identity\r\n\r\n"), 501, 0, false},
	{STR(POST "Transfer-Encoding: xchunked\r\n\r\n"), 501, 0, false},
	{STR(POST "Transfer-Encoding: chunked;q=1\r\n\r\n"), 501, 0, false},
	{STR(POST "Transfer-Encoding: \"chunked\"\r\n\r\n"), 501, 0, false},
	{STR(POST "Transfer-Encoding:\r\n\r\n"), 501, 0, false},
	{STR(POST "Transfer-Encoding: \x0b"
		  "chunked\r\n\r\n"),
		400, 0, false},
	{STR(POST "Transfer-Encoding: chunked\t\r\n\r\n"), 400, 0, false},
	{STR(POST "Content-Length:\t5\r\n\r\n"), 400, 0, false},
	{STR(POST "Transfer-Encoding : chunked\r\n\r\n"), 400, 0, false},
	{STR(POST "Transfer-Encoding\t: chunked\r\n\r\n"), 400, 0, false},
	{STR("POST / HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n\r\n"), 400, 0, false},

	/* Line ends, folds, NUL. */
	{STR("GET / HTTP/1.1\n" H "\r\n"), 400, 0, false},
	{STR(GET "Host: r\n\r\n"), 400, 0, false},
	{STR(GET H "\n"), 400, 0, false},
	{STR(POST "X:\rContent-Length: 5\r\n\r\n"), 400, 0, false},
	{STR(POST "X: a\rb\r\n\r\n"), 400, 0, false},
	{STR(POST "X: a\r\r\n\r\n"), 400, 0, false},
	{STR(POST "X: a\r\n Content-Length: 5\r\n\r\n"), 400, 0, false},
	{STR(POST "X: a\r\n\tb\r\n\r\n"), 400, 0, false},
	{STR(GET " Host: r\r\n\r\n"), 400, 0, false},
	{STR(GET H "X: a\0b\r\n\r\n"), 400, 0, false},
	{STR("GET /\0x HTTP/1.1\r\n" H "\r\n"), 400, 0, false},
	{STR(GET H "X\0: a\r\n\r\n"), 400, 0, false},
	{STR(GET H "X: a\x7f\r\n\r\n"), 400, 0, false},
	{STR(GET H "X: \x01\r\n\r\n"), 400, 0, false},

	/* Names. */
	{STR(GET H "NoColon\r\n\r\n"), 400, 0, false},
	{STR(GET H ": empty\r\n\r\n"), 400, 0, false},
	{STR(GET H "A B: c\r\n\r\n"), 400, 0, false},
	{STR(GET H "A(B): c\r\n\r\n"), 400, 0, false},
	{STR(GET H "A\xc3\xa9: c\r\n\r\n"), 400, 0, false},

	/* Host. */
	{STR(GET "\r\n"), 400, 0, false},
	{STR(GET "Host:\r\n\r\n"), 400, 0, false},
	{STR(GET "Host: r:\r\n\r\n"), 400, 0, false},
	{STR(GET "Host: :80\r\n\r\n"), 400, 0, false},
	{STR(GET "Host: r:80:80\r\n\r\n"), 400, 0, false},
	{STR(GET "Host: r:65536\r\n\r\n"), 400, 0, false},
	{STR(GET "Host: r:80x\r\n\r\n"), 400, 0, false},
	{STR(GET "Host: ::1\r\n\r\n"), 400, 0, false},
	{STR(GET "Host: [::1\r\n\r\n"), 400, 0, false},
	{STR(GET "Host: [::1]80\r\n\r\n"), 400, 0, false},
	{STR(GET "Host: r,s\r\n\r\n"), 400, 0, false},
	{STR(GET "Host: r%2f\r\n\r\n"), 400, 0, false},
	{STR(GET "Host: r\xc3\xa9\r\n\r\n"), 400, 0, false},
	{STR(GET H H "\r\n"), 400, 0, false},
	{STR("GET / HTTP/1.0\r\n" H "host: other\r\n\r\n"), 400, 0, false},
	{STR(GET "Host: a b\r\n\r\n"), 400, 0, false},
	{STR(GET "Host: user@r\r\n\r\n"), 400, 0, false},
	{STR(GET "Host: r/../x\r\n\r\n"), 400, 0, false},

	/* The request line. */
	{STR("\x16\x03\x01\x02"), 400, 0, false}, /* a TLS greeting: refused at once, so that Go's clients turn to plain HTTP */
	{STR(" GET / HTTP/1.1\r\n" H "\r\n"), 400, 0, false},
	{STR("GET  / HTTP/1.1\r\n" H "\r\n"), 400, 0, false},
	{STR("GET /  HTTP/1.1\r\n" H "\r\n"), 400, 0, false},
	{STR("GET / HTTP/1.1 \r\n" H "\r\n"), 400, 0, false},
	{STR("GET\t/\tHTTP/1.1\r\n" H "\r\n"), 400, 0, false},
	{STR("GET /\r\n\r\n"), 400, 0, false},
	{STR("GET / HTTP/1.1x\r\n" H "\r\n"), 400, 0, false},
	{STR("GET / http/1.1\r\n" H "\r\n"), 400, 0, false},
	{STR("GET / HTTP/11\r\n" H "\r\n"), 400, 0, false},
	{STR("GET / HTTP/1.2\r\n" H "\r\n"), 505, 0, false},
	{STR("GET / HTTP/2.0\r\n" H "\r\n"), 505, 0, false},
	{STR("PRI * HTTP/2.0\r\n\r\n"), 505, 0, false},
	{STR("GET / HTTP/0.9\r\n\r\n"), 505, 0, false},
	{STR("get / HTTP/1.1\r\n" H "\r\n"), 501, 0, false},
	{STR("TRACE / HTTP/1.1\r\n" H "\r\n"), 501, 0, false},
	{STR("CONNECT r:443 HTTP/1.1\r\n" H "\r\n"), 501, 0, false},
	{STR("G(T / HTTP/1.1\r\n" H "\r\n"), 400, 0, false},
	{STR("GET http:///v2/ HTTP/1.1\r\n" H "\r\n"), 400, 0, false},
	{STR("GET http://r?x HTTP/1.1\r\n" H "\r\n"), 400, 0, false},
	{STR("GET http://user@r/ HTTP/1.1\r\n" H "\r\n"), 400, 0, false},
	{STR("GET http://r:x/ HTTP/1.1\r\n" H "\r\n"), 400, 0, false},
	{STR("GET http://r\\s/ HTTP/1.1\r\n" H "\r\n"), 400, 0, false},
	{STR("GET http://r#/ HTTP/1.1\r\n" H "\r\n"), 400, 0, false},
	{STR("GET http://r/a#b HTTP/1.1\r\n" H "\r\n"), 400, 0, false},
	{STR("GET http:/v2/ HTTP/1.1\r\n" H "\r\n"), 400, 0, false},
	{STR("GET ftp://r/ HTTP/1.1\r\n" H "\r\n"), 400, 0, false},
	{STR("GET r:80 HTTP/1.1\r\n" H "\r\n"), 400, 0, false},
	{STR("GET http://r/ HTTP/1.1\r\n\r\n"), 400, 0, false},
	{STR("GET * HTTP/1.1\r\n" H "\r\n"), 400, 0, false},
	{STR("GET v2 HTTP/1.1\r\n" H "\r\n"), 400, 0, false},
	{STR("GET /a#b HTTP/1.1\r\n" H "\r\n"), 400, 0, false},
	{STR("GET /\x80 HTTP/1.1\r\n" H "\r\n"), 400, 0, false},
	{STR("GET /\x7f HTTP/1.1\r\n" H "\r\n"), 400, 0, false},

	/* Others. */
	{STR(POST "Expect: 200-ok\r\nContent-Length: 5\r\n\r\n"), 417, 0, false},
};

/* What a request line asks of whom. */
static const struct {
	const char *line, *target, *authority;
} targets[] = {
	{"GET /v2/?n=1", "/v2/?n=1", ""},
	{"OPTIONS *", "*", ""},
	{"GET http://r.example:80/v2/a?b", "/v2/a?b", "r.example:80"},
	{"GET HTTPS://[::1]:5000/v2//", "/v2//", "[::1]:5000"},
	{"GET http://r", "/", "r"},
	{"GET http://r/http://s/", "/http://s/", "r"},
	{"GET //s/v2/", "//s/v2/", ""},
};

static enum guard_result whole(struct guard *guard, struct str head)
{
	*guard = (struct guard){0};
	return guard_check(guard, head.data, head.len, LIMIT);
}

/* As a slow network brings it; the first answer that is not MORE. */
static enum guard_result by_bytes(struct guard *guard, struct str head)
{
	enum guard_result result = GUARD_MORE;

	*guard = (struct guard){0};
	for (size_t len = 0; len <= head.len && result == GUARD_MORE; len++)
		result = guard_check(guard, head.data, len, LIMIT);
	return result;
}

static void decides_every_head_as_the_table_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
		for (int bytewise = 0; bytewise < 2; bytewise++) {
			struct guard guard;
			enum guard_result result = bytewise ? by_bytes(&guard, heads[i].head) : whole(&guard, heads[i].head);

			unit_assert(result == (heads[i].status ? GUARD_REFUSED : GUARD_DONE), "row %zu: result %d: %.*s", i, (int)result,
				STR_ARG(heads[i].head));
			if (heads[i].status) {
				unit_assert(guard.status == heads[i].status, "row %zu: %d, not %d (%s)", i, guard.status, heads[i].status, guard.why);
				continue;
			}
			unit_assert(guard.content_length == heads[i].length, "row %zu: length %lld", i, (long long)guard.content_length);
			unit_assert(guard.keep_alive == heads[i].keep, "row %zu: keep-alive %d", i, guard.keep_alive);
		}
	}
}

static void an_absolute_target_says_whom_it_asks(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		struct guard guard;
		char head[128];
		int len = snprintf(head, sizeof head, "%s HTTP/1.1\r\nHost: other\r\n\r\n", targets[i].line);

		unit_assert(whole(&guard, str_make(head, (size_t)len)) == GUARD_DONE, "%s: refused", targets[i].line);
		unit_assert(str_equal(guard.target, str_of(targets[i].target)), "%s: asks for %.*s", targets[i].line, STR_ARG(guard.target));
		unit_assert(str_equal(guard.authority, str_of(targets[i].authority)), "%s: asks %.*s", targets[i].line, STR_ARG(guard.authority));
	}
}

static void llhttp_frames_what_passes_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
		struct http_field fields[GUARD_FIELDS_MAX];
		struct guard guard;
		struct str target;
		size_t count;
		int64_t length;

		if (whole(&guard, heads[i].head) != GUARD_DONE)
			continue;
		bool parsed = http_parser_head(str_head(heads[i].head, guard.length), &target, fields, GUARD_FIELDS_MAX, &count, &length);
		unit_assert(parsed, "row %zu: llhttp refuses it", i);
		unit_assert(length == guard.content_length && count == guard.fields && str_equal(target, guard.line_target),
			"row %zu: llhttp frames it differently", i);
	}
}

static void ends_at_the_limits(void **state)
{
	struct guard guard;
	char head[LIMIT + 64];

	(void)state;
	memset(head, 'a', sizeof head);
	assert_int_equal(whole(&guard, str_make(head, LIMIT - 1)), GUARD_MORE);
	assert_int_equal(whole(&guard, str_make(head, LIMIT)), GUARD_REFUSED);
	assert_int_equal(guard.status, 431);

	/* One line more than fits. */
	size_t len = (size_t)snprintf(head, sizeof head, GET H);
	for (int i = 1; i <= GUARD_FIELDS_MAX; i++)
		len += (size_t)snprintf(head + len, sizeof head - len, "a:b\r\n");
	assert_int_equal(whole(&guard, str_make(head, len)), GUARD_REFUSED);
	assert_int_equal(guard.status, 431);
	len -= 5;
	len += (size_t)snprintf(head + len, sizeof head - len, "\r\n");
	assert_int_equal(whole(&guard, str_make(head, len)), GUARD_DONE);
	assert_int_equal(guard.fields, GUARD_FIELDS_MAX);
}

UNIT_MAIN(cmocka_unit_test(decides_every_head_as_the_table_says), cmocka_unit_test(an_absolute_target_says_whom_it_asks),
	cmocka_unit_test(llhttp_frames_what_passes_the_same), cmocka_unit_test(ends_at_the_limits))
