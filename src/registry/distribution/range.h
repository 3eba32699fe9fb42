/* The Range header of a GET (RFC 9110, 14.1.2), and an upload's Content-Range. Pure. */
#ifndef REGISTRY_DISTRIBUTION_RANGE_H
#define REGISTRY_DISTRIBUTION_RANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* podman's zstd:chunked pulls ask for many ranges at once. */
#define RANGES_MAX 256

struct range {
	int64_t offset, length;
};

enum range_answer {
	RANGE_WHOLE,       /* no range that we serve: the whole content, 200 */
	RANGE_PARTS,       /* 206 with these */
	RANGE_UNSATISFIED, /* 416 */
};

/*
 * "bytes=0-499", "500-", "-500", several. One that begins past the end, or ends before it begins, is unsatisfied (the conformance program wants 416
 * for `500-0`); among several those are left out. Ends are clipped to size. More than RANGES_MAX, or another unit, is the whole.
 */
enum range_answer range_parse(struct str header, int64_t size, struct range ranges[static RANGES_MAX], size_t *count);

/* "0-499", as OCI has it, or "bytes 0-499/1000" as RFC 9110 has it; first and last are inclusive. False when malformed. */
bool content_range_parse(struct str header, int64_t *first, int64_t *last);

#endif
