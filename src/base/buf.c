#include "base/buf.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

char *buf_room(struct buf *buf, size_t len)
{
	size_t need;

	if (__builtin_add_overflow(buf->len, len, &need) || __builtin_add_overflow(need, 1, &need))
		abort();
	if (need > buf->capacity) {
		size_t capacity = buf->capacity < 64 ? 64 : buf->capacity + buf->capacity / 2;
		if (capacity < need)
			capacity = need;
		buf->data = mem_resize(buf->data, capacity, 1);
		buf->capacity = capacity;
	}
	return buf->data + buf->len;
}

void buf_added(struct buf *buf, size_t len)
{
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void buf_add(struct buf *buf, const void *data, size_t len)
{
	char *room = buf_room(buf, len);

	if (len)
		memcpy(room, data, len);
	buf_added(buf, len);
}

void buf_add_str(struct buf *buf, struct str text)
{
	buf_add(buf, text.data, text.len);
}

void buf_add_text(struct buf *buf, const char *text)
{
	buf_add_str(buf, str_of(text));
}

void buf_add_char(struct buf *buf, char c)
{
	buf_add(buf, &c, 1);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buf_vprintf(buf, format, args);
	va_end(args);
}

void buf_vprintf(struct buf *buf, const char *format, va_list args)
{
	va_list again;

	va_copy(again, args);
	int len = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (len < 0)
		abort();
	vsnprintf(buf_room(buf, (size_t)len), (size_t)len + 1, format, args);
	buf_added(buf, (size_t)len);
}

void buf_drop(struct buf *buf, size_t len)
{
	if (len >= buf->len) {
		buf_clear(buf);
		return;
	}
	memmove(buf->data, buf->data + len, buf->len - len);
	buf->len -= len;
	buf->data[buf->len] = '\0';
}

void buf_clear(struct buf *buf)
{
	buf->len = 0;
	if (buf->data)
		buf->data[0] = '\0';
}

void buf_free(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){0};
}

struct str buf_str(const struct buf *buf)
{
	return (struct str){buf->data, buf->len};
}

char *buf_take(struct buf *buf)
{
	char *data = buf->data ? buf->data : mem_copy_text("", 0);

	*buf = (struct buf){0};
	return data;
}
