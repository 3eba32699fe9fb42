/* -v, and the paths in it. */
#include "tests/unit/unit.h"

#include "runtime/volume.h"

static void test_path_clean(void **state)
{
	static const struct {
		const char *text, *want;
	} table[] = {
		{"/", "/"},
		{"/a", "/a"},
		{"//a///b/", "/a/b"},
		{"/a/./b/.", "/a/b"},
		{"/a/../b", "/b"},
		{"/../../a", "/a"},
		{"/a/b/../../..", "/"},
		{"a", NULL},
		{"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		cleanup_free char *got = path_clean(str_of(table[i].text));
		unit_assert(got ? table[i].want && strcmp(got, table[i].want) == 0 : !table[i].want, "%s: %s", table[i].text, got ? got : "NULL");
	}
}

static void test_volumes(void **state)
{
	static const struct {
		const char *text, *source, *destination;
		bool read_only;
		const char *error; /* a part of it */
	} table[] = {
		{"/h:/c", "/h", "/c", false, NULL},
		{"/h/../x:/c/../../d:ro", "/x", "/d", true, NULL},
		{"/h:/c:ro,rshared", "/h", "/c", true, NULL},
		{"/h:/c:z", "/h", "/c", false, NULL},
		{"/c", NULL, "/c", false, NULL},
		{"/h:/c:rx", NULL, NULL, false, "invalid mode: rx"},
		{"/h:c", NULL, NULL, false, "mount path must be absolute"},
		{"/h:/", NULL, NULL, false, "destination can't be '/'"},
		{"/h:/..", NULL, NULL, false, "destination can't be '/'"},
		{"/", NULL, NULL, false, "destination can't be '/'"},
		{"", NULL, NULL, false, "invalid volume specification: ''"},
		{":/c", NULL, NULL, false, "invalid volume specification: ':/c'"},
		{"/h:", NULL, NULL, false, "invalid volume specification: '/h:'"},
		{"/a:/b:ro:rw", NULL, NULL, false, "invalid volume specification"},
		{"a/b:/x", NULL, NULL, false, "includes invalid characters for a local volume name"},
		{"name:/x", NULL, NULL, false, "named volumes are not there yet"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct volumes volumes = {0};
		cleanup_error struct error err = {0};
		bool good = volumes_add(&volumes, str_of(table[i].text), &err);

		unit_assert(good == (table[i].error == NULL), "%s: %s", table[i].text, error_text(&err));
		if (table[i].error) {
			unit_assert(strstr(error_text(&err), table[i].error), "%s: \"%s\"", table[i].text, error_text(&err));
			assert_int_equal(volumes.count, 0);
			volumes_free(&volumes);
			continue;
		}
		assert_int_equal(volumes.count, 1);
		unit_assert(strcmp(volumes.items[0].destination, table[i].destination) == 0, "%s: %s", table[i].text, volumes.items[0].destination);
		unit_assert(table[i].source ? strcmp(volumes.items[0].source, table[i].source) == 0 : !volumes.items[0].source, "%s", table[i].text);
		assert_int_equal(volumes.items[0].read_only, table[i].read_only);
		volumes_free(&volumes);
	}
}

static void test_last_wins(void **state)
{
	struct volumes volumes = {0};

	(void)state;
	assert_true(volumes_add(&volumes, STR("/a:/x"), NULL));
	assert_true(volumes_add(&volumes, STR("/b:/x/"), NULL));
	assert_true(volumes_add_own(&volumes, STR("/x"), NULL));
	assert_true(volumes_add_own(&volumes, STR("/y"), NULL));
	assert_false(volumes_add_own(&volumes, STR("y"), NULL));
	assert_int_equal(volumes.count, 2);
	unit_assert_text(volumes.items[0].source, "/b");
	assert_null(volumes.items[1].source);
	volumes_free(&volumes);
}

UNIT_MAIN(cmocka_unit_test(test_path_clean), cmocka_unit_test(test_volumes), cmocka_unit_test(test_last_wins))
