/* What Accept headers say of one media type (RFC 9110, 12.5.1): the closest range decides, and a weight of 0 refuses. Pure. */
#ifndef REGISTRY_DISTRIBUTION_ACCEPT_H
#define REGISTRY_DISTRIBUTION_ACCEPT_H

#include <stdbool.h>

#include "base/str.h"

/* Begin with {0}. */
struct accept {
	int closeness; /* of the closest range so far: 3 the type itself, 2 all of its kind, 1 anything, 0 none */
	bool takes;    /* and what that one says */
	bool any;      /* there was a range at all */
};

/* Reads one header, which may be a list. */
void accept_add(struct accept *accept, struct str header, struct str media_type);
/* Nothing asked for is everything. */
bool accept_takes(const struct accept *accept);

#endif
