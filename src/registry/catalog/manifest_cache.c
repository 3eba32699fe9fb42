#include "registry/catalog/manifest_cache.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/mem.h"

struct held {
	struct catalog_manifest manifest; /* first: a pointer to it is a pointer to this */
	atomic_uint holders;
	char texts[]; /* what the three point at */
};

struct entry {
	UT_hash_handle hh;
	struct held *held;
	uint64_t version;
	size_t cost_bytes;
	size_t key_len;
	char key[]; /* repository, a newline, reference: neither holds one */
};

struct shard {
	struct entry *entries; /* in the order of their coming */
	size_t bytes;
} __attribute__((aligned(64))); /* a cache line each */

#define KEY_MAX 512
/* Two that share a slot lose their entries together, which costs a read each. */
#define VERSIONS 4096

struct manifest_cache {
	_Atomic uint64_t versions[VERSIONS];
	size_t shard_bytes_max, shards_count;
	struct shard shards[];
};

struct manifest_cache *manifest_cache_new(size_t shards, size_t bytes_max)
{
	struct manifest_cache *cache = aligned_alloc(64, sizeof *cache + shards * sizeof *cache->shards);

	if (!cache)
		abort(); /* as mem_alloc */
	memset(cache, 0, sizeof *cache + shards * sizeof *cache->shards);
	cache->shards_count = shards;
	cache->shard_bytes_max = bytes_max / shards;
	return cache;
}

void catalog_manifest_release(void *manifest)
{
	struct held *held = manifest;

	if (held && atomic_fetch_sub(&held->holders, 1) == 1)
		free(held);
}

static void remove_entry(struct shard *shard, struct entry *entry)
{
	HASH_DEL(shard->entries, entry);
	shard->bytes -= entry->cost_bytes;
	catalog_manifest_release(entry->held);
	free(entry);
}

void manifest_cache_free(struct manifest_cache *cache)
{
	if (!cache)
		return;
	for (size_t i = 0; i < cache->shards_count; i++)
		while (cache->shards[i].entries)
			remove_entry(&cache->shards[i], cache->shards[i].entries);
	free(cache);
}

static char *put_text(char *at, struct str text, struct str *out)
{
	if (text.len)
		memcpy(at, text.data, text.len);
	*out = str_make(at, text.len);
	return at + text.len;
}

const struct catalog_manifest *manifest_cache_make(struct str media_type, struct str digest, struct str bytes)
{
	struct held *held = mem_alloc(1, sizeof *held + media_type.len + digest.len + bytes.len);
	char *at = held->texts;

	at = put_text(at, media_type, &held->manifest.media_type);
	at = put_text(at, digest, &held->manifest.digest);
	put_text(at, bytes, &held->manifest.bytes);
	atomic_init(&held->holders, 1);
	return &held->manifest;
}

/* Writes the key and returns its length; 0 when it is too long to be kept. */
static size_t make_key(char key[static KEY_MAX], struct str repository, struct str reference)
{
	size_t len = repository.len + 1 + reference.len;

	if (len > KEY_MAX || !repository.len || !reference.len)
		return 0;
	memcpy(key, repository.data, repository.len);
	key[repository.len] = '\n';
	memcpy(key + repository.len + 1, reference.data, reference.len);
	return len;
}

/* FNV-1a. */
static uint32_t mix(uint32_t hash, struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		hash = (hash ^ (unsigned char)text.data[i]) * 16777619u;
	return hash;
}

/* The slot of a repository, and of a reference in it. */
static void slots(struct str repository, struct str reference, size_t *all, size_t *one)
{
	uint32_t hash = mix(2166136261u, repository);

	*all = hash % VERSIONS;
	*one = mix(mix(hash, STR("\n")), reference) % VERSIONS;
}

/* Both only rise, so their sum stays the same only when both do. */
uint64_t manifest_cache_version(const struct manifest_cache *cache, struct str repository, struct str reference)
{
	size_t all, one;

	slots(repository, reference, &all, &one);
	return atomic_load_explicit(&cache->versions[all], memory_order_acquire) + atomic_load_explicit(&cache->versions[one], memory_order_acquire);
}

static struct entry *find(struct shard *shard, const char *key, size_t len)
{
	struct entry *entry;

	HASH_FIND(hh, shard->entries, key, len, entry);
	return entry;
}

const struct catalog_manifest *manifest_cache_find(struct manifest_cache *cache, size_t shard, struct str repository, struct str reference)
{
	char key[KEY_MAX];
	size_t len = make_key(key, repository, reference);
	struct entry *entry = len ? find(&cache->shards[shard], key, len) : NULL;

	if (!entry)
		return NULL;
	if (entry->version != manifest_cache_version(cache, repository, reference)) {
		remove_entry(&cache->shards[shard], entry);
		return NULL;
	}
	atomic_fetch_add(&entry->held->holders, 1);
	return &entry->held->manifest;
}

void manifest_cache_add(struct manifest_cache *cache, size_t shard, struct str repository, struct str reference,
	const struct catalog_manifest *manifest, uint64_t version)
{
	struct held *held = (struct held *)(uintptr_t)manifest;
	struct shard *mine = &cache->shards[shard];
	char key[KEY_MAX];
	size_t len = make_key(key, repository, reference);
	struct entry *entry = len ? find(mine, key, len) : NULL;

	if (!len)
		return;
	if (entry)
		remove_entry(mine, entry);
	entry = mem_alloc(1, sizeof *entry + len);
	memcpy(entry->key, key, len);
	entry->key_len = len;
	entry->held = held;
	entry->version = version;
	entry->cost_bytes = sizeof *entry + sizeof *held + len + manifest->bytes.len;
	atomic_fetch_add(&held->holders, 1);
	HASH_ADD(hh, mine->entries, key, len, entry);
	mine->bytes += entry->cost_bytes;
	while (mine->bytes > cache->shard_bytes_max && mine->entries)
		remove_entry(mine, mine->entries);
}

void manifest_cache_drop(struct manifest_cache *cache, struct str repository, struct str reference)
{
	size_t all, one;

	slots(repository, reference, &all, &one);
	atomic_fetch_add(&cache->versions[reference.len ? one : all], 1);
}
