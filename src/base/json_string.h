/* A JSON string from any bytes (RFC 8259, 7), where jansson would refuse what is not UTF-8. */
#ifndef BASE_JSON_STRING_H
#define BASE_JSON_STRING_H

#include "base/buf.h"

/* With its quotes. Control characters are escaped, also those that JSON allows; each byte that is not UTF-8 becomes U+FFFD. */
void json_string_add(struct buf *out, struct str value);

#endif
