/*
 * A layer's bytes as they come in, from a registry, an archive or our own store: hashed and kept on one side, unpacked on the other, and believed
 * only when both digests are right.
 */
#ifndef LOCAL_LAYER_IN_INTERNAL_H
#define LOCAL_LAYER_IN_INTERNAL_H

#include "local/layer_internal.h"
#include "local/unpack.h"

struct compress;

struct layer_in {
	struct local *local;
	char *folder; /* owned: "…/staging/<uuid>/3" */
	int fs_fd;
	struct blob_writer *writer; /* NULL when the blob is there already */
	struct compress *compress;  /* of a plain layer that is to be kept compressed; else NULL */
	struct layer_unpack *unpack;
	struct error unpack_error; /* told at the end: bytes that were damaged on the way should be called that */
	int64_t taken_bytes;
};

enum layer_keep {
	LAYER_KEEP,      /* the bytes as they are, as a blob */
	LAYER_KEEP_GZIP, /* compressed */
	LAYER_KEEP_NONE, /* the blob is in the store */
};

/* Begins in a folder of its own below staging. */
bool layer_in_begin(struct layer_in *in, struct local *local, const struct staging *staging, size_t index, enum layer_keep keep, struct error *err);
bool layer_in_add(struct layer_in *in, struct str bytes, struct error *err);
/* Right after layer_in_begin: goes on with a writer that holds the first bytes already, which fd reads. The writer is in's from now on. */
bool layer_in_resume(struct layer_in *in, struct blob_writer *writer, int fd, const atomic_bool *cancel, struct error *err);
/*
 * That was all. blob is what its bytes have to hash to (NULL: whatever they do), diff_id what the tar has to; with something else it is ERROR_CORRUPT
 * in docker's words and nothing is kept. Else *made can be committed, as long as in lives.
 */
bool layer_in_finish(struct layer_in *in, const struct digest *blob, const struct digest *diff_id, struct layer_made *made, struct error *err);
void layer_in_free(struct layer_in *in);

/* Feeds an open file to its end. */
bool layer_in_read(struct layer_in *in, int fd, const atomic_bool *cancel, struct error *err);

#endif
