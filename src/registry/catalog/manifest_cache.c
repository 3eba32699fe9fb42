#include "registry/catalog/manifest_cache.h"

#include <pthread.h>
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
	size_t cost_bytes;
	size_t key_len;
	char key[]; /* repository, a newline, reference: neither holds one */
};

struct manifest_cache {
	pthread_mutex_t lock; /* guards what follows */
	struct entry *entries;
	size_t bytes, bytes_max;
	uint64_t generation;
};

#define KEY_MAX 512

struct manifest_cache *manifest_cache_new(size_t bytes_max)
{
	struct manifest_cache *cache = mem_alloc(1, sizeof *cache);

	cache->bytes_max = bytes_max;
	pthread_mutex_init(&cache->lock, NULL);
	return cache;
}

void catalog_manifest_release(void *manifest)
{
	struct held *held = manifest;

	if (held && atomic_fetch_sub(&held->holders, 1) == 1)
		free(held);
}

static void remove_entry(struct manifest_cache *cache, struct entry *entry)
{
	HASH_DEL(cache->entries, entry);
	cache->bytes -= entry->cost_bytes;
	catalog_manifest_release(entry->held);
	free(entry);
}

void manifest_cache_free(struct manifest_cache *cache)
{
	if (!cache)
		return;
	while (cache->entries)
		remove_entry(cache, cache->entries);
	pthread_mutex_destroy(&cache->lock);
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

	if (len > KEY_MAX || !repository.len)
		return 0;
	memcpy(key, repository.data, repository.len);
	key[repository.len] = '\n';
	if (reference.len)
		memcpy(key + repository.len + 1, reference.data, reference.len);
	return len;
}

const struct catalog_manifest *manifest_cache_find(struct manifest_cache *cache, struct str repository, struct str reference)
{
	char key[KEY_MAX];
	size_t len = make_key(key, repository, reference);
	struct entry *entry = NULL;
	struct held *held = NULL;

	if (!len)
		return NULL;
	pthread_mutex_lock(&cache->lock);
	HASH_FIND(hh, cache->entries, key, len, entry);
	if (entry) {
		held = entry->held;
		atomic_fetch_add(&held->holders, 1);
	}
	pthread_mutex_unlock(&cache->lock);
	return held ? &held->manifest : NULL;
}

uint64_t manifest_cache_generation(struct manifest_cache *cache)
{
	pthread_mutex_lock(&cache->lock);
	uint64_t generation = cache->generation;
	pthread_mutex_unlock(&cache->lock);
	return generation;
}

void manifest_cache_add(
	struct manifest_cache *cache, struct str repository, struct str reference, const struct catalog_manifest *manifest, uint64_t generation)
{
	struct held *held = (struct held *)(uintptr_t)manifest;
	char key[KEY_MAX];
	size_t len = make_key(key, repository, reference);
	struct entry *entry = NULL;

	if (!len)
		return;
	pthread_mutex_lock(&cache->lock);
	HASH_FIND(hh, cache->entries, key, len, entry);
	if (!entry && cache->generation == generation) {
		entry = mem_alloc(1, sizeof *entry + len);
		memcpy(entry->key, key, len);
		entry->key_len = len;
		entry->held = held;
		entry->cost_bytes = sizeof *entry + sizeof *held + len + manifest->bytes.len;
		atomic_fetch_add(&held->holders, 1);
		HASH_ADD(hh, cache->entries, key, len, entry);
		cache->bytes += entry->cost_bytes;
		while (cache->bytes > cache->bytes_max && cache->entries)
			remove_entry(cache, cache->entries);
	}
	pthread_mutex_unlock(&cache->lock);
}

void manifest_cache_drop(struct manifest_cache *cache, struct str repository, struct str reference)
{
	char key[KEY_MAX];
	size_t len = make_key(key, repository, reference);
	struct entry *entry = NULL, *next;

	pthread_mutex_lock(&cache->lock);
	cache->generation++;
	if (len && reference.len) {
		HASH_FIND(hh, cache->entries, key, len, entry);
		if (entry)
			remove_entry(cache, entry);
	} else if (len) {
		HASH_ITER (hh, cache->entries, entry, next) {
			if (str_starts(str_make(entry->key, entry->key_len), str_make(key, len)))
				remove_entry(cache, entry);
		}
	}
	pthread_mutex_unlock(&cache->lock);
}
