/* What a line of the log looks like. Values come from clients too: nothing in them may end a value, a line, or reach a terminal as a command. */
#include "base/clock.h"
#include "base/json_string.h"
#include "base/log_internal.h"
#include "base/utf8.h"

static const char *const level_names[] = {"debug", "info", "warning", "error"};

/* ---- logfmt ---- */

static bool is_plain(struct str value)
{
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.data[i];

		if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c >= 127)
			return false;
	}
	return value.len > 0;
}

static void add_logfmt_value(struct buf *line, struct str value)
{
	uint32_t code;

	if (is_plain(value)) {
		buf_add_str(line, value);
		return;
	}
	buf_add_char(line, '"');
	while (value.len) {
		size_t len = utf8_take(value, &code);

		if (!len || (len > 1 && utf8_is_control(code))) {
			buf_printf(line, "\\x%02x", (unsigned char)value.data[0]);
			len = 1; /* what follows is no beginning of a character, so it is escaped too */
		} else if (code == '"' || code == '\\') {
			buf_printf(line, "\\%c", (int)code);
		} else if (utf8_is_control(code)) {
			buf_printf(line, "\\x%02x", (unsigned int)code);
		} else {
			buf_add(line, value.data, len);
		}
		value = str_from(value, len);
	}
	buf_add_char(line, '"');
}

static void add_logfmt_field(struct buf *line, const char *key, struct str value)
{
	buf_add_char(line, ' ');
	buf_add_text(line, key);
	buf_add_char(line, '=');
	add_logfmt_value(line, value);
}

/* ---- JSON ---- */

static void add_json_field(struct buf *line, const struct log_field *field)
{
	buf_add_text(line, ",\"");
	buf_add_text(line, field->key);
	buf_add_text(line, "\":");
	if (field->number)
		buf_add_str(line, field->value);
	else
		json_string_add(line, field->value);
}

/* ---- ---- */

#define SECOND_LEN (sizeof "2026-11-24T19:27:15" - 1)

/* RFC 3339 to the microsecond. A thread writes many lines within one second: it makes the text of that only once. */
static void add_time(struct buf *line, int64_t at_us)
{
	static _Thread_local int64_t known_s = -1;
	static _Thread_local char text[CLOCK_RFC3339_SIZE];
	int64_t at_s = at_us / 1000000;
	char fraction[] = ".000000Z";

	if (at_s != known_s) {
		clock_format_rfc3339(at_s * 1000000, text);
		known_s = at_s;
	}
	for (int left = (int)(at_us % 1000000), i = 6; i > 0; i--, left /= 10)
		fraction[i] = (char)('0' + left % 10);
	buf_add(line, text, SECOND_LEN);
	buf_add(line, fraction, sizeof fraction - 1);
}

void log_format_line(struct buf *line, enum log_format format, enum log_level level, int64_t at_us, struct str request,
	const struct log_field *fields, struct str message)
{
	const struct log_field request_field = {"request", request, false};
	bool json = format == LOG_FORMAT_JSON;

	buf_add_text(line, json ? "{\"time\":\"" : "time=");
	add_time(line, at_us);
	buf_add_text(line, json ? "\",\"level\":\"" : " level=");
	buf_add_text(line, level_names[level]);
	buf_add_text(line, json ? "\",\"msg\":" : " msg=");
	if (json)
		json_string_add(line, message);
	else
		add_logfmt_value(line, message);
	if (json && request.len)
		add_json_field(line, &request_field);
	else if (request.len)
		add_logfmt_field(line, "request", request);
	for (; fields && fields->key; fields++) {
		if (json)
			add_json_field(line, fields);
		else
			add_logfmt_field(line, fields->key, fields->value);
	}
	buf_add_text(line, json ? "}\n" : "\n");
}
