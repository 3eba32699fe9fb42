#include "tests/unit/unit.h"

#include "base/buf.h"
#include "oci/layer_entry.h"

/* OCI image-spec 1.1, layer.md, "Whiteouts" and "Opaque Whiteout". */
static void test_meanings(void **state)
{
	static const struct {
		const char *text;
		enum layer_entry_meaning meaning;
		const char *path; /* NULL: refused */
	} rows[] = {
		{"./", LAYER_ENTRY_ROOT, ""},
		{".", LAYER_ENTRY_ROOT, ""},
		{"/", LAYER_ENTRY_ROOT, ""},
		{"", LAYER_ENTRY_ROOT, ""},
		{"a/b/c/bar", LAYER_ENTRY_FILE, "a/b/c/bar"},
		{"./etc/", LAYER_ENTRY_FILE, "etc"},
		{"/etc//my-app.d/./x", LAYER_ENTRY_FILE, "etc/my-app.d/x"},
		{"///a///", LAYER_ENTRY_FILE, "a"},
		{"...", LAYER_ENTRY_FILE, "..."},
		{"a/..b", LAYER_ENTRY_FILE, "a/..b"},
		{"bin/.wh.my-app-tools", LAYER_ENTRY_WHITEOUT, "bin/my-app-tools"},
		{"./.wh.a", LAYER_ENTRY_WHITEOUT, "a"},
		{"bin/.wh..wh..opq", LAYER_ENTRY_OPAQUE, "bin"},
		{".wh..wh..opq", LAYER_ENTRY_OPAQUE, ""},
		{"a/.wh..hidden", LAYER_ENTRY_WHITEOUT, "a/.hidden"},
		{".wh..wh.aufs", LAYER_ENTRY_SKIP, NULL},
		{".wh..wh.plnk/123.456", LAYER_ENTRY_SKIP, NULL},
		{"a/.wh.", LAYER_ENTRY_SKIP, NULL},
		{"a/.wh..", LAYER_ENTRY_SKIP, NULL},
		{"a/.wh...", LAYER_ENTRY_SKIP, NULL},
		{"a/.whx", LAYER_ENTRY_FILE, "a/.whx"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct layer_entry entry = {0};
		cleanup_error struct error err = {0};

		unit_assert(layer_entry_parse(&entry, str_of(rows[i].text), &err), "'%s': %s", rows[i].text, error_text(&err));
		unit_assert(entry.meaning == rows[i].meaning, "'%s' means %d", rows[i].text, entry.meaning);
		if (rows[i].path)
			unit_assert(strcmp(entry.path, rows[i].path) == 0, "'%s' is at '%s'", rows[i].text, entry.path);
		layer_entry_free(&entry);
	}
}

static void test_escapes_are_refused(void **state)
{
	static const char *const rows[] = {"..", "../x", "a/../../x", "a/..", "/..", "./../x", "a/../.wh.x", ".wh.x/.."};
	struct layer_entry entry = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_error struct error err = {0};

		unit_assert(!layer_entry_parse(&entry, str_of(rows[i]), &err), "'%s' was taken", rows[i]);
		assert_int_equal(err.kind, ERROR_INVALID);
	}
	assert_false(layer_entry_parse(&entry, str_make("a\0b", 3), NULL));
	assert_null(entry.path);
}

static void test_lengths(void **state)
{
	cleanup_buf struct buf part = {0}, path = {0};
	struct layer_entry entry = {0};

	(void)state;
	for (int i = 0; i < 255; i++)
		buf_add_char(&part, 'p');
	assert_true(layer_entry_parse(&entry, buf_str(&part), NULL));
	layer_entry_free(&entry);
	for (int i = 0; i < 16; i++) {
		buf_add_str(&path, buf_str(&part));
		buf_add_char(&path, '/');
	}
	assert_int_equal(path.len, 4096);
	assert_true(layer_entry_parse(&entry, buf_str(&path), NULL));
	layer_entry_free(&entry);
	buf_add_char(&path, 'q');
	assert_false(layer_entry_parse(&entry, buf_str(&path), NULL));
	buf_add_char(&part, 'p');
	assert_false(layer_entry_parse(&entry, buf_str(&part), NULL));
}

UNIT_MAIN(cmocka_unit_test(test_meanings), cmocka_unit_test(test_escapes_are_refused), cmocka_unit_test(test_lengths))
