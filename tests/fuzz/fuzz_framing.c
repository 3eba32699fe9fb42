/*
 * How a stream of requests is cut into messages: the guard and chunked.c on one side, llhttp alone on the other. What ours lets through llhttp has to
 * frame the same: same heads, lengths, bodies and ends. What ours refuses ends the connection, so nothing behind it is framed at all. And wherever
 * the network cuts the bytes, ours decides the same.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Its words for the methods are ours as well. */
#define HTTP_GET THEIR_GET
#define HTTP_HEAD THEIR_HEAD
#define HTTP_POST THEIR_POST
#define HTTP_PUT THEIR_PUT
#define HTTP_PATCH THEIR_PATCH
#define HTTP_DELETE THEIR_DELETE
#define HTTP_OPTIONS THEIR_OPTIONS
#include <llhttp.h>
#undef HTTP_GET
#undef HTTP_HEAD
#undef HTTP_POST
#undef HTTP_PUT
#undef HTTP_PATCH
#undef HTTP_DELETE
#undef HTTP_OPTIONS

#include "net/chunked.h"
#include "net/guard.h"
#include "net/http_parser.h"
#include "net/router.h"

#define LIMIT ((size_t)8192)
#define INPUT_MAX 4096
#define MESSAGES_MAX 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

enum verdict { REFUSED, UNFINISHED, WHOLE };

struct message {
	enum verdict verdict;
	size_t end; /* of a whole one */
	size_t payload_len;
	char payload[INPUT_MAX];
};

/* ---- ours ---- */

/* The head again, in all pieces that start at its start: the decision may not depend on it. */
static void check_cuts(struct str text, const struct guard *whole, enum guard_result result)
{
	struct guard guard = {0};
	enum guard_result cut = GUARD_MORE;

	for (size_t len = 0; len <= text.len && cut == GUARD_MORE; len++)
		cut = guard_check(&guard, text.data, len, LIMIT);
	require(cut == result);
	if (result == GUARD_DONE)
		require(guard.length == whole->length && guard.content_length == whole->content_length && guard.keep_alive == whole->keep_alive);
}

/* What request.c makes of a head that the guard let through. */
static void check_head(struct str head, const struct guard *guard)
{
	struct http_field fields[GUARD_FIELDS_MAX];
	struct router_path path;
	struct str target;
	size_t count;
	int64_t length;

	require(http_parser_head(head, &target, fields, GUARD_FIELDS_MAX, &count, &length));
	require(length == guard->content_length && count == guard->fields && str_equal(target, guard->line_target));
	require(guard->target.len && guard->target.len <= guard->line_target.len + 1);
	char *decoded = malloc(guard->target.len + 1);
	if (router_path_parse(&path, guard->target, decoded))
		require(path.text.len <= guard->target.len && !memmem(path.text.data, path.text.len, "/../", 4));
	free(decoded);
}

static void decode(struct message *message, struct str body, size_t step)
{
	struct chunked chunked = {0};
	struct chunked_piece piece = {0};

	message->verdict = UNFINISHED;
	message->payload_len = message->end = 0;
	while (message->verdict == UNFINISHED && message->end < body.len) {
		char *data = message->payload + message->payload_len;
		size_t size = body.len - message->end < step ? body.len - message->end : step;
		memcpy(data, body.data + message->end, size);
		if (!chunked_decode(&chunked, data, size, &piece)) {
			message->verdict = REFUSED;
			return;
		}
		require(piece.consumed <= size && piece.payload <= piece.consumed && (piece.done || piece.consumed == size));
		message->payload_len += piece.payload;
		message->end += piece.consumed;
		message->verdict = piece.done ? WHOLE : UNFINISHED;
	}
}

static void chunked_body(struct message *ours, struct str body)
{
	static struct message bytewise;

	decode(ours, body, INPUT_MAX);
	decode(&bytewise, body, 1);
	require(bytewise.verdict == ours->verdict);
	if (ours->verdict == WHOLE)
		require(bytewise.end == ours->end && bytewise.payload_len == ours->payload_len &&
			memcmp(bytewise.payload, ours->payload, ours->payload_len) == 0);
}

static void frame_ours(struct message *ours, struct str stream)
{
	struct guard guard = {0};
	enum guard_result result = guard_check(&guard, stream.data, stream.len, LIMIT);

	check_cuts(stream, &guard, result);
	ours->verdict = result == GUARD_MORE ? UNFINISHED : REFUSED;
	if (result == GUARD_REFUSED)
		require(guard.status >= 400 && guard.status < 600 && guard.why);
	if (result != GUARD_DONE)
		return;
	check_head(str_head(stream, guard.length), &guard);
	struct str body = str_from(stream, guard.length);
	if (guard.content_length < 0) {
		chunked_body(ours, body);
	} else if ((uint64_t)guard.content_length > body.len) {
		ours->verdict = UNFINISHED;
	} else {
		ours->verdict = WHOLE;
		ours->payload_len = ours->end = (size_t)guard.content_length;
		memcpy(ours->payload, body.data, ours->payload_len);
	}
	ours->end += guard.length;
}

/* ---- llhttp's ---- */

static int on_headers_complete(llhttp_t *llhttp)
{
	llhttp->upgrade = 0;
	return 0;
}

static int on_body(llhttp_t *llhttp, const char *at, size_t len)
{
	struct message *message = llhttp->data;

	memcpy(message->payload + message->payload_len, at, len);
	message->payload_len += len;
	return 0;
}

static int on_message_complete(llhttp_t *llhttp)
{
	(void)llhttp;
	return HPE_PAUSED;
}

static void frame_theirs(struct message *theirs, struct str stream)
{
	static const llhttp_settings_t settings = {
		.on_headers_complete = on_headers_complete, .on_body = on_body, .on_message_complete = on_message_complete};
	llhttp_t llhttp;

	llhttp_init(&llhttp, HTTP_REQUEST, &settings);
	llhttp.data = theirs;
	theirs->payload_len = 0;
	enum llhttp_errno result = llhttp_execute(&llhttp, stream.data, stream.len);
	theirs->verdict = result == HPE_OK ? UNFINISHED : result == HPE_PAUSED ? WHOLE : REFUSED;
	if (result == HPE_PAUSED)
		theirs->end = (size_t)(llhttp_get_error_pos(&llhttp) - stream.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct message ours, theirs;
	struct str stream = str_make(data, size);

	if (size > INPUT_MAX)
		return 0;
	for (size_t i = 0; i < MESSAGES_MAX && stream.len; i++) {
		frame_ours(&ours, stream);
		if (ours.verdict == REFUSED)
			return 0;
		frame_theirs(&theirs, stream);
		if (ours.verdict == UNFINISHED) {
			/* It may refuse already what ours will; but no message may end where ours waits for more. */
			require(theirs.verdict != WHOLE);
			return 0;
		}
		require(theirs.verdict == WHOLE && theirs.end == ours.end);
		require(theirs.payload_len == ours.payload_len && memcmp(theirs.payload, ours.payload, ours.payload_len) == 0);
		stream = str_from(stream, ours.end);
	}
	return 0;
}
