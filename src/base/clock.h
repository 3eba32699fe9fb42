/* Time. Points in time are microseconds since 1970 in UTC, spans are named by their unit. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* Now, as the wall shows it; it may jump. */
int64_t clock_now_us(void);
/* For measuring: never jumps, starts anywhere. */
int64_t clock_monotonic_us(void);

#define CLOCK_RFC3339_SIZE 32
/* "2026-11-24T19:27:15.894671Z", always in UTC; with seconds only when the microseconds are 0. NUL-ended. */
void clock_format_rfc3339(int64_t at_us, char out[static CLOCK_RFC3339_SIZE]);
/* Reads RFC 3339 with any fraction (cut to microseconds) and any offset; false when malformed. */
bool clock_parse_rfc3339(struct str text, int64_t *at_us);

#endif
