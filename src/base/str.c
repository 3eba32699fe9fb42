#include "base/str.h"

#include <string.h>
#include <strings.h>

#include "base/mem.h"

struct str str_of(const char *text)
{
	return (struct str){text, text ? strlen(text) : 0};
}

struct str str_make(const void *data, size_t len)
{
	return (struct str){data, len};
}

bool str_equal(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static unsigned char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c | 0x20) : (unsigned char)c;
}

bool str_equal_nocase(struct str a, struct str b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (lower(a.data[i]) != lower(b.data[i]))
			return false;
	return true;
}

int str_compare(struct str a, struct str b)
{
	size_t shorter = a.len < b.len ? a.len : b.len;
	int order = shorter ? memcmp(a.data, b.data, shorter) : 0;

	return order ? order : (a.len > b.len) - (a.len < b.len);
}

bool str_starts(struct str text, struct str start)
{
	return text.len >= start.len && str_equal(str_head(text, start.len), start);
}

bool str_ends(struct str text, struct str end)
{
	return text.len >= end.len && str_equal(str_from(text, text.len - end.len), end);
}

static bool cut_at(struct str text, const char *found, struct str *before, struct str *after)
{
	if (!found)
		return false;
	size_t at = (size_t)(found - text.data);
	struct str head = {text.data, at}, tail = {found + 1, text.len - at - 1};
	*before = head;
	*after = tail;
	return true;
}

bool str_cut(struct str text, char separator, struct str *before, struct str *after)
{
	return cut_at(text, text.len ? memchr(text.data, separator, text.len) : NULL, before, after);
}

bool str_next(struct str *rest, char separator, struct str *item)
{
	if (!rest->len)
		return false;
	if (!str_cut(*rest, separator, item, rest)) {
		*item = *rest;
		*rest = (struct str){0};
	}
	return true;
}

bool str_cut_last(struct str text, char separator, struct str *before, struct str *after)
{
	return cut_at(text, text.len ? memrchr(text.data, separator, text.len) : NULL, before, after);
}

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str str_trim(struct str text)
{
	while (text.len && blank(text.data[0]))
		text = str_from(text, 1);
	while (text.len && blank(text.data[text.len - 1]))
		text.len--;
	return text;
}

struct str str_from(struct str text, size_t start)
{
	if (start > text.len)
		start = text.len;
	return (struct str){text.data ? text.data + start : NULL, text.len - start};
}

struct str str_head(struct str text, size_t len)
{
	return (struct str){text.data, len < text.len ? len : text.len};
}

bool str_to_u64(struct str text, uint64_t *out)
{
	uint64_t value = 0;

	if (!text.len)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
		if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, (uint64_t)(text.data[i] - '0'), &value))
			return false;
	}
	*out = value;
	return true;
}

bool str_to_i64(struct str text, int64_t *out)
{
	uint64_t value;

	if (!str_to_u64(text, &value) || value > INT64_MAX)
		return false;
	*out = (int64_t)value;
	return true;
}

char *str_dup(struct str text)
{
	return mem_copy_text(text.data, text.len);
}
