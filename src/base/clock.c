#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t read_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_now_us(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t clock_monotonic_us(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

void clock_format_rfc3339(int64_t at_us, char out[static CLOCK_RFC3339_SIZE])
{
	int64_t second = at_us / 1000000, fraction = at_us % 1000000;
	struct tm date;

	if (fraction < 0) {
		fraction += 1000000;
		second--;
	}
	time_t at = (time_t)second;
	if (!gmtime_r(&at, &date) || date.tm_year > 9999 - 1900 || date.tm_year < -1900) {
		at = 0;
		fraction = 0;
		gmtime_r(&at, &date);
	}
	size_t len = strftime(out, CLOCK_RFC3339_SIZE, "%Y-%m-%dT%H:%M:%S", &date);
	if (fraction)
		snprintf(out + len, CLOCK_RFC3339_SIZE - len, ".%06dZ", (int)fraction);
	else
		snprintf(out + len, CLOCK_RFC3339_SIZE - len, "Z");
}

/* Takes count digits off the front of *text as a number. */
static bool take_number(struct str *text, size_t count, int *out)
{
	uint64_t value;

	if (text->len < count || !str_to_u64(str_head(*text, count), &value))
		return false;
	*out = (int)value;
	*text = str_from(*text, count);
	return true;
}

static bool take_char(struct str *text, const char *any_of)
{
	if (!text->len || !text->data[0] || !strchr(any_of, text->data[0]))
		return false;
	*text = str_from(*text, 1);
	return true;
}

/* "Z" or "+09:00", in seconds east of UTC. */
static bool take_offset(struct str *text, int *seconds)
{
	int hour, minute, sign;

	*seconds = 0;
	if (take_char(text, "Zz"))
		return true;
	if (!text->len)
		return false;
	sign = text->data[0] == '-' ? -1 : 1;
	if (!take_char(text, "+-") || !take_number(text, 2, &hour) || !take_char(text, ":") || !take_number(text, 2, &minute))
		return false;
	*seconds = sign * (hour * 3600 + minute * 60);
	return hour < 24 && minute < 60;
}

/* date as RFC 3339 writes it: months from 1, years in full. Second 60 is a leap one. */
static bool date_valid(const struct tm *date)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	if (date->tm_mon < 1 || date->tm_mon > 12)
		return false;
	bool leap = date->tm_year % 4 == 0 && (date->tm_year % 100 != 0 || date->tm_year % 400 == 0);
	int last = days[date->tm_mon - 1] + (date->tm_mon == 2 && leap);
	return date->tm_mday >= 1 && date->tm_mday <= last && date->tm_hour <= 23 && date->tm_min <= 59 && date->tm_sec <= 60;
}

bool clock_parse_rfc3339(struct str text, int64_t *at_us)
{
	struct tm date = {0};
	int64_t fraction = 0;
	int offset;

	if (!take_number(&text, 4, &date.tm_year) || !take_char(&text, "-") || !take_number(&text, 2, &date.tm_mon) || !take_char(&text, "-") ||
		!take_number(&text, 2, &date.tm_mday) || !take_char(&text, "Tt ") || !take_number(&text, 2, &date.tm_hour) ||
		!take_char(&text, ":") || !take_number(&text, 2, &date.tm_min) || !take_char(&text, ":") || !take_number(&text, 2, &date.tm_sec))
		return false;
	if (!date_valid(&date))
		return false;
	if (take_char(&text, ".")) {
		int64_t unit = 100000;
		size_t digits = 0;

		for (; text.len && text.data[0] >= '0' && text.data[0] <= '9'; text = str_from(text, 1), digits++) {
			fraction += unit * (text.data[0] - '0');
			unit /= 10;
		}
		if (!digits)
			return false;
	}
	if (!take_offset(&text, &offset) || text.len)
		return false;
	date.tm_year -= 1900;
	date.tm_mon -= 1;
	*at_us = ((int64_t)timegm(&date) - offset) * 1000000 + fraction;
	return true;
}
