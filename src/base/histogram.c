#include "base/histogram.h"

void histogram_count(struct histogram *histogram, const struct histogram_bounds *bounds, uint64_t value)
{
	size_t at = 0;

	while (at < bounds->count && value > bounds->upper[at])
		at++;
	/* The last bucket is that of whatever is over all bounds, however few there are. */
	if (at == bounds->count)
		at = HISTOGRAM_BOUNDS_MAX;
	atomic_fetch_add_explicit(&histogram->buckets[at], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&histogram->sum, value, memory_order_relaxed);
}

void histogram_read(const struct histogram *histogram, struct histogram_values *values)
{
	for (size_t i = 0; i <= HISTOGRAM_BOUNDS_MAX; i++) {
		uint64_t count = atomic_load_explicit(&histogram->buckets[i], memory_order_relaxed);

		values->buckets[i] += count;
		values->count += count;
	}
	values->sum += atomic_load_explicit(&histogram->sum, memory_order_relaxed);
}
