/*
 * SHA-256 and SHA-512 of bytes as they come (OpenSSL, SHA-NI where the processor has it). One thread at a time uses one hash.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_SIZE_MAX 64

enum hash_kind {
	HASH_SHA256, /* 32 bytes */
	HASH_SHA512, /* 64 bytes */
};

struct hash;

/* A hash of nothing so far. Owned; free with hash_free. */
struct hash *hash_new(enum hash_kind kind);
void hash_free(struct hash *hash);
void hash_cleanup(struct hash **hash);
#define cleanup_hash __attribute__((cleanup(hash_cleanup)))

void hash_add(struct hash *hash, const void *data, size_t len);
/* The hash of what was added so far; more may be added afterwards. Writes 32 or 64 bytes and returns how many. */
size_t hash_value(const struct hash *hash, uint8_t out[static HASH_SIZE_MAX]);
/* Forgets what was added. */
void hash_reset(struct hash *hash);

/* In one call; returns how many bytes were written. */
size_t hash_bytes(enum hash_kind kind, const void *data, size_t len, uint8_t out[static HASH_SIZE_MAX]);

#endif
