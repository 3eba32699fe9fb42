#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static bool set(struct error *err, enum error_kind kind, int os_errno, char *message)
{
	if (!err) {
		free(message);
		return false;
	}
	free(err->message);
	*err = (struct error){.kind = kind, .os_errno = os_errno, .message = message};
	return false;
}

bool error_set(struct error *err, enum error_kind kind, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	char *message = mem_vprintf(format, args);
	va_end(args);
	return set(err, kind, 0, message);
}

bool error_set_errno(struct error *err, int os_errno, const char *format, ...)
{
	char reason[128];
	enum error_kind kind = ERROR_SYSTEM;
	va_list args;

	if (os_errno == ENOSPC || os_errno == EDQUOT)
		kind = ERROR_NO_SPACE;
	else if (os_errno == ENOENT)
		kind = ERROR_NOT_FOUND;

	va_start(args, format);
	char *words = mem_vprintf(format, args);
	va_end(args);
	/* glibc's strerror_r may answer a constant instead of filling the buffer. */
	char *message = mem_printf("%s: %s", words, strerror_r(os_errno, reason, sizeof reason));
	free(words);
	return set(err, kind, os_errno, message);
}

bool error_prefix(struct error *err, const char *format, ...)
{
	va_list args;

	if (!err || err->kind == ERROR_NONE)
		return false;
	va_start(args, format);
	char *words = mem_vprintf(format, args);
	va_end(args);
	char *message = mem_printf("%s: %s", words, error_text(err));
	free(words);
	free(err->message);
	err->message = message;
	return false;
}

bool error_move(struct error *to, struct error *from)
{
	if (!to) {
		error_clear(from);
		return false;
	}
	if (to != from) {
		error_clear(to);
		*to = *from;
		*from = (struct error){0};
	}
	return false;
}

void error_clear(struct error *err)
{
	free(err->message);
	*err = (struct error){0};
}

const char *error_text(const struct error *err)
{
	return err->message ? err->message : "no error";
}

void error_os_words(int os_errno, char *out, size_t size)
{
	const char *words = strerrordesc_np(os_errno);

	snprintf(out, size, "%s", words ? words : "unknown error");
	if (out[0] >= 'A' && out[0] <= 'Z')
		out[0] = (char)(out[0] - 'A' + 'a');
}
