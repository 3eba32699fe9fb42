/*
 * An error is an out-parameter: a kind that decides what the outside is told, and a message that each level may put
 * words in front of. `struct error err = {0}` is no error. The first error wins: setting over an error that is
 * already set is our own mistake. Style: containers/crun, "design-docs/error_handling.md".
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdbool.h>
#include <stddef.h>

enum error_kind {
	ERROR_NONE = 0,
	ERROR_INVALID,         /* what came from outside is malformed */
	ERROR_NOT_FOUND,       /* what was named does not exist */
	ERROR_DENIED,          /* known who asks, and refused */
	ERROR_UNAUTHENTICATED, /* not known who asks */
	ERROR_CONFLICT,        /* exists already, or is in use */
	ERROR_CORRUPT,         /* content does not have the digest or size that it was named by */
	ERROR_TOO_LARGE,       /* over a limit */
	ERROR_RANGE,           /* a range or an offset that cannot be satisfied */
	ERROR_UNSUPPORTED,     /* well formed, and not something that we do */
	ERROR_NO_SPACE,        /* disk or quota full */
	ERROR_UNAVAILABLE,     /* another side does not answer, or is too busy: trying again may help */
	ERROR_CANCELED,        /* whoever asked has gone, or a signal came */
	ERROR_SYSTEM,          /* the operating system refused; os_errno says why */
	ERROR_INTERNAL,        /* our own mistake */
};

struct error {
	enum error_kind kind;
	int os_errno;  /* errno of an ERROR_SYSTEM or ERROR_NO_SPACE, else 0 */
	char *message; /* owned; free with error_clear */
};

#define cleanup_error __attribute__((cleanup(error_clear)))

/* Fills *err (which may be NULL: then nothing is kept) and returns false, so that a function can `return error_set(…)`. */
bool error_set(struct error *err, enum error_kind kind, const char *format, ...) __attribute__((format(printf, 3, 4)));

/*
 * As error_set, of a failed system call: the message gets ": " and errno's text. ENOSPC and EDQUOT become ERROR_NO_SPACE,
 * ENOENT ERROR_NOT_FOUND, everything else ERROR_SYSTEM.
 */
bool error_set_errno(struct error *err, int os_errno, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The system's words for an errno as Go writes them, which docker's users know: "no space left on device". */
void error_os_words(int os_errno, char *out, size_t size);

/* Puts "WORDS: " in front of the message of an error that is set; returns false. */
bool error_prefix(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Moves *from into *to (to may be NULL) and leaves *from empty; returns false. */
bool error_move(struct error *to, struct error *from);

/* Frees the message and makes it no error. */
void error_clear(struct error *err);

/* The message, or "no error"; never NULL. Borrowed. */
const char *error_text(const struct error *err);

#endif
