/* What the files of this room share. */
#ifndef REGISTRY_CATALOG_CATALOG_INTERNAL_H
#define REGISTRY_CATALOG_CATALOG_INTERNAL_H

#include "registry/catalog/catalog.h"
#include "registry/catalog/manifest_cache.h"
#include "registry/events/events.h"

struct catalog {
	struct db *db;
	struct blob_store *store;
	struct manifest_cache *cache;
};

/* The repository's row; *found is false when there is none. */
bool repository_find(struct db_tx *tx, struct str name, int64_t *id, bool *found, struct error *err);
/* As repository_find, and a missing one is ERROR_NOT_FOUND. */
bool repository_need(struct db_tx *tx, struct str name, int64_t *id, struct error *err);
/* In a change: the repository's row, made when it is missing. */
bool repository_make(struct db_tx *tx, struct str name, int64_t *id, struct error *err);
/* Content that the repository holds. */
bool repository_has_blob(struct db_tx *tx, int64_t repository_id, struct str digest, bool *found, struct error *err);
/* In a change: the repository holds this content from now on. */
bool repository_add_blob(struct db_tx *tx, int64_t repository_id, int64_t blob_id, struct error *err);
/* In a change: what names this content in the repository waits for it no longer, or (present is false: a manifest went) again. */
bool repository_mark(struct db_tx *tx, int64_t repository_id, struct str digest, bool present, struct error *err);

/* In a change, before the manifest's row goes: the totals know of it no longer. */
bool totals_take_manifest(struct db_tx *tx, int64_t manifest_id, struct error *err);

#endif
