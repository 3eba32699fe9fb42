#include "registry/watch/metrics.h"

#include <math.h>

#include "base/mem.h"
#include "base/utf8.h"

/* Backslash and newline everywhere, quotes within label values. */
static void add_escaped(struct buf *out, struct str text, bool quotes)
{
	uint32_t code;

	while (text.len) {
		size_t len = utf8_take(text, &code);

		if (!len) {
			buf_add_text(out, "\xef\xbf\xbd");
			len = 1;
		} else if (code == '\\' || (quotes && code == '"')) {
			buf_add_char(out, '\\');
			buf_add_char(out, (char)code);
		} else if (code == '\n') {
			buf_add_text(out, "\\n");
		} else {
			buf_add(out, text.data, len);
		}
		text = str_from(text, len);
	}
}

void metric_family(struct buf *out, const char *name, enum metric_type type, const char *help)
{
	static const char *const types[] = {"counter", "gauge", "histogram"};

	buf_printf(out, "# HELP %s ", name);
	add_escaped(out, str_of(help), false);
	buf_printf(out, "\n# TYPE %s %s\n", name, types[type]);
}

static void add_number(struct buf *out, double value)
{
	if (isinf(value))
		buf_add_text(out, value > 0 ? "+Inf" : "-Inf");
	else if (isnan(value))
		buf_add_text(out, "NaN");
	else if (value == floor(value) && fabs(value) < 1e15)
		buf_printf(out, "%.0f", value);
	else
		buf_printf(out, "%.15g", value);
}

/* The name with its labels, and le when there is one. */
static void add_name(struct buf *out, const char *name, const char *suffix, const struct metric_label *labels, const double *le)
{
	char separator = '{';

	buf_add_text(out, name);
	buf_add_text(out, suffix);
	for (; labels && labels->name; labels++) {
		buf_add_char(out, separator);
		buf_add_text(out, labels->name);
		buf_add_text(out, "=\"");
		add_escaped(out, labels->value, true);
		buf_add_char(out, '"');
		separator = ',';
	}
	if (le) {
		buf_add_char(out, separator);
		buf_add_text(out, "le=\"");
		add_number(out, *le);
		buf_add_char(out, '"');
		separator = ',';
	}
	if (separator == ',')
		buf_add_char(out, '}');
	buf_add_char(out, ' ');
}

void metric_count(struct buf *out, const char *name, const struct metric_label *labels, uint64_t value)
{
	add_name(out, name, "", labels, NULL);
	buf_printf(out, "%llu\n", (unsigned long long)value);
}

void metric_value(struct buf *out, const char *name, const struct metric_label *labels, double value)
{
	add_name(out, name, "", labels, NULL);
	add_number(out, value);
	buf_add_char(out, '\n');
}

void metric_histogram(struct buf *out, const char *name, const struct metric_label *labels, const struct histogram_bounds *bounds,
	const struct histogram_values *values, double scale)
{
	uint64_t below = 0;

	for (size_t i = 0; i <= bounds->count; i++) {
		double le = i < bounds->count ? (double)bounds->upper[i] / scale : INFINITY;

		below = i < bounds->count ? below + values->buckets[i] : values->count;
		add_name(out, name, "_bucket", labels, &le);
		buf_printf(out, "%llu\n", (unsigned long long)below);
	}
	add_name(out, name, "_sum", labels, NULL);
	add_number(out, (double)values->sum / scale);
	buf_add_char(out, '\n');
	add_name(out, name, "_count", labels, NULL);
	buf_printf(out, "%llu\n", (unsigned long long)values->count);
}

void metric_counter(struct buf *out, const char *name, const char *help, uint64_t value)
{
	metric_family(out, name, METRIC_COUNTER, help);
	metric_count(out, name, NULL, value);
}

void metric_gauge(struct buf *out, const char *name, const char *help, double value)
{
	metric_family(out, name, METRIC_GAUGE, help);
	metric_value(out, name, NULL, value);
}
