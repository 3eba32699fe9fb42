/* Percent-decoding of paths and queries (RFC 3986, 2.1), once and never twice. */
#ifndef NET_URL_H
#define NET_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/*
 * Decodes text into out, which has room for text.len bytes; *len says how many were written. plus_is_space is for queries (HTML's form encoding).
 * False for an escape that is not two hex digits, and for one of NUL.
 */
bool url_decode(struct str text, bool plus_is_space, char *out, size_t *len);

#endif
