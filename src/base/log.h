/*
 * The log: one line an event on standard error, in logfmt:
 *   time=2026-11-24T19:27:15.894671Z level=info msg="listening" address=127.0.0.1:5000
 * Any thread may log; a line is written in one call. No secret ever goes into a log.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/str.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };

/* Lines below this level are dropped; INFO at the start. Set before threads start. */
void log_set_level(enum log_level level);

/* A value that needs quotes gets them; control characters are escaped, so that no input can forge a line. */
struct log_field {
	const char *key;
	struct str value;
};

/* fields ends with one whose key is NULL, or is NULL. */
void log_line(enum log_level level, const struct log_field *fields, const char *format, ...) __attribute__((format(printf, 3, 4)));

#define log_debug(...) log_line(LOG_LEVEL_DEBUG, NULL, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, NULL, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, NULL, __VA_ARGS__)
#define log_error(...) log_line(LOG_LEVEL_ERROR, NULL, __VA_ARGS__)

#endif
