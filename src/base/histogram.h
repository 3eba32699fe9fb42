/*
 * How often values of which size came: counted without a lock, in buckets whose bounds are fixed. Any thread may count and read.
 */
#ifndef BASE_HISTOGRAM_H
#define BASE_HISTOGRAM_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define HISTOGRAM_BOUNDS_MAX 20

/* The bounds of several histograms; ascending. */
struct histogram_bounds {
	size_t count;
	uint64_t upper[HISTOGRAM_BOUNDS_MAX]; /* a value up to and with it is in its bucket */
};

/* {0} is empty. */
struct histogram {
	_Atomic uint64_t buckets[HISTOGRAM_BOUNDS_MAX + 1]; /* the last one: over all bounds */
	_Atomic uint64_t sum;
};

/* What was counted; {0} is nothing. Not cumulated. */
struct histogram_values {
	uint64_t buckets[HISTOGRAM_BOUNDS_MAX + 1];
	uint64_t sum, count;
};

/* Always with the same bounds. */
void histogram_count(struct histogram *histogram, const struct histogram_bounds *bounds, uint64_t value);
/* Adds to values, so that several can be read as one. */
void histogram_read(const struct histogram *histogram, struct histogram_values *values);

#endif
