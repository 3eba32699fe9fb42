#include "base/histogram.h"
#include "tests/unit/unit.h"

static void counts(void **state)
{
	(void)state;
	static const struct histogram_bounds bounds = {3, {10, 20, 40}};
	static const struct {
		uint64_t value;
		size_t bucket;
	} rows[] = {{0, 0}, {9, 0}, {10, 0}, {11, 1}, {20, 1}, {21, 2}, {40, 2}, {41, HISTOGRAM_BOUNDS_MAX}, {UINT64_MAX / 4, HISTOGRAM_BOUNDS_MAX}};
	struct histogram all = {0};
	struct histogram_values values = {0};
	uint64_t sum = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct histogram one = {0};
		struct histogram_values got = {0};

		histogram_count(&one, &bounds, rows[i].value);
		histogram_read(&one, &got);
		unit_assert(got.buckets[rows[i].bucket] == 1 && got.count == 1 && got.sum == rows[i].value, "row %zu", i);
		histogram_count(&all, &bounds, rows[i].value);
		sum += rows[i].value;
	}
	histogram_read(&all, &values);
	histogram_read(&all, &values);
	assert_int_equal(values.count, 2 * ARRAY_SIZE(rows));
	assert_int_equal(values.buckets[0], 6);
	assert_int_equal(values.sum, 2 * sum);
}

UNIT_MAIN(cmocka_unit_test(counts))
