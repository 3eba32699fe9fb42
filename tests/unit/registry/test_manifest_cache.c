/* The cache never gives what the writer dropped, keeps its bound, and never frees what somebody holds; a drop reaches every shard. */
#include "tests/unit/unit.h"

#include "registry/catalog/manifest_cache.h"

static bool has(struct manifest_cache *cache, const char *repository, const char *reference, const char *digest)
{
	const struct catalog_manifest *found = manifest_cache_find(cache, 0, str_of(repository), str_of(reference));
	bool same = found && str_equal(found->digest, str_of(digest));

	catalog_manifest_release((void *)(uintptr_t)found);
	return same;
}

static void add(struct manifest_cache *cache, const char *repository, const char *reference, const char *digest, uint64_t version)
{
	const struct catalog_manifest *manifest = manifest_cache_make(STR("type"), str_of(digest), STR("{\"bytes\":1}"));

	manifest_cache_add(cache, 0, str_of(repository), str_of(reference), manifest, version);
	catalog_manifest_release((void *)(uintptr_t)manifest);
}

static void what_was_dropped_is_not_put_back_by_a_slow_reader(void **state)
{
	struct manifest_cache *cache = manifest_cache_new(1, 100000);
	uint64_t before = manifest_cache_version(cache, STR("a"), STR("1"));

	(void)state;
	/* The reader has read the old value; the writer moves the tag; only then does the reader come to keep it. */
	manifest_cache_drop(cache, STR("a"), STR("1"));
	add(cache, "a", "1", "old", before);
	assert_false(has(cache, "a", "1", "old"));
	add(cache, "a", "1", "new", manifest_cache_version(cache, STR("a"), STR("1")));
	assert_true(has(cache, "a", "1", "new"));
	manifest_cache_free(cache);
}

static void a_repository_is_dropped_whole_and_no_other(void **state)
{
	struct manifest_cache *cache = manifest_cache_new(1, 100000);

	(void)state;
	add(cache, "a", "1", "x", 0);
	add(cache, "a", "2", "x", 0);
	add(cache, "ab", "1", "x", 0);
	add(cache, "a/b", "1", "x", 0);
	manifest_cache_drop(cache, STR("a"), STR("2"));
	assert_true(has(cache, "a", "1", "x"));
	assert_false(has(cache, "a", "2", "x"));
	manifest_cache_drop(cache, STR("a"), STR(""));
	assert_false(has(cache, "a", "1", "x"));
	assert_true(has(cache, "ab", "1", "x"));
	assert_true(has(cache, "a/b", "1", "x"));
	manifest_cache_free(cache);
}

static void a_drop_reaches_every_shard(void **state)
{
	struct manifest_cache *cache = manifest_cache_new(3, 100000);
	const struct catalog_manifest *manifest = manifest_cache_make(STR("type"), STR("x"), STR("{}"));

	(void)state;
	for (size_t i = 0; i < 3; i++)
		manifest_cache_add(cache, i, STR("a"), STR("1"), manifest, manifest_cache_version(cache, STR("a"), STR("1")));
	catalog_manifest_release((void *)(uintptr_t)manifest);
	for (size_t i = 0; i < 3; i++) {
		const struct catalog_manifest *found = manifest_cache_find(cache, i, STR("a"), STR("1"));
		assert_non_null(found);
		catalog_manifest_release((void *)(uintptr_t)found);
	}
	manifest_cache_drop(cache, STR("a"), STR("1"));
	for (size_t i = 0; i < 3; i++)
		assert_null(manifest_cache_find(cache, i, STR("a"), STR("1")));
	manifest_cache_free(cache);
}

static void the_bound_holds_and_a_held_one_stays(void **state)
{
	struct manifest_cache *cache = manifest_cache_new(1, 2000);
	size_t kept = 0;

	(void)state;
	add(cache, "a", "held", "held", 0);
	const struct catalog_manifest *held = manifest_cache_find(cache, 0, STR("a"), STR("held"));
	assert_non_null(held);
	for (int i = 0; i < 100; i++) {
		char tag[8];

		snprintf(tag, sizeof tag, "%d", i);
		add(cache, "a", tag, "x", 0);
	}
	for (int i = 0; i < 100; i++) {
		char tag[8];

		snprintf(tag, sizeof tag, "%d", i);
		kept += has(cache, "a", tag, "x");
	}
	unit_assert(kept > 0 && kept < 20, "%zu of 100 are kept", kept);
	assert_true(has(cache, "a", "99", "x"));
	assert_false(has(cache, "a", "held", "held"));
	manifest_cache_free(cache);
	assert_true(str_equal(held->bytes, STR("{\"bytes\":1}")));
	catalog_manifest_release((void *)(uintptr_t)held);
}

UNIT_MAIN(cmocka_unit_test(what_was_dropped_is_not_put_back_by_a_slow_reader), cmocka_unit_test(a_repository_is_dropped_whole_and_no_other),
	cmocka_unit_test(a_drop_reaches_every_shard), cmocka_unit_test(the_bound_holds_and_a_held_one_stays))
