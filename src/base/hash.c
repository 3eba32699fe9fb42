#include "base/hash.h"

#include <stdlib.h>

#include <openssl/evp.h>

#include "base/mem.h"

struct hash {
	EVP_MD_CTX *context;
	EVP_MD_CTX *copy; /* hash_value finishes this one, so that the first may go on */
	const EVP_MD *kind;
};

static void must(int answer)
{
	if (answer != 1)
		abort();
}

static const EVP_MD *algorithm(enum hash_kind kind)
{
	return kind == HASH_SHA512 ? EVP_sha512() : EVP_sha256();
}

struct hash *hash_new(enum hash_kind kind)
{
	struct hash *hash = mem_alloc(1, sizeof *hash);

	hash->context = EVP_MD_CTX_new();
	hash->copy = EVP_MD_CTX_new();
	hash->kind = algorithm(kind);
	if (!hash->context || !hash->copy)
		abort();
	hash_reset(hash);
	return hash;
}

void hash_free(struct hash *hash)
{
	if (!hash)
		return;
	EVP_MD_CTX_free(hash->context);
	EVP_MD_CTX_free(hash->copy);
	free(hash);
}

void hash_cleanup(struct hash **hash)
{
	hash_free(*hash);
}

void hash_add(struct hash *hash, const void *data, size_t len)
{
	must(EVP_DigestUpdate(hash->context, data, len));
}

size_t hash_value(const struct hash *hash, uint8_t out[static HASH_SIZE_MAX])
{
	unsigned int size = 0;

	must(EVP_MD_CTX_copy_ex(hash->copy, hash->context));
	must(EVP_DigestFinal_ex(hash->copy, out, &size));
	return size;
}

void hash_reset(struct hash *hash)
{
	must(EVP_DigestInit_ex(hash->context, hash->kind, NULL));
}

size_t hash_bytes(enum hash_kind kind, const void *data, size_t len, uint8_t out[static HASH_SIZE_MAX])
{
	unsigned int size = 0;

	must(EVP_Digest(data, len, out, &size, algorithm(kind), NULL));
	return size;
}
