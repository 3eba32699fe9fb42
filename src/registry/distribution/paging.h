/* Pages of a list: how many entries, and where the next page begins (OCI distribution-spec 1.1, "Listing Tags"). Pure. */
#ifndef REGISTRY_DISTRIBUTION_PAGING_H
#define REGISTRY_DISTRIBUTION_PAGING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/str.h"

/* The query's n: decimal digits, clamped to limit_max. False, with *limit left alone, when it is none. */
bool page_limit(struct str n, size_t limit_max, size_t *limit);

/* Adds the value of a Link header: `</v2/x/tags/list?last=b&n=2>; rel="next"`. A path, since clients take it for one (`wire.md` 2.5). */
void page_link(struct buf *out, const char *path, struct str last, size_t limit);

#endif
