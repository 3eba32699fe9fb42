#include "tests/unit/unit.h"

#include "base/hash.h"
#include "base/hex.h"

/* FIPS 180-4's examples (NIST, "Secure Hash Standard", SHA256.pdf and SHA512.pdf). */
static void test_examples(void **state)
{
	static const struct {
		enum hash_kind kind;
		const char *text, *hex;
	} rows[] = {
		{HASH_SHA256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{HASH_SHA256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{HASH_SHA256, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
			"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
		{HASH_SHA512, "abc",
			"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
			"2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_hash struct hash *hash = hash_new(rows[i].kind);
		uint8_t value[HASH_SIZE_MAX];
		char hex[2 * HASH_SIZE_MAX + 1] = {0};

		/* Byte by byte gives the same as at once, and a value that was asked for early changes nothing. */
		for (const char *at = rows[i].text; *at; at++) {
			hash_add(hash, at, 1);
			hash_value(hash, value);
		}
		size_t size = hash_value(hash, value);
		assert_int_equal(size, rows[i].kind == HASH_SHA256 ? 32 : 64);
		hex_encode_lower(hex, value, size);
		unit_assert_text(hex, rows[i].hex);
		uint8_t at_once[HASH_SIZE_MAX];
		assert_int_equal(hash_bytes(rows[i].kind, rows[i].text, strlen(rows[i].text), at_once), size);
		assert_memory_equal(at_once, value, size);
	}
}

static void test_reset(void **state)
{
	cleanup_hash struct hash *hash = hash_new(HASH_SHA256);
	uint8_t first[HASH_SIZE_MAX], again[HASH_SIZE_MAX];

	(void)state;
	hash_value(hash, first);
	hash_add(hash, "x", 1);
	hash_reset(hash);
	hash_value(hash, again);
	assert_memory_equal(first, again, 32);
}

UNIT_MAIN(cmocka_unit_test(test_examples), cmocka_unit_test(test_reset))
