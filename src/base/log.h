/*
 * The log: one line an event on standard error, in logfmt or JSON:
 *   time=2026-11-24T19:27:15.894671Z level=info msg=listening address=127.0.0.1:5000
 *   {"time":"2026-11-24T19:27:15.894671Z","level":"info","msg":"listening","address":"127.0.0.1:5000"}
 * Any thread may log. No secret ever goes into a log.
 *
 * A line is written by its caller, until log_start: from then on a thread of its own writes, so that whoever reads standard error slowly, or not at
 * all, makes nobody else wait. What waits is bounded; lines over it are dropped, counted, and told of once there is room again.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/error.h"
#include "base/str.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };
enum log_format { LOG_FORMAT_LOGFMT, LOG_FORMAT_JSON };

/* Lines below this level are dropped; INFO at the start. From any thread. */
void log_set_level(enum log_level level);
/* Whether a line of this level would be written: for whoever can save the work of making it. */
bool log_wants(enum log_level level);
/* LOGFMT at the start. From any thread. */
void log_set_format(enum log_format format);

/* Starts the thread that writes. */
bool log_start(struct error *err);
/* Writes what waits, for up to timeout_ms, and ends the thread. Lines behind it are written by their callers; dropped when the time was not enough.
 */
void log_stop(unsigned int timeout_ms);
/* Lines that were dropped since the start. */
uint64_t log_dropped(void);

/*
 * The request that this thread works for: every line that it logs has its id, as request=…, until another or none is set. Whoever hands work to
 * another thread hands this over too.
 */
#define LOG_REQUEST_MAX 32
struct log_request {
	char id[LOG_REQUEST_MAX];
	size_t len; /* 0: none */
};
/* Cut to LOG_REQUEST_MAX bytes; an empty one ends it. */
void log_request_set(struct str id);
/* A copy, for log_request_set(log_request_id(&copy)) on the other thread. */
struct log_request log_request_get(void);
struct str log_request_id(const struct log_request *request);

/*
 * A value that needs quotes gets them; control characters and what is not UTF-8 are escaped (logfmt) or replaced by U+FFFD (JSON), so that no input
 * can forge a line.
 */
struct log_field {
	const char *key;
	struct str value;
	bool number; /* value is a JSON number, and is written as one */
};
#define LOG_FIELDS_END                                                                                                                               \
	{                                                                                                                                            \
		NULL, {0}, false                                                                                                                     \
	}

/* fields ends with LOG_FIELDS_END, or is NULL. */
void log_line(enum log_level level, const struct log_field *fields, const char *format, ...) __attribute__((format(printf, 3, 4)));

#define log_debug(...) log_line(LOG_LEVEL_DEBUG, NULL, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, NULL, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, NULL, __VA_ARGS__)
#define log_error(...) log_line(LOG_LEVEL_ERROR, NULL, __VA_ARGS__)

#endif
