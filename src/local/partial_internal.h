/* Downloads that broke off, kept by the blob's digest: the next pull goes on with them, in whatever process. The caller holds the layer's lock. */
#ifndef LOCAL_PARTIAL_INTERNAL_H
#define LOCAL_PARTIAL_INTERNAL_H

#include "local/layer_in_internal.h"

/* Less than this is quicker fetched again than remembered. */
#define PARTIAL_MIN (8 * 1024 * 1024)

/* From now on what the writer holds outlives this process, however that ends. */
bool partial_keep(struct local *local, struct blob_writer *writer, const struct digest *blob, struct error *err);
/*
 * Takes up what was kept of that blob: in has its bytes, and *resumed is true. Nothing kept, or nothing that can be read any more, is no error.
 */
bool partial_resume(struct local *local, const struct digest *blob, struct layer_in *in, const atomic_bool *cancel, bool *resumed, struct error *err);
/* Forgets it: the row, and its file should it be there. */
bool partial_forget(struct local *local, const struct digest *blob, struct error *err);
/* Forgets those that nobody came back for within a week, and removes what dead processes left in uploads/. */
bool partials_sweep(struct local *local, struct error *err);

#endif
