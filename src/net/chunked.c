#include "net/chunked.h"

#include <string.h>

#include "base/hex.h"
#include "net/guard.h"

enum state {
	SIZE,
	EXTENSION_NAME,
	EXTENSION_VALUE,
	EXTENSION_QUOTED,
	EXTENSION_END, /* behind a quoted string */
	SIZE_FEED,     /* the LF of a size's line */
	DATA,
	DATA_CR, /* behind a chunk's data */
	DATA_FEED,
	TRAILER_START, /* a trailer's line, or the empty one */
	TRAILER_NAME,
	TRAILER_VALUE,
	TRAILER_FEED,
	END_FEED,
	DONE,
};

static bool is_text(char c)
{
	return ((unsigned char)c >= ' ' && c != 0x7f) || c == '\t';
}

/* A byte of a chunk's size or what may follow it. */
static bool size_byte(struct chunked *chunked, char c)
{
	int digit = hex_digit(c);

	if (digit >= 0) {
		chunked->left = chunked->left << 4 | (unsigned int)digit;
		return ++chunked->digits <= 16 && chunked->left <= INT64_MAX;
	}
	if (!chunked->digits)
		return false;
	chunked->overhead = 0;
	chunked->name_len = 0;
	chunked->state = c == '\r' ? SIZE_FEED : EXTENSION_NAME;
	return c == '\r' || c == ';';
}

/* ";name" or ";name=value", the value a token or a quoted string, which has its end in the same line. */
static bool extension_byte(struct chunked *chunked, char c)
{
	bool begun = chunked->name_len > 0, ends = c == '\r' || c == ';';

	if (++chunked->overhead > CHUNKED_EXTENSION_MAX)
		return false;
	chunked->name_len++;
	if (chunked->state == EXTENSION_QUOTED) {
		if (c == '"')
			chunked->state = EXTENSION_END;
		return is_text(c) && c != '\\';
	}
	if (ends || (c == '=' && chunked->state == EXTENSION_NAME)) {
		chunked->name_len = 0;
		chunked->state = c == '\r' ? SIZE_FEED : c == ';' ? EXTENSION_NAME : EXTENSION_VALUE;
		return begun;
	}
	if (c == '"' && chunked->state == EXTENSION_VALUE && !begun) {
		chunked->state = EXTENSION_QUOTED;
		return true;
	}
	return chunked->state != EXTENSION_END && guard_is_token_char((unsigned char)c);
}

/* A trailer that frames would frame nothing any more, but llhttp for one takes a body for begun again by it (measured). */
static bool is_framing(const struct chunked *chunked)
{
	struct str name = str_make(chunked->name, chunked->name_len);

	return str_equal_nocase(name, STR("transfer-encoding")) || str_equal_nocase(name, STR("content-length"));
}

static bool name_byte(struct chunked *chunked, char c)
{
	if (c == ':') {
		bool named = chunked->state == TRAILER_NAME;
		chunked->state = TRAILER_VALUE;
		return named && !is_framing(chunked);
	}
	if (chunked->state == TRAILER_START)
		chunked->name_len = 0;
	chunked->state = TRAILER_NAME;
	if (chunked->name_len < sizeof chunked->name)
		chunked->name[chunked->name_len++] = c;
	return guard_is_token_char((unsigned char)c);
}

static bool trailer_byte(struct chunked *chunked, char c)
{
	if (++chunked->overhead > CHUNKED_TRAILERS_MAX)
		return false;
	if (c == '\r' && chunked->state != TRAILER_NAME) {
		chunked->state = chunked->state == TRAILER_START ? END_FEED : TRAILER_FEED;
		return true;
	}
	if (chunked->state == TRAILER_VALUE)
		return is_text(c);
	return name_byte(chunked, c);
}

/* The LF that has to come, and what it leads to. */
static bool feed_byte(struct chunked *chunked, char c)
{
	if (chunked->state == END_FEED) {
		chunked->state = DONE;
	} else if (chunked->state == DATA_FEED) {
		chunked->state = SIZE;
		chunked->digits = 0;
	} else {
		chunked->overhead = chunked->state == SIZE_FEED ? 0 : chunked->overhead + 1;
		chunked->state = chunked->state == SIZE_FEED && chunked->left ? DATA : TRAILER_START;
	}
	return c == '\n';
}

static bool byte(struct chunked *chunked, char c)
{
	switch (chunked->state) {
	case SIZE:
		return size_byte(chunked, c);
	case EXTENSION_NAME:
	case EXTENSION_VALUE:
	case EXTENSION_QUOTED:
	case EXTENSION_END:
		return extension_byte(chunked, c);
	case DATA_CR:
		chunked->state = DATA_FEED;
		return c == '\r';
	case TRAILER_START:
	case TRAILER_NAME:
	case TRAILER_VALUE:
		return trailer_byte(chunked, c);
	default:
		return feed_byte(chunked, c);
	}
}

bool chunked_decode(struct chunked *chunked, char *data, size_t len, struct chunked_piece *out)
{
	size_t at = 0;

	*out = (struct chunked_piece){0};
	while (at < len && chunked->state != DONE) {
		if (chunked->state == DATA) {
			size_t piece = len - at < chunked->left ? len - at : (size_t)chunked->left;
			if (out->payload != at)
				memmove(data + out->payload, data + at, piece);
			out->payload += piece;
			at += piece;
			chunked->left -= piece;
			if (!chunked->left)
				chunked->state = DATA_CR;
		} else if (!byte(chunked, data[at++])) {
			return false;
		}
	}
	out->consumed = at;
	out->done = chunked->state == DONE;
	return true;
}
