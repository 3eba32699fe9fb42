/*
 * Hot manifests in memory: (repository, tag or digest) to the manifest, up to a bound; the oldest go first. Nothing is locked: each thread that reads
 * has a shard of its own, and what the writer changed is known by versions, which it raises and readers compare. Who reads the database to fill a
 * shard takes the version first, so that what changed meanwhile does not count.
 */
#ifndef REGISTRY_CATALOG_MANIFEST_CACHE_H
#define REGISTRY_CATALOG_MANIFEST_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "registry/catalog/catalog.h"

struct manifest_cache;

/* bytes_max: of all shards together. */
struct manifest_cache *manifest_cache_new(size_t shards, size_t bytes_max);
void manifest_cache_free(struct manifest_cache *cache);

/* A copy of these texts, held once by the caller. */
const struct catalog_manifest *manifest_cache_make(struct str media_type, struct str digest, struct str bytes);
/* Any thread. Of one reference; it never falls. */
uint64_t manifest_cache_version(const struct manifest_cache *cache, struct str repository, struct str reference);
/* By the shard's thread alone: held for the caller, or NULL. */
const struct catalog_manifest *manifest_cache_find(struct manifest_cache *cache, size_t shard, struct str repository, struct str reference);
/* By the shard's thread alone: keeps it as what the reference was at that version. The cache holds it itself. */
void manifest_cache_add(struct manifest_cache *cache, size_t shard, struct str repository, struct str reference,
	const struct catalog_manifest *manifest, uint64_t version);
/* Any thread. One reference, or, when reference is empty, all of the repository, is not what the shards know. */
void manifest_cache_drop(struct manifest_cache *cache, struct str repository, struct str reference);

#endif
