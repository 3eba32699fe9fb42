/* A plain layer made gzip, once, so that a push sends what is kept. The same bytes give the same bytes: no name, no time, one level. */
#ifndef LOCAL_COMPRESS_INTERNAL_H
#define LOCAL_COMPRESS_INTERNAL_H

#include "local/local_internal.h"

struct compress;

/* What it makes goes to the writer, which outlives it. Owned; free with compress_free. */
struct compress *compress_new(struct blob_writer *to);
bool compress_add(struct compress *compress, struct str bytes, struct error *err);
/* Writes the end. */
bool compress_finish(struct compress *compress, struct error *err);
void compress_free(struct compress *compress);

#endif
