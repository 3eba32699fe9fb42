/*
 * What a registry wants to see before it answers: the WWW-Authenticate header (RFC 9110, 11.6.1; distribution, docs/spec/auth/token.md).
 * The parser is strict and bounded: the header comes from whoever answers at the other end.
 */
#ifndef REMOTE_CHALLENGE_H
#define REMOTE_CHALLENGE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"

/* A header longer than this is refused. */
#define CHALLENGE_SIZE_MAX 8192

/* Ordered: of several challenges the one that comes last here is answered. */
enum challenge_kind {
	CHALLENGE_NONE, /* nothing that we know */
	CHALLENGE_BASIC,
	CHALLENGE_BEARER,
};

/* Texts are owned; NULL where the parameter is missing. */
struct challenge {
	enum challenge_kind kind;
	char *realm; /* of a bearer: the token server's URL, never NULL */
	char *service;
	char *scope;
	char *error; /* "insufficient_scope", "invalid_token" */
};

/*
 * Reads one header's value, which may hold several challenges: the best known one is kept when it is better than what *challenge (which may be
 * {0}) has already. Malformed, a parameter given twice, a bearer without a realm: ERROR_INVALID, and *challenge is left alone.
 */
bool challenge_parse(struct challenge *challenge, struct str header, struct error *err);
void challenge_free(struct challenge *challenge);
#define cleanup_challenge __attribute__((cleanup(challenge_free)))

#endif
