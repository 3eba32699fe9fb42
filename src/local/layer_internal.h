/* A layer on its way into the store: fetched or read, unpacked in staging, checked, then given its place and its row. */
#ifndef LOCAL_LAYER_INTERNAL_H
#define LOCAL_LAYER_INTERNAL_H

#include "local/local_internal.h"

/*
 * In a read or change: is the layer there, whole, and made from that blob? One that a power cut may have damaged is not. blob may be NULL: any.
 */
bool layer_known(struct local *local, struct db_tx *tx, const struct digest *diff_id, const struct digest *blob, bool *known, struct error *err);

/* Unpacked in folder ("…/staging/<uuid>/3", with "fs" in it) and checked. */
struct layer_made {
	const char *folder;
	struct digest diff_id;
	struct digest blob;
	int64_t size_bytes;
	const struct blob_writer *writer; /* sealed; NULL when the blob is there already */
	/* Where the blob came from; NULL when from no registry. */
	const struct reference *source;
};

/* Moves the folder to its place and writes the rows of layer and blob. */
bool layer_commit(struct local *local, const struct layer_made *made, struct error *err);

/* In a change: a registry has this blob. */
bool layer_source_add(struct db_tx *tx, const struct digest *blob, const struct reference *source, struct error *err);

/* Unpacks the layer again from its blob, in the index-th folder of staging. ERROR_NOT_FOUND when the store does not have the blob. */
bool layer_again(struct local *local, const struct staging *staging, size_t index, const struct digest *diff_id, const struct digest *blob,
	const atomic_bool *cancel, struct error *err);

/* Held while one process or thread fetches that blob; the others wait and then find it. -1 with *err set; ERROR_CANCELED when stop says so. */
int layer_lock(struct local *local, const struct digest *blob, bool (*stop)(void *argument), void *argument, struct error *err);

/* Marks what was unpacked a minute ago or earlier as being on the disk, after making sure of it. Costs nothing when there is nothing to mark. */
bool layers_settle(struct local *local, struct error *err);

#endif
