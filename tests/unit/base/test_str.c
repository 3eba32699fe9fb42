#include "tests/unit/unit.h"

#include "base/hex.h"
#include "base/str.h"

static void test_numbers(void **state)
{
	static const struct {
		const char *text;
		bool as_u64, as_i64;
		uint64_t value;
	} rows[] = {
		{"0", true, true, 0},
		{"007", true, true, 7},
		{"9223372036854775807", true, true, INT64_MAX},
		{"9223372036854775808", true, false, (uint64_t)INT64_MAX + 1},
		{"18446744073709551615", true, false, UINT64_MAX},
		{"18446744073709551616", false, false, 0},
		{"99999999999999999999999", false, false, 0},
		{"", false, false, 0},
		{"-1", false, false, 0},
		{"+1", false, false, 0},
		{" 1", false, false, 0},
		{"1 ", false, false, 0},
		{"0x1", false, false, 0},
		{"1.0", false, false, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t u64 = 42;
		int64_t i64 = 42;

		unit_assert(str_to_u64(str_of(rows[i].text), &u64) == rows[i].as_u64, "'%s' as u64", rows[i].text);
		unit_assert(str_to_i64(str_of(rows[i].text), &i64) == rows[i].as_i64, "'%s' as i64", rows[i].text);
		unit_assert(u64 == (rows[i].as_u64 ? rows[i].value : 42), "'%s' is %llu", rows[i].text, (unsigned long long)u64);
		unit_assert(i64 == (rows[i].as_i64 ? (int64_t)rows[i].value : 42), "'%s' is %lld", rows[i].text, (long long)i64);
	}
}

static void test_cut(void **state)
{
	struct str before = {0}, after = {0}, text = STR("a:b:c");

	(void)state;
	assert_true(str_cut(text, ':', &before, &after));
	assert_true(str_equal(before, STR("a")) && str_equal(after, STR("b:c")));
	assert_true(str_cut_last(text, ':', &before, &after));
	assert_true(str_equal(before, STR("a:b")) && str_equal(after, STR("c")));
	assert_false(str_cut(text, '/', &before, &after));
	assert_true(str_equal(before, STR("a:b")));
	/* The text may be its own result. */
	assert_true(str_cut(text, ':', &before, &text));
	assert_true(str_equal(text, STR("b:c")));
	assert_true(str_cut(STR(":"), ':', &before, &after));
	assert_true(before.len == 0 && after.len == 0);
	assert_false(str_cut((struct str){0}, ':', &before, &after));
}

static void test_compare(void **state)
{
	static const struct {
		const char *a, *b;
		int order;
	} rows[] = {{"", "", 0}, {"a", "", 1}, {"", "a", -1}, {"a", "b", -1}, {"ab", "a", 1}, {"\xff", "a", 1}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int order = str_compare(str_of(rows[i].a), str_of(rows[i].b));

		unit_assert((order > 0) - (order < 0) == rows[i].order, "'%s' and '%s': %d", rows[i].a, rows[i].b, order);
	}
	assert_true(str_equal((struct str){0}, STR("")));
	assert_false(str_equal(STR("a"), STR("A")));
	assert_true(str_equal_nocase(STR("Content-Length"), STR("content-LENGTH")));
	assert_false(str_equal_nocase(STR("["), STR("{")));
}

static void test_parts(void **state)
{
	(void)state;
	assert_true(str_starts(STR("abc"), STR("ab")) && str_starts(STR("abc"), STR("")) && !str_starts(STR("a"), STR("ab")));
	assert_true(str_ends(STR("abc"), STR("bc")) && str_ends(STR("abc"), STR("")) && !str_ends(STR("c"), STR("bc")));
	assert_true(str_equal(str_from(STR("abc"), 1), STR("bc")) && str_from(STR("abc"), 9).len == 0);
	assert_true(str_equal(str_head(STR("abc"), 2), STR("ab")) && str_head(STR("abc"), 9).len == 3);
	assert_true(str_equal(str_trim(STR(" \t\r\na b\n ")), STR("a b")) && str_trim(STR(" \n")).len == 0);
}

static void test_hex(void **state)
{
	static const char *const refused[] = {"0", "0g", "AB", "a ", "\xff\xff"};
	uint8_t bytes[4] = {0};
	char digits[9] = {0};

	(void)state;
	assert_true(hex_decode_lower(bytes, STR("00ff10ab")));
	hex_encode_lower(digits, bytes, 4);
	unit_assert_text(digits, "00ff10ab");
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		unit_assert(!hex_decode_lower(bytes, str_of(refused[i])), "'%s' was taken", refused[i]);
}

static void a_list_is_given_item_by_item(void **state)
{
	static const struct {
		const char *list, *items; /* each item in brackets */
	} rows[] = {{"", ""}, {"a", "[a]"}, {"a,b", "[a][b]"}, {"a,,b", "[a][][b]"}, {",a", "[][a]"}, {"a,", "[a]"}, {",", "[]"}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct str rest = str_of(rows[i].list), item;
		char got[64] = "";

		while (str_next(&rest, ',', &item))
			snprintf(got + strlen(got), sizeof got - strlen(got), "[%.*s]", STR_ARG(item));
		unit_assert_text(got, rows[i].items);
	}
}

UNIT_MAIN(cmocka_unit_test(a_list_is_given_item_by_item), cmocka_unit_test(test_numbers), cmocka_unit_test(test_cut), cmocka_unit_test(test_compare),
	cmocka_unit_test(test_parts), cmocka_unit_test(test_hex))
