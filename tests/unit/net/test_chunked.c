/* Chunked bodies, good and hostile, each in pieces of every size. */
#include "tests/unit/unit.h"

#include "base/buf.h"
#include "net/chunked.h"

static const struct {
	struct str body;
	const char *payload; /* NULL: malformed */
	size_t rest;         /* bytes behind it, of the next request */
} rows[] = {
	{STR("5\r\nhello\r\n0\r\n\r\n"), "hello", 0},
	{STR("5\r\nhello\r\n1;ext=\"a;b\"\r\n!\r\n0\r\n\r\nGET"), "hello!", 3},
	{STR("A\r\n0123456789\r\n000\r\nTrailer: x\r\nOther:\ty\r\n\r\n"), "0123456789", 0},
	{STR("a;x;y=z;w=\"\";v=\"\t \xc3\xa9\";u\r\n0123456789\r\n0;last\r\nT:\r\n\r\n\r\n"), "0123456789", 2},
	{STR("0000000000000005\r\nhello\r\n0\r\n\r\n"), "hello", 0},
	{STR("0\r\n\r\n"), "", 0},

	/* Sizes. */
	{STR("\r\nhello\r\n0\r\n\r\n"), NULL, 0},
	{STR(" 5\r\nhello\r\n0\r\n\r\n"), NULL, 0},
	{STR("5 \r\nhello\r\n0\r\n\r\n"), NULL, 0},
	{STR("5\t;x\r\nhello\r\n0\r\n\r\n"), NULL, 0},
	{STR("0x5\r\nhello\r\n0\r\n\r\n"), NULL, 0},
	{STR("+5\r\nhello\r\n0\r\n\r\n"), NULL, 0},
	{STR("-1\r\nhello\r\n0\r\n\r\n"), NULL, 0},
	{STR("5_\r\nhello\r\n0\r\n\r\n"), NULL, 0},
	{STR(";x\r\nhello\r\n0\r\n\r\n"), NULL, 0},
	{STR("10000000000000005\r\nhello\r\n0\r\n\r\n"), NULL, 0},
	{STR("00000000000000005\r\nhello\r\n0\r\n\r\n"), NULL, 0},
	{STR("ffffffffffffffff\r\nhello\r\n0\r\n\r\n"), NULL, 0},
	{STR("8000000000000000\r\nhello\r\n0\r\n\r\n"), NULL, 0},

	/* Line ends. */
	{STR("5\nhello\r\n0\r\n\r\n"), NULL, 0},
	{STR("5\r\rhello\r\n0\r\n\r\n"), NULL, 0},
	{STR("5\r\nhelloXX0\r\n\r\n"), NULL, 0},
	{STR("5\r\nhello\n0\r\n\r\n"), NULL, 0},
	{STR("5\r\nhello0\r\n\r\n"), NULL, 0},
	{STR("5\r\nhello\r\n0\r\n\n"), NULL, 0},
	{STR("5\r\nhello\r\n0\r\n\rX"), NULL, 0},
	{STR("5\r\nhello\r\n0\n\r\n"), NULL, 0},

	/* Extensions. */
	{STR("5;a\nb\r\nhello\r\n0\r\n\r\n"), NULL, 0},
	{STR("5;a\rb\r\nhello\r\n0\r\n\r\n"), NULL, 0},
	{STR("5;a=\"\r\nhello\r\n0\r\n\r\n"), NULL, 0},
	{STR("5;a=\"\\\"\"\r\nhello\r\n0\r\n\r\n"), NULL, 0},
	{STR("5;a\0\r\nhello\r\n0\r\n\r\n"), NULL, 0},
	{STR("5;\r\nhello\r\n0\r\n\r\n"), NULL, 0},
	{STR("5;a=\r\nhello\r\n0\r\n\r\n"), NULL, 0},
	{STR("5;a;\r\nhello\r\n0\r\n\r\n"), NULL, 0},
	{STR("5; a\r\nhello\r\n0\r\n\r\n"), NULL, 0},
	{STR("5;a=b=c\r\nhello\r\n0\r\n\r\n"), NULL, 0},
	{STR("5;a#\"b\"\r\nhello\r\n0\r\n\r\n"), NULL, 0},
	{STR("5;a=\"b\"c\r\nhello\r\n0\r\n\r\n"), NULL, 0},
	{STR("5;\x7f\r\nhello\r\n0\r\n\r\n"), NULL, 0},

	/* Trailers. */
	{STR("0\r\nA:\r b\r\n\r\n"), NULL, 0},
	{STR("0\r\nA: b\n\r\n"), NULL, 0},
	{STR("0\r\nA: b\r\n c\r\n\r\n"), NULL, 0},
	{STR("0\r\n A: b\r\n\r\n"), NULL, 0},
	{STR("0\r\nA : b\r\n\r\n"), NULL, 0},
	{STR("0\r\n: b\r\n\r\n"), NULL, 0},
	{STR("0\r\nA\r\n\r\n"), NULL, 0},
	{STR("0\r\nA: \0\r\n\r\n"), NULL, 0},
	{STR("0\r\nGET / HTTP/1.1\r\n\r\n"), NULL, 0},
	{STR("0\r\nTransfer-Encoding: chunked\r\n\r\n"), NULL, 0},
	{STR("0\r\nA: b\r\ncontent-LENGTH: 5\r\n\r\n"), NULL, 0},
	{STR("0\r\nContent-Lengthy: 5\r\nX-Transfer-Encoding-and-more: 1\r\n\r\n"), "", 0},
};

struct outcome {
	bool good, done;
	size_t end;
	char payload[64];
};

static struct outcome decode(struct str body, size_t step)
{
	struct outcome outcome = {.good = true};
	struct chunked chunked = {0};
	size_t got = 0;

	while (outcome.good && !outcome.done && outcome.end < body.len) {
		struct chunked_piece piece;
		char data[64];
		size_t size = body.len - outcome.end < step ? body.len - outcome.end : step;

		memcpy(data, body.data + outcome.end, size);
		outcome.good = chunked_decode(&chunked, data, size, &piece);
		if (!outcome.good)
			break;
		memcpy(outcome.payload + got, data, piece.payload);
		got += piece.payload;
		outcome.end += piece.consumed;
		outcome.done = piece.done;
	}
	return outcome;
}

static void decodes_wherever_it_is_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (size_t step = 1; step <= rows[i].body.len; step++) {
			struct outcome outcome = decode(rows[i].body, step);

			if (!rows[i].payload) {
				unit_assert(!outcome.good, "row %zu, step %zu: taken", i, step);
				continue;
			}
			unit_assert(outcome.good && outcome.done && rows[i].body.len - outcome.end == rows[i].rest,
				"row %zu, step %zu: refused, or another end", i, step);
			unit_assert_text(outcome.payload, rows[i].payload);
		}
	}
}

static void says_how_much_of_a_chunk_is_to_come(void **state)
{
	struct chunked chunked = {0};
	struct chunked_piece piece;
	char data[] = "1000\r\nabc";

	(void)state;
	assert_true(chunked_decode(&chunked, data, sizeof data - 1, &piece));
	assert_int_equal(piece.payload, 3);
	assert_int_equal(chunked.left, 0x1000 - 3);
}

/* How many bytes of this it takes behind start before it refuses them. */
static size_t taken(const char *start, const char *more)
{
	struct chunked chunked = {0};
	struct chunked_piece piece;
	cleanup_buf struct buf data = {0};

	buf_add_text(&data, start);
	assert_true(chunked_decode(&chunked, data.data, data.len, &piece));
	for (size_t sent = 0; sent < 100000; sent += strlen(more)) {
		buf_clear(&data);
		buf_add_text(&data, more);
		if (!chunked_decode(&chunked, data.data, data.len, &piece))
			return sent;
	}
	return SIZE_MAX;
}

static void extensions_and_trailers_are_bounded(void **state)
{
	(void)state;
	assert_int_equal(taken("5;", "x"), CHUNKED_EXTENSION_MAX);
	assert_in_range(taken("0\r\n", "A: b\r\n"), CHUNKED_TRAILERS_MAX * 5 / 6, CHUNKED_TRAILERS_MAX);
	assert_in_range(taken("0\r\n", "A"), CHUNKED_TRAILERS_MAX - 1, CHUNKED_TRAILERS_MAX);
	/* Each chunk may have its own. */
	assert_int_equal(taken("", "1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n!\r\n"), SIZE_MAX);
}

UNIT_MAIN(cmocka_unit_test(decodes_wherever_it_is_cut), cmocka_unit_test(says_how_much_of_a_chunk_is_to_come),
	cmocka_unit_test(extensions_and_trailers_are_bounded))
