/* Prometheus' text format, with values that try to be more than a value; and that requests are counted where they belong. */
#include <math.h>

#include "registry/watch/metrics.h"
#include "registry/watch/request_counts.h"
#include "tests/unit/unit.h"

static void samples(void **state)
{
	(void)state;
	static const struct {
		struct str value;
		const char *label;
	} rows[] = {
		{STR("/v2/{name}/blobs/{digest}"), "/v2/{name}/blobs/{digest}"},
		{STR(""), ""},
		{STR("say \"hi\"\\\nup 1"), "say \\\"hi\\\"\\\\\\nup 1"},
		{STR("\xed\x95\x9c"), "\xed\x95\x9c"},
		{STR("\xff\xc3"), "\xef\xbf\xbd\xef\xbf\xbd"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_buf struct buf out = {0};
		const struct metric_label labels[METRIC_LABELS_MAX] = {{"a", rows[i].value}, {"b", STR("c")}};
		cleanup_free char *wanted = mem_printf("m_total{a=\"%s\",b=\"c\"} 18446744073709551615\n", rows[i].label);

		metric_count(&out, "m_total", labels, UINT64_MAX);
		unit_assert(strcmp(out.data, wanted) == 0, "row %zu: %s", i, out.data);
	}
}

static void numbers(void **state)
{
	(void)state;
	static const struct {
		double value;
		const char *text;
	} rows[] = {
		{0, "m 0\n"},
		{1, "m 1\n"},
		{-2.5, "m -2.5\n"},
		{1e9, "m 1000000000\n"},
		{0.000250, "m 0.00025\n"},
		{1764061328.25, "m 1764061328.25\n"},
		{INFINITY, "m +Inf\n"},
		{-INFINITY, "m -Inf\n"},
		{NAN, "m NaN\n"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_buf struct buf out = {0};

		metric_value(&out, "m", NULL, rows[i].value);
		unit_assert(strcmp(out.data, rows[i].text) == 0, "row %zu: %s", i, out.data);
	}
}

static void families(void **state)
{
	(void)state;
	static const struct histogram_bounds bounds = {3, {1000, 2500, 1000000}};
	const struct metric_label labels[METRIC_LABELS_MAX] = {{"r", STR("x")}};
	cleanup_buf struct buf out = {0};
	struct histogram histogram = {0};
	struct histogram_values values = {0};

	histogram_count(&histogram, &bounds, 900);
	histogram_count(&histogram, &bounds, 1000);
	histogram_count(&histogram, &bounds, 1001);
	histogram_count(&histogram, &bounds, 2000000);
	histogram_read(&histogram, &values);
	metric_family(&out, "m_seconds", METRIC_HISTOGRAM, "How\nlong \\ \"it\" took.");
	metric_histogram(&out, "m_seconds", labels, &bounds, &values, 1e6);
	metric_counter(&out, "m_total", "One.", 7);
	metric_gauge(&out, "m_bytes", "Two.", 0.5);
	assert_string_equal(out.data, "# HELP m_seconds How\\nlong \\\\ \"it\" took.\n"
				      "# TYPE m_seconds histogram\n"
				      "m_seconds_bucket{r=\"x\",le=\"0.001\"} 2\n"
				      "m_seconds_bucket{r=\"x\",le=\"0.0025\"} 3\n"
				      "m_seconds_bucket{r=\"x\",le=\"1\"} 3\n"
				      "m_seconds_bucket{r=\"x\",le=\"+Inf\"} 4\n"
				      "m_seconds_sum{r=\"x\"} 2.002901\n"
				      "m_seconds_count{r=\"x\"} 4\n"
				      "# HELP m_total One.\n# TYPE m_total counter\nm_total 7\n"
				      "# HELP m_bytes Two.\n# TYPE m_bytes gauge\nm_bytes 0.5\n");
}

static void requests(void **state)
{
	(void)state;
	static const struct route routes[] = {
		{.methods = 1u << HTTP_GET, .pattern = "/a"},
		{.methods = 1u << HTTP_PUT, .pattern = "/b/{name}"},
	};
	static const struct {
		int route; /* -1: none */
		bool has_method;
		enum http_method method;
		int status;
		const char *labels;
	} rows[] = {
		{0, true, HTTP_GET, 200, "{route=\"/a\",method=\"GET\",code=\"200\"}"},
		{0, true, HTTP_HEAD, 304, "{route=\"/a\",method=\"HEAD\",code=\"304\"}"},
		{1, true, HTTP_PUT, 201, "{route=\"/b/{name}\",method=\"PUT\",code=\"201\"}"},
		{-1, true, HTTP_DELETE, 405, "{route=\"none\",method=\"DELETE\",code=\"405\"}"},
		{-1, false, HTTP_GET, 400, "{route=\"none\",method=\"none\",code=\"400\"}"},
		/* Statuses that nobody answers keep their class; what is none at all stands out. */
		{0, true, HTTP_GET, 299, "{route=\"/a\",method=\"GET\",code=\"200\"}"},
		{0, true, HTTP_GET, 418, "{route=\"/a\",method=\"GET\",code=\"400\"}"},
		{0, true, HTTP_GET, 599, "{route=\"/a\",method=\"GET\",code=\"500\"}"},
		{0, true, HTTP_GET, 0, "{route=\"/a\",method=\"GET\",code=\"100\"}"},
		{0, true, HTTP_GET, 99999, "{route=\"/a\",method=\"GET\",code=\"100\"}"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_buf struct buf out = {0};
		struct request_counts *counts = request_counts_new(routes, ARRAY_SIZE(routes), 2);
		const struct route *route = rows[i].route < 0 ? NULL : &routes[rows[i].route];
		cleanup_free char *wanted = mem_printf("\nnaru_registry_http_requests_total%s 3\n", rows[i].labels);

		/* From loops of its own, and one more than it was told of. */
		for (size_t loop = 0; loop < 3; loop++)
			request_counts_add(counts, loop, route, rows[i].has_method, rows[i].method, rows[i].status, 300 * (int64_t)loop - 1);
		request_counts_write(counts, &out);
		unit_assert(strstr(out.data, wanted), "row %zu: no %s in %s", i, wanted, out.data);
		unit_assert(
			strstr(out.data, "le=\"0.00025\"} 1\n") && strstr(out.data, "le=\"0.0005\"} 2\n") && strstr(out.data, "le=\"0.001\"} 3\n"),
			"row %zu: %s", i, out.data);
		request_counts_free(counts);
	}
}

UNIT_MAIN(cmocka_unit_test(samples), cmocka_unit_test(numbers), cmocka_unit_test(families), cmocka_unit_test(requests))
