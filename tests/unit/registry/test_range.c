/* Range, Content-Range and ETags: the conformance program's own ranges, and what must not be taken for one. */
#include "tests/unit/unit.h"

#include "base/buf.h"
#include "registry/distribution/range.h"

static const struct {
	const char *header;
	int64_t size;
	enum range_answer answer;
	const char *ranges; /* "offset+length …" */
	const char *why;
} table[] = {
	{"bytes=500-1499", 2048, RANGE_PARTS, "500+1000 ", "in the middle"},
	{"bytes=500-", 2048, RANGE_PARTS, "500+1548 ", "to the end"},
	{"bytes=-500", 2048, RANGE_PARTS, "1548+500 ", "the last ones"},
	{"bytes=-5000", 2048, RANGE_PARTS, "0+2048 ", "more of the last ones than there are"},
	{"bytes=2000-5000", 2048, RANGE_PARTS, "2000+48 ", "clipped"},
	{"bytes=0-0", 1, RANGE_PARTS, "0+1 ", "all of one byte"},
	{"Bytes = 0-1 , 4-5", 10, RANGE_PARTS, "0+2 4+2 ", "blanks, and a unit in another case"},
	{"bytes=4-5,0-1", 10, RANGE_PARTS, "4+2 0+2 ", "in the order that was asked for"},
	{"bytes=0-1,90-91", 10, RANGE_PARTS, "0+2 ", "one of two is past the end"},
	{"bytes=,0-1,,", 10, RANGE_PARTS, "0+2 ", "empty items"},
	{"bytes=0-8,1-1", 10, RANGE_PARTS, "0+9 1+1 ", "together as much as the content"},
	{"bytes=500-0", 2048, RANGE_UNSATISFIED, "", "ends before it begins"},
	{"bytes=2048-", 2048, RANGE_UNSATISFIED, "", "begins at the end"},
	{"bytes=9999-10000", 2048, RANGE_UNSATISFIED, "", "past the end"},
	{"bytes=-0", 2048, RANGE_UNSATISFIED, "", "the last none"},
	{"bytes=0-", 0, RANGE_UNSATISFIED, "", "of nothing"},
	{"bytes=-5", 0, RANGE_UNSATISFIED, "", "the last of nothing"},
	{"bytes=9223372036854775807-", 10, RANGE_UNSATISFIED, "", "the largest number"},
	{"bytes=0-9223372036854775807", 10, RANGE_PARTS, "0+10 ", "to the largest number"},
	{"bytes=0-,0-", 10, RANGE_WHOLE, "", "overlapping: more than the content"},
	{"bytes=0-1,4-5,0-9", 10, RANGE_WHOLE, "", "the third is too much"},
	{"lines=0-5", 10, RANGE_WHOLE, "", "another unit"},
	{"bytes", 10, RANGE_WHOLE, "", "no ="},
	{"bytes=", 10, RANGE_WHOLE, "", "none"},
	{"bytes=-", 10, RANGE_WHOLE, "", "no number"},
	{"bytes=5", 10, RANGE_WHOLE, "", "no -"},
	{"bytes=a-b", 10, RANGE_WHOLE, "", "letters"},
	{"bytes=--5", 10, RANGE_WHOLE, "", "two signs"},
	{"bytes=+0-5", 10, RANGE_WHOLE, "", "a sign"},
	{"bytes=0-5,x", 10, RANGE_WHOLE, "", "the second is none"},
	{"bytes=99999999999999999999-", 10, RANGE_UNSATISFIED, "", "past any number"},
};

static void ranges_are_exact_or_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct range ranges[RANGES_MAX];
		cleanup_buf struct buf text = {0};
		size_t count = 99;

		unit_assert(range_parse(str_of(table[i].header), table[i].size, ranges, &count) == table[i].answer, "%s: %s", table[i].why,
			table[i].header);
		buf_add_text(&text, "");
		for (size_t j = 0; j < count; j++)
			buf_printf(&text, "%lld+%lld ", (long long)ranges[j].offset, (long long)ranges[j].length);
		unit_assert(str_equal(buf_str(&text), str_of(table[i].ranges)), "%s: %s gave %s", table[i].why, table[i].header, text.data);
	}
}

static void too_many_ranges_are_the_whole(void **state)
{
	struct range ranges[RANGES_MAX];
	size_t count;

	(void)state;
	for (size_t asked = RANGES_MAX; asked <= RANGES_MAX + 1; asked++) {
		cleanup_buf struct buf header = {0};

		buf_add_text(&header, "bytes=");
		for (size_t i = 0; i < asked; i++)
			buf_printf(&header, "%zu-%zu,", 2 * i, 2 * i);
		assert_int_equal(range_parse(buf_str(&header), 10000, ranges, &count), asked > RANGES_MAX ? RANGE_WHOLE : RANGE_PARTS);
		assert_int_equal(count, asked > RANGES_MAX ? 0 : RANGES_MAX);
	}
}

static const struct {
	const char *header;
	bool valid;
	int64_t first, last;
} content_ranges[] = {
	{"0-499", true, 0, 499},
	{"bytes 0-499/1000", true, 0, 499},
	{"bytes 10-10/*", true, 10, 10},
	{" 5-6 ", true, 5, 6},
	{"6-5", false, 0, 0},
	{"-5", false, 0, 0},
	{"5-", false, 0, 0},
	{"", false, 0, 0},
	{"bytes */10", false, 0, 0},
	{"0-9223372036854775807", false, 0, 0},
	{"0-99999999999999999999", false, 0, 0},
	{"a-b", false, 0, 0},
};

static void content_ranges_of_both_forms(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(content_ranges); i++) {
		int64_t first, last;

		unit_assert(content_range_parse(str_of(content_ranges[i].header), &first, &last) == content_ranges[i].valid, "%s",
			content_ranges[i].header);
		unit_assert(!content_ranges[i].valid || (first == content_ranges[i].first && last == content_ranges[i].last), "%s",
			content_ranges[i].header);
	}
}

static void etags_match_whole_digests_only(void **state)
{
	static const struct {
		const char *header;
		bool matches;
	} etags[] = {
		{"\"sha256:ab\"", true},
		{"W/\"sha256:ab\"", true},
		{"\"x\", \"sha256:ab\"", true},
		{"*", true},
		{"sha256:ab", false},
		{"\"sha256:abc\"", false},
		{"\"sha256:a\"", false},
		{"\"sha256:abx", false},
		{"\"", false},
		{"", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(etags); i++) {
		unit_assert(etag_matches(str_of(etags[i].header), STR("sha256:ab")) == etags[i].matches, "%s", etags[i].header);
		/* If-Range: one strong tag, the first row. */
		unit_assert(etag_is(str_of(etags[i].header), STR("sha256:ab")) == (i == 0), "%s", etags[i].header);
	}
}

UNIT_MAIN(cmocka_unit_test(ranges_are_exact_or_refused), cmocka_unit_test(too_many_ranges_are_the_whole),
	cmocka_unit_test(content_ranges_of_both_forms), cmocka_unit_test(etags_match_whole_digests_only))
