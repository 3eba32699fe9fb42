/*
 * Text or bytes that somebody else owns: a pointer and a length, no NUL needed. A plain value; nothing to free.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str {
	const char *data; /* may be NULL when len is 0 */
	size_t len;       /* bytes */
};

/* For "%.*s" in a format. */
#define STR_ARG(text) (int)(text).len, (text).data ? (text).data : ""
/* A struct str of a string literal. */
#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})

/* Borrows a NUL-ended text; NULL gives the empty one. */
struct str str_of(const char *text);
struct str str_make(const void *data, size_t len);

bool str_equal(struct str a, struct str b);
/* ASCII letters compare without their case; as HTTP header names and schemes do. */
bool str_equal_nocase(struct str a, struct str b);
/* Byte order, as memcmp: below, at or above 0. */
int str_compare(struct str a, struct str b);
bool str_starts(struct str text, struct str start);
bool str_ends(struct str text, struct str end);

/* Splits at the first separator: *before and *after are set and true is returned, or nothing is touched when there is none. */
bool str_cut(struct str text, char separator, struct str *before, struct str *after);
/* As str_cut, at the last one. */
bool str_cut_last(struct str text, char separator, struct str *before, struct str *after);
/*
 * The items of a list, one a call: *item is what stands before the next separator, or all that is left, and *rest what stands behind it. False when
 * nothing is left. "a,,b" has three items, "a," one, "" none.
 */
bool str_next(struct str *rest, char separator, struct str *item);
/* Without ASCII blanks and tabs, CR and LF at both ends. */
struct str str_trim(struct str text);
/* From start to the end; start is clipped to the length. */
struct str str_from(struct str text, size_t start);
/* The first len bytes; clipped to the length. */
struct str str_head(struct str text, size_t len);

/* Decimal digits only: no sign, no blank, nothing behind; false when empty or over the maximum of the type. */
bool str_to_u64(struct str text, uint64_t *out);
bool str_to_i64(struct str text, int64_t *out);

/* A copy with a NUL behind it, owned by the caller. A NUL inside stays where it is. */
char *str_dup(struct str text);

#endif
