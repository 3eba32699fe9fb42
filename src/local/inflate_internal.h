/* A layer's bytes as they came, turned into its tar: plain, gzip (RFC 1952, any number of members) or zstd (RFC 8878, any number of frames). */
#ifndef LOCAL_INFLATE_INTERNAL_H
#define LOCAL_INFLATE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/str.h"

struct inflate;

/* first: the layer's first bytes, at least 4 unless it is shorter; they tell the compression. Nothing of them is taken yet. Owned. */
struct inflate *inflate_new(struct str first);
void inflate_free(struct inflate *inflate);

/*
 * Takes from the front of *in and puts up to room bytes into out, *made says how many. There may be more while *in has bytes or room was used
 * up. ERROR_INVALID: broken, or garbage behind the end (zeros there are padding, as for gzip(1)).
 */
bool inflate_step(struct inflate *inflate, struct str *in, char *out, size_t room, size_t *made, struct error *err);

/* All was given: ERROR_INVALID when the end is missing. */
bool inflate_end(const struct inflate *inflate, struct error *err);

#endif
