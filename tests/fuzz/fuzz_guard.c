/*
 * The guard and llhttp against each other: what the guard lets through llhttp has to take, with the same end, length and number of lines; and
 * wherever the network cuts the bytes, the outcome is the same. Behind the head come the path and, when it is chunked, the body.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/guard.h"
#include "net/http_parser.h"
#include "net/router.h"

#define LIMIT ((size_t)8192)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* The head again, in two pieces and byte by byte: the decision may not depend on it. */
static void check_cuts(const char *text, size_t size, const struct guard *whole, enum guard_result result)
{
	struct guard guard = {0};
	enum guard_result cut = GUARD_MORE;

	for (size_t len = 0; len <= size && cut == GUARD_MORE; len++)
		cut = guard_check(&guard, text, len, LIMIT);
	require(cut == result);
	if (result == GUARD_DONE)
		require(guard.length == whole->length && guard.content_length == whole->content_length && guard.keep_alive == whole->keep_alive);
}

struct outcome {
	bool good, done;
	size_t end, payload_len;
	char *payload;
};

/* Decodes a chunked body given in pieces of step bytes. */
static struct outcome decode(struct http_parser *parser, struct str head, struct str body, size_t step)
{
	struct http_field fields[GUARD_FIELDS_MAX];
	struct outcome outcome = {.payload = malloc(body.len + 1)};
	struct http_chunks chunks = {0};
	struct str target;
	size_t count;
	int64_t length;
	char *piece = malloc(step);

	outcome.good = http_parser_head(parser, head, &target, fields, GUARD_FIELDS_MAX, &count, &length);
	while (outcome.good && !chunks.done && outcome.end < body.len) {
		size_t size = body.len - outcome.end < step ? body.len - outcome.end : step;
		memcpy(piece, body.data + outcome.end, size);
		outcome.good = http_parser_chunks(parser, piece, size, &chunks);
		require(chunks.consumed <= size && chunks.payload <= chunks.consumed);
		if (!outcome.good)
			break;
		memcpy(outcome.payload + outcome.payload_len, piece, chunks.payload);
		outcome.payload_len += chunks.payload;
		outcome.end += chunks.consumed;
	}
	outcome.done = outcome.good && chunks.done;
	free(piece);
	return outcome;
}

static void check_chunks(struct http_parser *parser, struct str head, struct str body)
{
	if (!body.len)
		return;
	struct outcome whole = decode(parser, head, body, body.len), cut = decode(parser, head, body, 1);

	/* What is too much overhead depends on the pieces; bodies below its bound do not. */
	require(whole.good == cut.good && whole.done == cut.done);
	if (whole.good)
		require(whole.end == cut.end && whole.payload_len == cut.payload_len && memcmp(whole.payload, cut.payload, cut.payload_len) == 0);
	free(whole.payload);
	free(cut.payload);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct guard guard = {0};

	if (size > 4096)
		return 0;
	enum guard_result result = guard_check(&guard, text, size, LIMIT);
	check_cuts(text, size, &guard, result);
	if (result == GUARD_REFUSED)
		require(guard.status >= 400 && guard.status < 600 && guard.why);
	if (result != GUARD_DONE)
		return 0;

	struct http_parser *parser = http_parser_new();
	struct http_field fields[GUARD_FIELDS_MAX];
	struct router_path path;
	struct str target, head = str_make(text, guard.length);
	char *decoded;
	size_t count;
	int64_t length;
	require(http_parser_head(parser, head, &target, fields, GUARD_FIELDS_MAX, &count, &length));
	require(length == guard.content_length && count == guard.fields);
	decoded = malloc(target.len + 1);
	if (router_path_parse(&path, target, decoded))
		require(path.text.len <= target.len && !memmem(path.text.data, path.text.len, "/../", 4));
	free(decoded);
	if (length < 0)
		check_chunks(parser, head, str_from(str_make(text, size), guard.length));
	http_parser_free(parser);
	return 0;
}
