/*
 * Hot manifests in memory: (repository, tag or digest) to the manifest, up to a bound; the oldest go first. Any thread. Who reads the database to
 * fill it takes the generation first, so that what the writer dropped meanwhile is not put back.
 */
#ifndef REGISTRY_CATALOG_MANIFEST_CACHE_H
#define REGISTRY_CATALOG_MANIFEST_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "registry/catalog/catalog.h"

struct manifest_cache;

struct manifest_cache *manifest_cache_new(size_t bytes_max);
void manifest_cache_free(struct manifest_cache *cache);

/* A copy of these texts, held once by the caller. */
const struct catalog_manifest *manifest_cache_make(struct str media_type, struct str digest, struct str bytes);
/* Held for the caller, or NULL. */
const struct catalog_manifest *manifest_cache_find(struct manifest_cache *cache, struct str repository, struct str reference);
uint64_t manifest_cache_generation(struct manifest_cache *cache);
/* Keeps it, unless something was dropped since that generation. The cache holds it itself. */
void manifest_cache_add(
	struct manifest_cache *cache, struct str repository, struct str reference, const struct catalog_manifest *manifest, uint64_t generation);
/* Drops one reference; or, when reference is empty, all of the repository. */
void manifest_cache_drop(struct manifest_cache *cache, struct str repository, struct str reference);

#endif
