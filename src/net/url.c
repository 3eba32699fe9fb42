#include "net/url.h"

#include <string.h>

#include "base/hex.h"

bool url_decode(struct str text, bool plus_is_space, char *out, size_t *len)
{
	char *start = out;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];
		if (c == '%') {
			int high = i + 2 < text.len ? hex_digit(text.data[i + 1]) : -1;
			int low = i + 2 < text.len ? hex_digit(text.data[i + 2]) : -1;
			if (high < 0 || low < 0 || (high == 0 && low == 0))
				return false;
			c = (char)(high * 16 + low);
			i += 2;
		} else if (c == '+' && plus_is_space) {
			c = ' ';
		}
		*out++ = c;
	}
	*len = (size_t)(out - start);
	return true;
}

static bool all_of(struct str text, const char *others)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (!plain && (!c || !strchr(others, c)))
			return false;
	}
	return text.len > 0;
}

bool host_is_valid(struct str host)
{
	struct str name = host, port;
	uint64_t number;

	if (host.len > HOST_MAX)
		return false;
	if (str_starts(host, STR("["))) {
		if (!str_cut(str_from(host, 1), ']', &name, &port) || (port.len && port.data[0] != ':'))
			return false;
		if (port.len && (!str_to_u64(str_from(port, 1), &number) || number > 65535))
			return false;
		return all_of(name, ":.");
	}
	if (str_cut(host, ':', &name, &port) && (!str_to_u64(port, &number) || number > 65535))
		return false;
	return all_of(name, "-._~");
}
