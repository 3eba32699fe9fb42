/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing over U+10FFFF. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stddef.h>

#include "base/str.h"

/* The bytes of the character that text begins with, 1 to 4, and its number in *code; 0 when it begins with none. */
size_t utf8_take(struct str text, uint32_t *code);

/* C0, DEL, C1, and the two separators that JavaScript takes for the end of a line: what may not reach a terminal or a log as it is. */
bool utf8_is_control(uint32_t code);

#endif
