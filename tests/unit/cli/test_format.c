/* Sizes, ages, widths and tables, as docker 28 prints them. */
#include "tests/unit/unit.h"

#include <stdlib.h>

#include "cli/format.h"

static void sizes(void **state)
{
	static const struct {
		int64_t bytes;
		int digits;
		const char *text;
	} rows[] = {
		{0, 3, "0B"},
		{999, 3, "999B"},
		{1000, 3, "1kB"},
		{1983000, 3, "1.98MB"},
		{1983000, 4, "1.983MB"},
		{82000000, 3, "82MB"},
		{164400000, 3, "164MB"},
		{999499, 3, "999kB"},
		{999600, 3, "1MB"}, /* docker: 1e+03kB */
		{999949, 4, "999.9kB"},
		{999950, 4, "1MB"},
		{INT64_MAX, 3, "9.22EB"},
		{-1, 3, "0B"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_buf struct buf out = {0};

		format_size(&out, rows[i].bytes, rows[i].digits);
		unit_assert_text(out.data, rows[i].text);
	}
}

static void ages(void **state)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} rows[] = {
		{0, "Less than a second"},
		{1, "1 second"},
		{59, "59 seconds"},
		{60, "About a minute"},
		{119, "About a minute"},
		{120, "2 minutes"},
		{45 * 60, "45 minutes"},
		{60 * 60, "About an hour"},
		{89 * 60, "About an hour"},
		{90 * 60, "2 hours"},
		{47 * 3600, "47 hours"},
		{48 * 3600, "2 days"},
		{13 * 86400, "13 days"},
		{14 * 86400, "2 weeks"},
		{59 * 86400, "8 weeks"},
		{60 * 86400, "2 months"},
		{729 * 86400, "24 months"},
		{730 * 86400, "2 years"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_buf struct buf out = {0};

		format_span(&out, rows[i].seconds * 1000000);
		unit_assert_text(out.data, rows[i].text);
	}
	cleanup_buf struct buf out = {0};
	format_age(&out, 0, 1);
	format_age(&out, 1000000, 61000000);
	unit_assert_text(out.data, "N/AAbout a minute ago");
}

static void widths(void **state)
{
	static const struct {
		const char *text;
		size_t width;
	} rows[] = {
		{"", 0}, {"abc", 3}, {"가나다", 6}, {"웹-web", 6}, {"日本", 4}, {"e\xcc\x81", 1}, /* an accent of its own */
		{"\xff\xfe", 2},                                                                  /* malformed */
		{"\xea\xb0", 2},                                                                  /* cut short */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		unit_assert(format_width(str_of(rows[i].text)) == rows[i].width, "%s is %zu wide", rows[i].text, format_width(str_of(rows[i].text)));
}

static void cuts(void **state)
{
	static const struct {
		const char *text;
		size_t width;
		const char *cut;
	} rows[] = {
		{"short", 20, "short"},
		{"sh -c 'echo out1; echo out2'", 20, "sh -c 'echo out1; e…"},
		{"가나다라", 7, "가나다…"},
		{"가나다라", 6, "가나…"},
		{"가나다라", 8, "가나다라"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_buf struct buf out = {0};

		format_cut(&out, str_of(rows[i].text), rows[i].width);
		unit_assert_text(out.data, rows[i].cut);
	}
}

static void tables(void **state)
{
	static const struct {
		const char *lines, *table;
	} rows[] = {
		{"REPOSITORY\tTAG\tIMAGE ID\n", "REPOSITORY   TAG       IMAGE ID\n"},
		{"REPOSITORY\tTAG\n127.0.0.1:5000/team/web\t1.0\n<none>\t<none>\n",
			"REPOSITORY                TAG\n127.0.0.1:5000/team/web   1.0\n<none>                    <none>\n"},
		{"NAME\tX\n한글이름은넓다\ty\nabc\tz\n", "NAME             X\n한글이름은넓다   y\nabc              z\n"},
		{"one\n", "one\n"},
		{"", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *text = NULL;
		size_t len = 0;
		FILE *out = open_memstream(&text, &len);

		assert_non_null(out);
		format_table(str_of(rows[i].lines), out);
		fclose(out);
		unit_assert_text(text, rows[i].table);
		free(text);
	}
}

static void points_in_time(void **state)
{
	static const struct {
		const char *text;
		bool valid;
		int64_t at_us;
	} rows[] = {
		{"10m", true, 1000000000LL - 600000000LL},
		{"1h30m", true, 1000000000LL - 5400000000LL},
		{"1700000000", true, 1700000000000000LL},
		{"2026-11-24T18:43:12Z", true, 1795545792000000LL},
		{"2026-11-24T18:43:12", true, 1795545792000000LL},
		{"2026-11-24", true, 1795478400000000LL},
		{"", false, 0},
		{"x", false, 0},
		{"10", true, 10000000},
		{"10x", false, 0},
		{"99999999999999999999h", false, 0},
		{"9223372036854775807", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int64_t at_us = 0;
		bool valid = format_point_parse(str_of(rows[i].text), 1000000000LL, &at_us, NULL);

		unit_assert(valid == rows[i].valid && (!valid || at_us == rows[i].at_us), "%s: %lld", rows[i].text, (long long)at_us);
	}
}

UNIT_MAIN(cmocka_unit_test(sizes), cmocka_unit_test(ages), cmocka_unit_test(widths), cmocka_unit_test(cuts), cmocka_unit_test(tables),
	cmocka_unit_test(points_in_time))
