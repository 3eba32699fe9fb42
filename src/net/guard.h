/*
 * The guard reads the head of a request before any other parser and decides once how its body is framed. It is stricter than RFC 9112
 * has to be: whatever two implementations could read in two ways (bare CR or LF, folded lines, blanks before a colon, several or odd
 * lengths, a length beside a coding) is refused. What it lets through goes on to llhttp, which must come to the same framing.
 */
#ifndef NET_GUARD_H
#define NET_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "net/server.h"

#define GUARD_FIELDS_MAX 100 /* header lines of one request */

enum guard_result {
	GUARD_MORE,    /* good so far; the end of the head has not come yet */
	GUARD_DONE,    /* the head is whole and fine */
	GUARD_REFUSED, /* status and why say so; the connection has to close after the answer */
};

struct guard {
	size_t scanned; /* bytes whose line ends were checked already */
	size_t lines;   /* seen so far, the request line included */

	/* Set with GUARD_DONE. */
	size_t length; /* bytes of the head with its empty line */
	enum http_method method;
	struct str line_target; /* as it stands in the request line; these three are borrowed from data */
	struct str target;      /* path and query, or "*" */
	struct str authority;   /* of an absolute target, "http://host/path": it counts and Host does not (RFC 9112, 3.2.2); else empty */
	unsigned int minor;     /* of HTTP/1.x */
	int64_t content_length; /* 0 when there is no body, -1 when it is chunked */
	bool keep_alive;
	bool expect_continue;
	size_t fields;

	/* Set with GUARD_REFUSED. */
	int status;
	const char *why;
};

/* RFC 9110, 5.6.2: what methods and names of headers are made of. */
bool guard_is_token_char(unsigned char c);

/*
 * Looks at the first len bytes of a connection. Start with an empty struct guard, and call again with the same one and more bytes after
 * GUARD_MORE. limit is the most that a head may have. It refuses as early as it can: a TLS greeting at its first byte.
 */
enum guard_result guard_check(struct guard *guard, const char *data, size_t len, size_t limit);

#endif
