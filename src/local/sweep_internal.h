/* What is to go: gathered in a change, removed from the disk after its commit. */
#ifndef LOCAL_SWEEP_INTERNAL_H
#define LOCAL_SWEEP_INTERNAL_H

#include "local/local_internal.h"

struct sweep {
	struct digest *layers, *blobs; /* whose rows are gone and whose files are still there */
	size_t layers_count, layers_capacity, blobs_count, blobs_capacity;
};

/* In a change: takes the layer's or the blob's row away when nothing refers to it any more. The caller holds store.lock exclusively. */
bool sweep_layer(struct sweep *sweep, struct db_tx *tx, struct str diff_id, struct error *err);
bool sweep_blob(struct sweep *sweep, struct db_tx *tx, struct str digest, struct error *err);
/* After the commit: the files. Closes *lock as soon as nothing can be mistaken any more. */
bool sweep_files(struct sweep *sweep, struct local *local, int *lock, struct error *err);
void sweep_free(struct sweep *sweep);

/* At the start of a pull: leftovers of dead processes, and content that no image took up for a day. */
bool sweep_unnamed(struct local *local, struct error *err);

#endif
