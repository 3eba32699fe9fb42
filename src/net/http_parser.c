#include "net/http_parser.h"

#include <string.h>

#include <llhttp.h>

#include "base/mem.h"

/* Extensions and trailers are dropped; so many bytes of them may come while no piece of body does. */
#define OVERHEAD_MAX 8192

struct http_parser {
	llhttp_t llhttp; /* its data points back here */
	struct http_field *fields;
	size_t fields_max, fields_count;
	struct str target;
	char *payload; /* where the next bytes of body go */
	size_t overhead;
	bool in_chunk, overflow;
};

static int on_url(llhttp_t *llhttp, const char *at, size_t len)
{
	struct http_parser *parser = llhttp->data;

	parser->target = str_make(at, len);
	return 0;
}

static int on_field(llhttp_t *llhttp, const char *at, size_t len)
{
	struct http_parser *parser = llhttp->data;

	if (!parser->fields) /* a trailer */
		return 0;
	if (parser->fields_count == parser->fields_max) {
		parser->overflow = true;
		return -1;
	}
	parser->fields[parser->fields_count++] = (struct http_field){.name = str_make(at, len)};
	return 0;
}

static int on_value(llhttp_t *llhttp, const char *at, size_t len)
{
	struct http_parser *parser = llhttp->data;

	if (parser->fields && parser->fields_count)
		parser->fields[parser->fields_count - 1].value = str_trim(str_make(at, len));
	return 0;
}

static int on_headers_complete(llhttp_t *llhttp)
{
	/* Nothing is ever upgraded: the body is framed as without that wish. */
	llhttp->upgrade = 0;
	return HPE_PAUSED;
}

static int on_chunk_header(llhttp_t *llhttp)
{
	struct http_parser *parser = llhttp->data;

	parser->in_chunk = true;
	return 0;
}

static int on_chunk_complete(llhttp_t *llhttp)
{
	struct http_parser *parser = llhttp->data;

	parser->in_chunk = false;
	return 0;
}

static int on_body(llhttp_t *llhttp, const char *at, size_t len)
{
	struct http_parser *parser = llhttp->data;

	memmove(parser->payload, at, len);
	parser->payload += len;
	return 0;
}

static int on_message_complete(llhttp_t *llhttp)
{
	(void)llhttp;
	return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
	.on_url = on_url,
	.on_header_field = on_field,
	.on_header_value = on_value,
	.on_headers_complete = on_headers_complete,
	.on_chunk_header = on_chunk_header,
	.on_chunk_complete = on_chunk_complete,
	.on_body = on_body,
	.on_message_complete = on_message_complete,
};

struct http_parser *http_parser_new(void)
{
	return mem_alloc(1, sizeof(struct http_parser));
}

void http_parser_free(struct http_parser *parser)
{
	free(parser);
}

bool http_parser_head(struct http_parser *parser, struct str head, struct str *target, struct http_field *fields, size_t fields_max,
	size_t *fields_count, int64_t *content_length)
{
	llhttp_init(&parser->llhttp, HTTP_REQUEST, &settings);
	parser->llhttp.data = parser;
	parser->fields = fields;
	parser->fields_max = fields_max;
	parser->fields_count = 0;
	parser->target = (struct str){0};
	parser->overhead = 0;
	parser->in_chunk = parser->overflow = false;
	enum llhttp_errno result = llhttp_execute(&parser->llhttp, head.data, head.len);
	parser->fields = NULL;
	if (result != HPE_PAUSED || parser->overflow || llhttp_get_error_pos(&parser->llhttp) != head.data + head.len)
		return false;
	llhttp_resume(&parser->llhttp);
	*target = parser->target;
	*fields_count = parser->fields_count;
	if (parser->llhttp.flags & F_CHUNKED)
		*content_length = -1;
	else if (parser->llhttp.flags & F_TRANSFER_ENCODING || parser->llhttp.content_length > INT64_MAX)
		return false;
	else
		*content_length = (int64_t)parser->llhttp.content_length;
	return true;
}

bool http_parser_chunks(struct http_parser *parser, char *data, size_t len, struct http_chunks *out)
{
	parser->payload = data;
	enum llhttp_errno result = llhttp_execute(&parser->llhttp, data, len);
	out->payload = (size_t)(parser->payload - data);
	out->done = result == HPE_PAUSED;
	out->consumed = out->done ? (size_t)(llhttp_get_error_pos(&parser->llhttp) - data) : len;
	parser->overhead = out->payload ? 0 : parser->overhead + out->consumed;
	return (result == HPE_OK || out->done) && parser->overhead <= OVERHEAD_MAX;
}

uint64_t http_parser_chunk_left(const struct http_parser *parser)
{
	return parser->in_chunk ? parser->llhttp.content_length : 0;
}
