/*
 * Bytes that grow. `struct buf b = {0}` is empty and needs no opening; free with buf_free or `cleanup_buf`.
 * There is always a NUL behind the last byte once something was added, so that data can be read as text.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>

#include "base/str.h"

struct buf {
	char *data; /* owned; NULL while nothing was added */
	size_t len;
	size_t capacity;
};

#define cleanup_buf __attribute__((cleanup(buf_free)))

void buf_add(struct buf *buf, const void *data, size_t len);
void buf_add_str(struct buf *buf, struct str text);
void buf_add_text(struct buf *buf, const char *text);
void buf_add_char(struct buf *buf, char c);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *buf, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

/* Room for len more bytes: where to write them. Say with buf_added how many were written. */
char *buf_room(struct buf *buf, size_t len);
void buf_added(struct buf *buf, size_t len);

/* Takes the first len bytes away. */
void buf_drop(struct buf *buf, size_t len);
/* Empties it and keeps its memory. */
void buf_clear(struct buf *buf);
void buf_free(struct buf *buf);

/* Borrows all of it; valid until it is changed. */
struct str buf_str(const struct buf *buf);
/* Gives the bytes, NUL-ended, to the caller, and leaves the buffer empty. Never NULL. */
char *buf_take(struct buf *buf);

#endif
