#include "remote/challenge.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

/* In one challenge; the specification has five. */
#define PARAMETERS_MAX 16

struct reader {
	struct str rest;
};

/* RFC 9110, 5.6.2. */
static bool is_token_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static char peek(const struct reader *reader)
{
	return reader->rest.len > 0 ? reader->rest.data[0] : '\0';
}

static bool take(struct reader *reader, char c)
{
	if (reader->rest.len == 0 || reader->rest.data[0] != c)
		return false;
	reader->rest = str_from(reader->rest, 1);
	return true;
}

static bool skip_blanks(struct reader *reader)
{
	bool any = false;

	while (take(reader, ' ') || take(reader, '\t'))
		any = true;
	return any;
}

static struct str read_token(struct reader *reader)
{
	size_t len = 0;

	while (len < reader->rest.len && is_token_char(reader->rest.data[len]))
		len++;
	struct str token = str_head(reader->rest, len);
	reader->rest = str_from(reader->rest, len);
	return token;
}

/* RFC 9110, 5.6.4, after the opening quote. */
static bool read_quoted(struct reader *reader, struct buf *out)
{
	while (reader->rest.len > 0) {
		unsigned char c = (unsigned char)reader->rest.data[0];
		reader->rest = str_from(reader->rest, 1);
		if (c == '"')
			return true;
		if (c == '\\') {
			if (reader->rest.len == 0)
				return false;
			c = (unsigned char)reader->rest.data[0];
			reader->rest = str_from(reader->rest, 1);
		}
		if ((c < ' ' && c != '\t') || c == 127)
			return false;
		buf_add_char(out, (char)c);
	}
	return false;
}

/* Where a parameter of that name is kept; NULL for one that means nothing to us. */
static char **parameter_place(struct challenge *challenge, struct str name)
{
	if (str_equal_nocase(name, STR("realm")))
		return &challenge->realm;
	if (str_equal_nocase(name, STR("service")))
		return &challenge->service;
	if (str_equal_nocase(name, STR("scope")))
		return &challenge->scope;
	if (str_equal_nocase(name, STR("error")))
		return &challenge->error;
	return NULL;
}

/* What stands behind the name and its "=". */
static bool read_value(struct reader *reader, struct challenge *challenge, struct str name)
{
	cleanup_buf struct buf value = {0};
	char **place = parameter_place(challenge, name);

	skip_blanks(reader);
	if (take(reader, '"')) {
		if (!read_quoted(reader, &value))
			return false;
	} else {
		struct str token = read_token(reader);
		if (token.len == 0)
			return false;
		buf_add_str(&value, token);
	}
	if (!place)
		return true;
	if (*place)
		return false;
	*place = buf_take(&value);
	return true;
}

/* token68, as other schemes have in place of parameters ("Negotiate abc=="): passed over when the challenge ends behind it. */
static bool skip_token68(struct reader *reader)
{
	struct reader ahead = *reader;
	size_t len = 0;

	while (len < ahead.rest.len && (is_token_char(ahead.rest.data[len]) || ahead.rest.data[len] == '/'))
		len++;
	if (len == 0)
		return false;
	ahead.rest = str_from(ahead.rest, len);
	while (take(&ahead, '='))
		;
	skip_blanks(&ahead);
	if (ahead.rest.len > 0 && peek(&ahead) != ',')
		return false;
	*reader = ahead;
	return true;
}

/*
 * The parameters of one challenge, up to the next one's scheme or the end. What follows a comma is a parameter when "=" follows its name, and
 * another challenge when not; the reader then stands before that.
 */
static bool read_parameters(struct reader *reader, struct challenge *challenge)
{
	for (size_t count = 0; count < PARAMETERS_MAX; count++) {
		struct reader before = *reader;
		struct str name = read_token(reader);
		skip_blanks(reader);
		if (name.len == 0 || !take(reader, '=')) {
			*reader = before;
			return count > 0;
		}
		if (!read_value(reader, challenge, name))
			return false;
		skip_blanks(reader);
		if (reader->rest.len == 0)
			return true;
		if (!take(reader, ','))
			return false;
		/* Empty elements of a list are allowed (RFC 9110, 5.6.1). */
		while (skip_blanks(reader) || take(reader, ','))
			;
		if (reader->rest.len == 0)
			return true;
	}
	return false;
}

static bool read_challenge(struct reader *reader, struct challenge *found)
{
	struct str scheme = read_token(reader);

	if (scheme.len == 0)
		return false;
	if (str_equal_nocase(scheme, STR("Bearer")))
		found->kind = CHALLENGE_BEARER;
	else if (str_equal_nocase(scheme, STR("Basic")))
		found->kind = CHALLENGE_BASIC;
	bool blanks = skip_blanks(reader);
	if (reader->rest.len > 0 && peek(reader) != ',') {
		if (!blanks || (!skip_token68(reader) && !read_parameters(reader, found)))
			return false;
	}
	return found->kind != CHALLENGE_BEARER || (found->realm && found->realm[0]);
}

bool challenge_parse(struct challenge *challenge, struct str header, struct error *err)
{
	cleanup_challenge struct challenge best = {0};
	struct reader reader = {header};

	if (header.len > CHALLENGE_SIZE_MAX)
		return error_set(err, ERROR_INVALID, "malformed WWW-Authenticate header: longer than %d bytes", CHALLENGE_SIZE_MAX);
	for (;;) {
		cleanup_challenge struct challenge found = {0};
		while (skip_blanks(&reader) || take(&reader, ','))
			;
		if (reader.rest.len == 0)
			break;
		if (!read_challenge(&reader, &found))
			return error_set(err, ERROR_INVALID, "malformed WWW-Authenticate header: '%.*s'", STR_ARG(str_head(header, 256)));
		if (found.kind > best.kind) {
			challenge_free(&best);
			best = found;
			found = (struct challenge){0};
		}
	}
	if (best.kind > challenge->kind) {
		challenge_free(challenge);
		*challenge = best;
		best = (struct challenge){0};
	}
	return true;
}

void challenge_free(struct challenge *challenge)
{
	free(challenge->realm);
	free(challenge->service);
	free(challenge->scope);
	free(challenge->error);
	*challenge = (struct challenge){0};
}
