#include "registry/watch/request_counts.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/histogram.h"
#include "base/mem.h"
#include "registry/watch/metrics.h"

#define PARTS_MAX 64
#define STATUS_FIRST 100
#define STATUS_END 600
/* Those that a registry answers; any other counts as the first of its hundred, so that a class is never wrong. */
static const short statuses[] = {100, 200, 201, 202, 204, 206, 300, 304, 307, 400, 401, 403, 404, 405, 406, 408, 409, 411, 412, 413, 414, 415, 416,
	417, 429, 431, 499, 500, 501, 502, 503, 504, 505, 507};
#define STATUSES ARRAY_SIZE(statuses)
#define METHODS (HTTP_METHODS_COUNT + 1) /* the last one: none could be read */

static const struct histogram_bounds duration_bounds = {
	17, {250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000, 30000000, 120000000}};

/* Of one route, or of what had none. */
struct route_counts {
	_Atomic uint64_t by_status[METHODS][STATUSES];
	struct histogram took_us[METHODS];
};

struct request_counts {
	const struct route *routes;
	size_t routes_count, parts_count;
	unsigned char place_of_status[STATUS_END - STATUS_FIRST];
	struct route_counts *parts[PARTS_MAX]; /* routes_count + 1 each */
};

struct request_counts *request_counts_new(const struct route *routes, size_t routes_count, size_t loops)
{
	struct request_counts *counts = mem_alloc(1, sizeof *counts);
	size_t place = 0;

	counts->routes = routes;
	counts->routes_count = routes_count;
	counts->parts_count = loops < 1 ? 1 : loops < PARTS_MAX ? loops : PARTS_MAX;
	for (size_t i = 0; i < counts->parts_count; i++)
		counts->parts[i] = mem_alloc(routes_count + 1, sizeof *counts->parts[i]);
	for (int status = STATUS_FIRST; status < STATUS_END; status++) {
		size_t class = 0;

		while (statuses[class] / 100 != status / 100)
			class ++;
		for (place = class; place < STATUSES && statuses[place] != status; place++)
			continue;
		counts->place_of_status[status - STATUS_FIRST] = (unsigned char)(place < STATUSES ? place : class);
	}
	return counts;
}

void request_counts_free(struct request_counts *counts)
{
	if (!counts)
		return;
	for (size_t i = 0; i < counts->parts_count; i++)
		free(counts->parts[i]);
	free(counts);
}

void request_counts_add(
	struct request_counts *counts, size_t loop, const struct route *route, bool has_method, enum http_method method, int status, int64_t took_us)
{
	size_t at = route ? (size_t)(route - counts->routes) : counts->routes_count, of_method = has_method ? method : HTTP_METHODS_COUNT;
	struct route_counts *of = &counts->parts[loop % counts->parts_count][at];
	size_t place = counts->place_of_status[status >= STATUS_FIRST && status < STATUS_END ? status - STATUS_FIRST : 0];

	atomic_fetch_add_explicit(&of->by_status[of_method][place], 1, memory_order_relaxed);
	histogram_count(&of->took_us[of_method], &duration_bounds, took_us < 0 ? 0 : (uint64_t)took_us);
}

/* Gets each route and method that has had a request. */
static void each_counted(const struct request_counts *counts, struct buf *out,
	void (*write)(const struct request_counts *, struct buf *, size_t, size_t, struct metric_label *))
{
	for (size_t route = 0; route <= counts->routes_count; route++) {
		for (size_t method = 0; method < METHODS; method++) {
			struct metric_label labels[METRIC_LABELS_MAX] = {
				{"route", str_of(route < counts->routes_count ? counts->routes[route].pattern : "none")},
				{"method", str_of(method < HTTP_METHODS_COUNT ? http_method_name((enum http_method)method) : "none")},
			};

			write(counts, out, route, method, labels);
		}
	}
}

static void write_statuses(const struct request_counts *counts, struct buf *out, size_t route, size_t method, struct metric_label *labels)
{
	for (size_t status = 0; status < STATUSES; status++) {
		uint64_t sum = 0;
		char code[8];

		for (size_t i = 0; i < counts->parts_count; i++)
			sum += atomic_load_explicit(&counts->parts[i][route].by_status[method][status], memory_order_relaxed);
		if (!sum)
			continue;
		snprintf(code, sizeof code, "%d", statuses[status]);
		labels[2] = (struct metric_label){"code", str_of(code)};
		metric_count(out, "naru_registry_http_requests_total", labels, sum);
	}
}

static void write_durations(const struct request_counts *counts, struct buf *out, size_t route, size_t method, struct metric_label *labels)
{
	struct histogram_values values = {0};

	for (size_t i = 0; i < counts->parts_count; i++)
		histogram_read(&counts->parts[i][route].took_us[method], &values);
	if (values.count)
		metric_histogram(out, "naru_registry_http_request_duration_seconds", labels, &duration_bounds, &values, 1e6);
}

void request_counts_write(const struct request_counts *counts, struct buf *out)
{
	metric_family(out, "naru_registry_http_requests_total", METRIC_COUNTER,
		"Requests answered, by the pattern of their route (none: there was none), method and status.");
	each_counted(counts, out, write_statuses);
	metric_family(out, "naru_registry_http_request_duration_seconds", METRIC_HISTOGRAM,
		"From a request's head to the last byte of its answer, the client's own slowness included.");
	each_counted(counts, out, write_durations);
}
