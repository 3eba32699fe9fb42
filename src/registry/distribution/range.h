/* The headers that ask for a part, or under a condition: Range, If-Range and If-None-Match (RFC 9110, 13 and 14), and an upload's Content-Range.
 * Pure. */
#ifndef REGISTRY_DISTRIBUTION_RANGE_H
#define REGISTRY_DISTRIBUTION_RANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* podman's zstd:chunked pulls ask for many ranges at once. */
#define RANGES_MAX 1024

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
 * for `500-0`); among several those are left out. Ends are clipped to size. More than RANGES_MAX, several that
 * together are more than the content (RFC 9110, 14.2: overlapping ones are an attack or a mistake), or another unit, is the whole; *count is 0 then.
 */
enum range_answer range_parse(struct str header, int64_t size, struct range ranges[static RANGES_MAX], size_t *count);

/* "0-499", as OCI has it, or "bytes 0-499/1000" as RFC 9110 has it; first and last are inclusive. False when malformed. */
bool content_range_parse(struct str header, int64_t *first, int64_t *last);

/* Does an If-None-Match name this digest's ETag, the digest in quotes? In a list, weak or not, or as "*". */
bool etag_matches(struct str header, struct str digest);
/* Is an If-Range this digest's ETag? Only one, and a strong one, is (RFC 9110, 13.1.5). */
bool etag_is(struct str header, struct str digest);

#endif
