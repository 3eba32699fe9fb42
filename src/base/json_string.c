#include "base/json_string.h"

#include "base/utf8.h"

void json_string_add(struct buf *out, struct str value)
{
	uint32_t code;

	buf_add_char(out, '"');
	while (value.len) {
		size_t plain = 0;

		while (plain < value.len && value.data[plain] >= ' ' && value.data[plain] < 127 && value.data[plain] != '"' &&
			value.data[plain] != '\\')
			plain++;
		buf_add_str(out, str_head(value, plain));
		value = str_from(value, plain);
		if (!value.len)
			break;
		size_t len = utf8_take(value, &code);
		if (!len) {
			buf_add_text(out, "\\ufffd");
			len = 1;
		} else if (code == '"' || code == '\\') {
			buf_printf(out, "\\%c", (int)code);
		} else if (utf8_is_control(code)) {
			buf_printf(out, "\\u%04x", (unsigned int)code);
		} else {
			buf_add(out, value.data, len);
		}
		value = str_from(value, len);
	}
	buf_add_char(out, '"');
}
