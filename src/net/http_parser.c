#include "net/http_parser.h"

#include <string.h>

#include <llhttp.h>

struct parser {
	llhttp_t llhttp; /* its data points back at this */
	struct http_field *fields;
	size_t fields_max, fields_count;
	struct str target;
	bool overflow;
};

static int on_url(llhttp_t *llhttp, const char *at, size_t len)
{
	struct parser *parser = llhttp->data;

	parser->target = str_make(at, len);
	return 0;
}

static int on_field(llhttp_t *llhttp, const char *at, size_t len)
{
	struct parser *parser = llhttp->data;

	if (parser->fields_count == parser->fields_max) {
		parser->overflow = true;
		return -1;
	}
	parser->fields[parser->fields_count++] = (struct http_field){.name = str_make(at, len)};
	return 0;
}

static int on_value(llhttp_t *llhttp, const char *at, size_t len)
{
	struct parser *parser = llhttp->data;

	if (parser->fields_count)
		parser->fields[parser->fields_count - 1].value = str_trim(str_make(at, len));
	return 0;
}

static int on_headers_complete(llhttp_t *llhttp)
{
	/* Nothing is ever upgraded: the body is framed as without that wish. */
	llhttp->upgrade = 0;
	return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
	.on_url = on_url,
	.on_header_field = on_field,
	.on_header_value = on_value,
	.on_headers_complete = on_headers_complete,
};

bool http_parser_head(
	struct str head, struct str *target, struct http_field *fields, size_t fields_max, size_t *fields_count, int64_t *content_length)
{
	struct parser parser = {.fields = fields, .fields_max = fields_max};

	llhttp_init(&parser.llhttp, HTTP_REQUEST, &settings);
	parser.llhttp.data = &parser;
	enum llhttp_errno result = llhttp_execute(&parser.llhttp, head.data, head.len);
	if (result != HPE_PAUSED || parser.overflow || llhttp_get_error_pos(&parser.llhttp) != head.data + head.len)
		return false;
	*target = parser.target;
	*fields_count = parser.fields_count;
	if (parser.llhttp.flags & F_CHUNKED)
		*content_length = -1;
	else if (parser.llhttp.flags & F_TRANSFER_ENCODING || parser.llhttp.content_length > INT64_MAX)
		return false;
	else
		*content_length = (int64_t)parser.llhttp.content_length;
	return true;
}
