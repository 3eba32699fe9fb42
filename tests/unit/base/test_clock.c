#include "tests/unit/unit.h"

#include "base/clock.h"

/* RFC 3339, section 5.8, and what registries and clients send. */
static void test_parse(void **state)
{
	static const struct {
		const char *text;
		bool valid;
		int64_t at_us;
	} rows[] = {
		{"1970-01-01T00:00:00Z", true, 0},
		{"1985-04-12T23:20:50.52Z", true, 482196050520000},
		{"1996-12-19T16:39:57-08:00", true, 851042397000000},
		{"1990-12-31T23:59:60Z", true, 662688000000000},
		{"2015-10-31T22:22:56.015925234Z", true, 1446330176015925},
		{"2026-11-24T19:27:15.894671+09:00", true, 1795516035894671},
		{"0001-01-01T00:00:00Z", true, -62135596800000000},
		{"2026-11-24t19:27:15z", true, 1795548435000000},
		{"2024-02-29T00:00:00Z", true, 1709164800000000},
		{"", false, 0},
		{"2026-11-24", false, 0},
		{"2026-11-24T19:27:15", false, 0},
		{"2026-11-24T19:27:15.Z", false, 0},
		{"2026-13-24T19:27:15Z", false, 0},
		{"2026-00-24T19:27:15Z", false, 0},
		{"2026-11-32T19:27:15Z", false, 0},
		{"2026-02-29T00:00:00Z", false, 0},
		{"2026-11-31T00:00:00Z", false, 0},
		{"2026-11-24T24:00:00Z", false, 0},
		{"2026-11-24T19:60:15Z", false, 0},
		{"2026-11-24T19:27:15+24:00", false, 0},
		{"2026-11-24T19:27:15+0900", false, 0},
		{"2026-11-24T19:27:15ZZ", false, 0},
		{"2026-11-24T19:27:15 Z", false, 0},
		{"-026-11-24T19:27:15Z", false, 0},
		{"+2026-11-24T19:27:15Z", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int64_t at_us = 0;
		bool valid = clock_parse_rfc3339(str_of(rows[i].text), &at_us);

		unit_assert(valid == rows[i].valid, "'%s'", rows[i].text);
		unit_assert(!valid || at_us == rows[i].at_us, "'%s' is %lld", rows[i].text, (long long)at_us);
	}
}

static void test_format(void **state)
{
	static const struct {
		int64_t at_us;
		const char *text;
	} rows[] = {
		{0, "1970-01-01T00:00:00Z"},
		{1795548435894671, "2026-11-24T19:27:15.894671Z"},
		{1000001, "1970-01-01T00:00:01.000001Z"},
		{-1, "1969-12-31T23:59:59.999999Z"},
		{INT64_MAX, "1970-01-01T00:00:00Z"},
		{INT64_MIN, "1970-01-01T00:00:00Z"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[CLOCK_RFC3339_SIZE];

		clock_format_rfc3339(rows[i].at_us, text);
		unit_assert_text(text, rows[i].text);
	}
}

static void test_runs(void **state)
{
	int64_t before = clock_monotonic_us();

	(void)state;
	assert_true(clock_monotonic_us() >= before);
	assert_true(clock_now_us() > 1700000000000000);
}

UNIT_MAIN(cmocka_unit_test(test_parse), cmocka_unit_test(test_format), cmocka_unit_test(test_runs))
