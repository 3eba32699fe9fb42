/* URLs (RFC 3986): percent-decoding of paths and queries, once and never twice; their parts; what a Location means beside them. */
#ifndef NET_URL_H
#define NET_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

/*
 * Decodes text into out, which has room for text.len bytes; *len says how many were written. plus_is_space is for queries (HTML's form encoding).
 * False for an escape that is not two hex digits, and for one of NUL.
 */
bool url_decode(struct str text, bool plus_is_space, char *out, size_t *len);

/* Adds text with everything but RFC 3986's unreserved characters escaped: fit for a query's value. */
void url_encode(struct buf *out, struct str text);

/* Text that may stand in Host, of at most HOST_MAX bytes: a name of letters, digits and "-._~", or an IPv6 address in brackets, and a port perhaps.
 */
#define HOST_MAX 261 /* a name of 255, a colon, a port */
bool host_is_valid(struct str host);

/* Of an absolute http or https URL. Borrowed from its text. */
struct url_parts {
	bool secure;     /* https */
	struct str host; /* without the brackets of an IPv6 address */
	unsigned int port;
};

/* False, with *parts left alone: another scheme, no host, a user's name, a port that is none, or a blank or control character anywhere. */
bool url_split(struct url_parts *parts, struct str url);

/* Same scheme, host and port; false when either is no URL. */
bool url_same_origin(struct str a, struct str b);

/* "localhost", 127.0.0.0/8 and ::1. A name that may resolve to one does not count. */
bool host_is_loopback(struct str host);
bool url_is_loopback(struct str url);

/* What location (absolute or relative) means in an answer from base, owned by the caller; NULL with ERROR_INVALID when it is no http URL. */
char *url_resolve(struct str base, struct str location, struct error *err);

#endif
