#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log_internal.h"
#include "base/mem.h"

/* Enough for nearly every line, so that it grows in one step. */
#define LINE_ROOM 512

/* Settings of the process, as standard error is the process'. */
static _Atomic enum log_level lowest = LOG_LEVEL_INFO;
static _Atomic enum log_format line_format = LOG_FORMAT_LOGFMT;
static _Thread_local struct log_request current;

void log_set_level(enum log_level level)
{
	atomic_store_explicit(&lowest, level, memory_order_relaxed);
}

bool log_wants(enum log_level level)
{
	return level >= atomic_load_explicit(&lowest, memory_order_relaxed);
}

void log_set_format(enum log_format format)
{
	atomic_store_explicit(&line_format, format, memory_order_relaxed);
}

void log_request_set(struct str id)
{
	current.len = id.len < sizeof current.id ? id.len : sizeof current.id;
	if (current.len)
		memcpy(current.id, id.data, current.len);
}

struct log_request log_request_get(void)
{
	return current;
}

struct str log_request_id(const struct log_request *request)
{
	return str_make(request->id, request->len);
}

void log_line(enum log_level level, const struct log_field *fields, const char *format, ...)
{
	cleanup_buf struct buf line = {0};
	char short_message[512];
	cleanup_free char *long_message = NULL;
	va_list args;

	if (!log_wants(level))
		return;
	va_start(args, format);
	int len = vsnprintf(short_message, sizeof short_message, format, args);
	va_end(args);
	if (len >= (int)sizeof short_message) {
		va_start(args, format);
		long_message = mem_vprintf(format, args);
		va_end(args);
	}
	buf_room(&line, LINE_ROOM);
	log_format_line(&line, atomic_load_explicit(&line_format, memory_order_relaxed), level, clock_now_us(), log_request_id(&current), fields,
		long_message ? str_of(long_message) : str_make(short_message, len < 0 ? 0 : (size_t)len));
	log_write(buf_str(&line));
}
