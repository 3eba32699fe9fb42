#include "tests/unit/unit.h"

#include "oci/platform.h"

static void assert_format(const struct platform *platform, const char *expected, const char *of)
{
	cleanup_buf struct buf text = {0};

	platform_format(platform, &text);
	unit_assert(strcmp(text.data, expected) == 0, "'%s' is %s, not %s", of, text.data, expected);
}

/* containerd/platforms: platforms_test.go, database.go. */
static void test_parse(void **state)
{
	static const struct {
		const char *text, *format; /* NULL: refused */
	} rows[] = {
		{"linux/amd64", "linux/amd64"},
		{"linux/amd64/v1", "linux/amd64"},
		{"linux/amd64/v3", "linux/amd64/v3"},
		{"linux/x86_64", "linux/amd64"},
		{"Linux/X86-64", "linux/amd64"},
		{"linux/i386", "linux/386"},
		{"linux/arm", "linux/arm/v7"},
		{"linux/arm/7", "linux/arm/v7"},
		{"linux/arm/v6", "linux/arm/v6"},
		{"linux/armel", "linux/arm/v6"},
		{"linux/armhf", "linux/arm/v7"},
		{"linux/aarch64", "linux/arm64"},
		{"linux/arm64/v8", "linux/arm64"},
		{"linux/arm64/8", "linux/arm64"},
		{"macos/arm64", "darwin/arm64"},
		{"windows/amd64", "windows/amd64"},
		{"arm64", "linux/arm64"},
		{"s390x", "linux/s390x"},
		{"", NULL},
		{"linux/", NULL},
		{"/amd64", NULL},
		{"linux/amd64/v1/x", NULL},
		{"linux//v1", NULL},
		{"lin ux/amd64", NULL},
		{"linux/amd*", NULL},
		{"nosuch", NULL},
		{"linux/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct platform platform;
		cleanup_error struct error err = {0};
		bool parsed = platform_parse(&platform, str_of(rows[i].text), &err);

		unit_assert(parsed == (rows[i].format != NULL), "'%s': %s", rows[i].text, error_text(&err));
		if (parsed)
			assert_format(&platform, rows[i].format, rows[i].text);
		else
			assert_int_equal(err.kind, ERROR_INVALID);
	}
}

static void test_make_refuses_long_parts(void **state)
{
	struct platform platform;

	(void)state;
	assert_false(platform_make(&platform, STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), STR("amd64"), STR(""), NULL));
	assert_false(platform_make(&platform, STR("linux"), str_make("a\0b", 3), STR(""), NULL));
	assert_true(platform_make(&platform, STR("linux"), STR("amd64"), STR(""), NULL));
}

/* Which of what is offered comes first, as containerd/platforms' compare.go has it. NULL-ended, best first. */
static void test_rank(void **state)
{
	static const struct {
		const char *wanted, *accepted[8], *refused[4];
	} rows[] = {
		{"linux/amd64/v3", {"linux/amd64/v3", "linux/amd64/v2", "linux/amd64", "linux/386"},
			{"linux/amd64/v4", "linux/arm64", "windows/amd64"}},
		{"linux/amd64", {"linux/amd64", "linux/386"}, {"linux/amd64/v2", "linux/arm"}},
		{"linux/arm64", {"linux/arm64", "linux/arm/v8", "linux/arm/v7", "linux/arm/v6", "linux/arm/v5"}, {"linux/amd64", "linux/arm64/v9"}},
		{"linux/arm/v7", {"linux/arm/v7", "linux/arm/v6", "linux/arm/v5"}, {"linux/arm/v8", "linux/arm64"}},
		{"linux/arm/v6", {"linux/arm/v6", "linux/arm/v5"}, {"linux/arm/v7"}},
		{"linux/riscv64", {"linux/riscv64"}, {"linux/amd64"}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct platform wanted, offered;
		int last = -1;

		assert_true(platform_parse(&wanted, str_of(rows[i].wanted), NULL));
		for (const char *const *text = rows[i].accepted; *text; text++) {
			assert_true(platform_parse(&offered, str_of(*text), NULL));
			int rank = platform_rank(&wanted, &offered);
			unit_assert(rank > last, "%s for %s: rank %d after %d", *text, rows[i].wanted, rank, last);
			last = rank;
		}
		for (const char *const *text = rows[i].refused; *text; text++) {
			assert_true(platform_parse(&offered, str_of(*text), NULL));
			unit_assert(platform_rank(&wanted, &offered) < 0, "%s runs on %s", *text, rows[i].wanted);
		}
	}
}

static void test_host(void **state)
{
	struct platform host = platform_host(), plain;

	(void)state;
	unit_assert_text(host.os, "linux");
	assert_true(host.architecture[0] != '\0');
	assert_true(platform_make(&plain, str_of(host.os), str_of(host.architecture), STR(""), NULL));
	assert_true(platform_rank(&host, &plain) >= 0);
}

UNIT_MAIN(cmocka_unit_test(test_parse), cmocka_unit_test(test_make_refuses_long_parts), cmocka_unit_test(test_rank), cmocka_unit_test(test_host))
