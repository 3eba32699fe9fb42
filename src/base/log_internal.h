/* What the files of the log share. */
#ifndef BASE_LOG_INTERNAL_H
#define BASE_LOG_INTERNAL_H

#include "base/buf.h"
#include "base/log.h"

/* log_text.c: a line of either format, a '\n' at its end. request may be empty. */
void log_format_line(struct buf *line, enum log_format format, enum log_level level, int64_t at_us, struct str request,
	const struct log_field *fields, struct str message);

/* log_writer.c: on its way to standard error. */
void log_write(struct str line);

#endif
