#include "cli/format.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"

#define SECOND_US 1000000LL

void format_span(struct buf *out, int64_t span_us)
{
	int64_t seconds = span_us / SECOND_US, minutes = seconds / 60, hours = (seconds + 1800) / 3600;

	if (seconds < 1)
		buf_add_text(out, "Less than a second");
	else if (seconds == 1)
		buf_add_text(out, "1 second");
	else if (seconds < 60)
		buf_printf(out, "%lld seconds", (long long)seconds);
	else if (minutes == 1)
		buf_add_text(out, "About a minute");
	else if (minutes < 60)
		buf_printf(out, "%lld minutes", (long long)minutes);
	else if (hours == 1)
		buf_add_text(out, "About an hour");
	else if (hours < 48)
		buf_printf(out, "%lld hours", (long long)hours);
	else if (hours < 24 * 7 * 2)
		buf_printf(out, "%lld days", (long long)(hours / 24));
	else if (hours < 24 * 30 * 2)
		buf_printf(out, "%lld weeks", (long long)(hours / 24 / 7));
	else if (hours < 24 * 365 * 2)
		buf_printf(out, "%lld months", (long long)(hours / 24 / 30));
	else
		buf_printf(out, "%lld years", (long long)(hours / 24 / 365));
}

void format_age(struct buf *out, int64_t at_us, int64_t now_us)
{
	if (at_us == 0) {
		buf_add_text(out, "N/A");
		return;
	}
	format_span(out, now_us - at_us);
	buf_add_text(out, " ago");
}

void format_time(struct buf *out, int64_t at_us)
{
	time_t seconds = (time_t)(at_us / SECOND_US);
	struct tm parts;
	char text[64];

	if (at_us == 0 || !localtime_r(&seconds, &parts) || strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %z %Z", &parts) == 0) {
		buf_add_text(out, "N/A");
		return;
	}
	buf_add_text(out, text);
}

/* Go's durations: "1h30m", "90s", "1.5h" is not needed. */
static bool span_parse(struct str text, int64_t *span_us)
{
	static const struct {
		const char *unit;
		int64_t us;
	} units[] = {{"ms", 1000}, {"us", 1}, {"h", 3600 * SECOND_US}, {"m", 60 * SECOND_US}, {"s", SECOND_US}};
	int64_t total = 0;

	while (text.len > 0) {
		size_t digits = 0, unit = 0;
		int64_t number, part;

		while (digits < text.len && text.data[digits] >= '0' && text.data[digits] <= '9')
			digits++;
		if (!str_to_i64(str_head(text, digits), &number))
			return false;
		text = str_from(text, digits);
		while (unit < ARRAY_SIZE(units) && !str_starts(text, str_of(units[unit].unit)))
			unit++;
		if (unit == ARRAY_SIZE(units) || __builtin_mul_overflow(number, units[unit].us, &part) || __builtin_add_overflow(total, part, &total))
			return false;
		text = str_from(text, strlen(units[unit].unit));
	}
	*span_us = total;
	return true;
}

bool format_point_parse(struct str text, int64_t now_us, int64_t *at_us, struct error *err)
{
	static const char *const rests[] = {"", "Z", ":00Z", "T00:00:00Z"};
	int64_t span;

	if (text.len > 0 && text.data[0] >= '0' && text.data[0] <= '9') {
		if (str_to_i64(text, &span) && !__builtin_mul_overflow(span, SECOND_US, at_us))
			return true;
		if (span_parse(text, &span)) {
			*at_us = now_us - span;
			return true;
		}
		for (size_t i = 0; i < ARRAY_SIZE(rests); i++) {
			cleanup_free char *whole = mem_printf("%.*s%s", STR_ARG(text), rests[i]);

			if (clock_parse_rfc3339(str_of(whole), at_us))
				return true;
		}
	}
	return error_set(err, ERROR_INVALID, "failed to parse value as time or duration: \"%.*s\"", STR_ARG(text));
}
