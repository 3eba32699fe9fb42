/*
 * Prometheus' text format, version 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/):
 *   # HELP naru_registry_http_requests_total Requests that were answered.
 *   # TYPE naru_registry_http_requests_total counter
 *   naru_registry_http_requests_total{route="/v2/",method="GET",code="200"} 12
 */
#ifndef REGISTRY_WATCH_METRICS_H
#define REGISTRY_WATCH_METRICS_H

#include "base/buf.h"
#include "base/histogram.h"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

struct metric_label {
	const char *name;
	struct str value; /* any bytes: they are escaped, and what is not UTF-8 is replaced */
};
/* Up to METRIC_LABELS_MAX of them; the first without a name ends them. */
#define METRIC_LABELS_MAX 4

/* The lines above the samples of a family; all of them have to follow at once. help is one line of text. */
void metric_family(struct buf *out, const char *name, enum metric_type type, const char *help);
/* A sample. labels ends with one that has no name, or is NULL. */
void metric_count(struct buf *out, const char *name, const struct metric_label *labels, uint64_t value);
void metric_value(struct buf *out, const char *name, const struct metric_label *labels, double value);
/* The samples of a histogram. Bounds and sum are divided by scale: 1e6 makes seconds of microseconds. */
void metric_histogram(struct buf *out, const char *name, const struct metric_label *labels, const struct histogram_bounds *bounds,
	const struct histogram_values *values, double scale);

/* A family with one sample. */
void metric_counter(struct buf *out, const char *name, const char *help, uint64_t value);
void metric_gauge(struct buf *out, const char *name, const char *help, double value);

#endif
