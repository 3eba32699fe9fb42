/* Bytes as lower-case hex digits and back. */
#ifndef BASE_HEX_H
#define BASE_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* Writes 2 * size digits, no NUL. */
void hex_encode_lower(char *out, const uint8_t *bytes, size_t size);
/* Reads text.len / 2 bytes; false when a character is no lower-case hex digit or the length is odd. */
bool hex_decode_lower(uint8_t *out, struct str text);
/* The value of one digit of either case; -1 when it is none. */
int hex_digit(char c);

#endif
