/* n and Link of a list. */
#include "tests/unit/unit.h"

#include "registry/distribution/paging.h"

static const struct {
	const char *n;
	bool valid;
	size_t limit;
} numbers[] = {
	{"0", true, 0},
	{"1", true, 1},
	{"100", true, 100},
	{"101", true, 100},
	{"18446744073709551615", true, 100},
	{"18446744073709551616", false, 7},
	{"-1", false, 7},
	{"+1", false, 7},
	{"1e3", false, 7},
	{" 1", false, 7},
	{"", false, 7},
};

static void n_is_clamped_or_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		size_t limit = 7;

		unit_assert(page_limit(str_of(numbers[i].n), 100, &limit) == numbers[i].valid, "'%s'", numbers[i].n);
		unit_assert(limit == numbers[i].limit, "'%s' gave %zu", numbers[i].n, limit);
	}
}

static void a_link_is_a_path_and_escaped(void **state)
{
	cleanup_buf struct buf link = {0};

	(void)state;
	page_link(&link, "/v2/x/tags/list", STR("b"), 2);
	unit_assert_text(link.data, "</v2/x/tags/list?last=b&n=2>; rel=\"next\"");
	buf_clear(&link);
	page_link(&link, "/v2/_catalog", STR("a/b;>&"), 1);
	unit_assert_text(link.data, "</v2/_catalog?last=a%2Fb%3B%3E%26&n=1>; rel=\"next\"");
}

UNIT_MAIN(cmocka_unit_test(n_is_clamped_or_refused), cmocka_unit_test(a_link_is_a_path_and_escaped))
