#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"

/* The one setting of the process that every thread reads; written once at the start. */
static _Atomic enum log_level lowest = LOG_LEVEL_INFO;

static const char *const level_names[] = {"debug", "info", "warning", "error"};

void log_set_level(enum log_level level)
{
	lowest = level;
}

static bool is_plain(struct str value)
{
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.data[i];

		if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c == 127)
			return false;
	}
	return value.len > 0;
}

static void add_value(struct buf *line, struct str value)
{
	if (is_plain(value)) {
		buf_add_str(line, value);
		return;
	}
	buf_add_char(line, '"');
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.data[i];

		if (c == '"' || c == '\\')
			buf_printf(line, "\\%c", c);
		else if (c < ' ' || c == 127)
			buf_printf(line, "\\x%02x", c);
		else
			buf_add_char(line, (char)c);
	}
	buf_add_char(line, '"');
}

void log_line(enum log_level level, const struct log_field *fields, const char *format, ...)
{
	cleanup_buf struct buf line = {0};
	char time[CLOCK_RFC3339_SIZE];
	va_list args;

	if (level < lowest)
		return;
	va_start(args, format);
	cleanup_free char *message = mem_vprintf(format, args);
	va_end(args);

	clock_format_rfc3339(clock_now_us(), time);
	buf_printf(&line, "time=%s level=%s msg=", time, level_names[level]);
	add_value(&line, str_of(message));
	for (; fields && fields->key; fields++) {
		buf_printf(&line, " %s=", fields->key);
		add_value(&line, fields->value);
	}
	buf_add_char(&line, '\n');
	/* Where the log itself cannot be written there is nobody left to tell. */
	ssize_t ignored = write(STDERR_FILENO, line.data, line.len);
	(void)ignored;
}
