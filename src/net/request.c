#include "net/server_internal.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/url.h"

/* Decodes "a=b&c" into queries. text has room for it. */
static bool queries_parse(struct request *request, struct str query, char *text)
{
	struct str pair, name, value;

	while (query.len) {
		if (!str_cut(query, '&', &pair, &query)) {
			pair = query;
			query.len = 0;
		}
		if (!pair.len)
			continue;
		if (!str_cut(pair, '=', &name, &value)) {
			name = pair;
			value = (struct str){0};
		}
		size_t name_len, value_len;
		if (request->queries_count == QUERIES_MAX || !url_decode(name, true, text, &name_len) ||
			!url_decode(value, true, text + name_len, &value_len))
			return false;
		request->queries[request->queries_count++] = (struct request_query){
			.name = str_make(text, name_len),
			.value = str_make(text + name_len, value_len),
		};
		text += name_len + value_len;
	}
	return true;
}

int request_parse(struct request *request, const struct router *router, const char *head, const char **why)
{
	struct str path, query, target;
	int64_t length;

	/* Two parsers that do not agree about where a message ends are what request smuggling lives on. */
	if (!http_parser_head(str_make(head, request->head.length), &target, request->fields, GUARD_FIELDS_MAX, &request->fields_count, &length) ||
		length != request->head.content_length || request->fields_count != request->head.fields ||
		!str_equal(target, request->head.line_target)) {
		*why = "malformed request";
		return 400;
	}
	request->target = request->head.target;
	if (!request_find_client(request, why))
		return 400;
	buf_room(&request->text, request->target.len + 1);
	if (!router_path_parse(&request->path, request->target, request->text.data)) {
		*why = "malformed path";
		return 400;
	}
	if (str_cut(request->target, '?', &path, &query) && !queries_parse(request, query, request->text.data + request->path.text.len)) {
		*why = "malformed query";
		return 400;
	}
	router_find(router, request->head.method, &request->path, &request->match);
	if (request->match.route)
		return 0;
	*why = request->match.methods ? "this method is not allowed here" : "there is nothing at this address";
	return request->match.methods ? 405 : 404;
}

static void shrink(struct buf *buf, size_t keep)
{
	if (buf->capacity > keep)
		buf_free(buf);
	else
		buf_clear(buf);
}

/* Ready for the next request; keeps what memory every request needs. */
void request_reset(struct request *request)
{
	answer_release(request);
	request->head = (struct guard){0};
	request->fields_count = request->queries_count = 0;
	request->client.counted = false;
	request->client.peer = request->client.scheme = request->client.host = (struct str){0};
	request->target = request->path.text = (struct str){0};
	request->match.route = NULL;
	request->match.methods = 0;
	request->match.parts_count = 0;
	request->state = NULL;
	request->handle = NULL;
	request->job = (struct sink_job){0};
	shrink(&request->text, 4096);
	shrink(&request->body, 0);
	shrink(&request->headers, 4096);
	shrink(&request->copied, 4096);
	request->status = 0;
	request->length = 0;
	request->head_only = false;
	atomic_store_explicit(&request->answered, false, memory_order_relaxed);
}

void request_free(struct request *request)
{
	answer_release(request);
	free(request->parts);
	buf_free(&request->text);
	buf_free(&request->body);
	buf_free(&request->headers);
	buf_free(&request->copied);
}

void request_enter(const struct request *request)
{
	log_request_set(request_id(request));
}

void request_leave(void)
{
	log_request_set((struct str){0});
}

void *request_context(const struct request *request)
{
	return request_connection(request)->loop->server->settings.context;
}

const struct route *request_route(const struct request *request)
{
	return request->match.route;
}

size_t request_loop(const struct request *request)
{
	return request_connection(request)->loop->index;
}

enum http_method request_method(const struct request *request)
{
	return request->head.method;
}

struct str request_target(const struct request *request)
{
	return request->target;
}

struct str request_path(const struct request *request)
{
	return request->path.text;
}

struct str request_part(const struct request *request, const char *name)
{
	for (size_t i = 0; i < request->match.parts_count; i++)
		if (str_equal(request->match.parts[i].name, str_of(name)))
			return request->match.parts[i].value;
	return (struct str){0};
}

bool request_query(const struct request *request, const char *name, struct str *value)
{
	return request_query_at(request, name, 0, value);
}

bool request_query_at(const struct request *request, const char *name, size_t index, struct str *value)
{
	*value = (struct str){0};
	for (size_t i = 0; i < request->queries_count; i++) {
		if (str_equal(request->queries[i].name, str_of(name)) && index-- == 0) {
			*value = request->queries[i].value;
			return true;
		}
	}
	return false;
}

bool request_header(const struct request *request, const char *name, struct str *value)
{
	return request_header_at(request, name, 0, value);
}

bool request_header_at(const struct request *request, const char *name, size_t index, struct str *value)
{
	*value = (struct str){0};
	for (size_t i = 0; i < request->fields_count; i++) {
		if (str_equal_nocase(request->fields[i].name, str_of(name)) && index-- == 0) {
			*value = request->fields[i].value;
			return true;
		}
	}
	return false;
}

int64_t request_body_length(const struct request *request)
{
	return request->head.content_length;
}

struct str request_body(const struct request *request)
{
	return buf_str(&request->body);
}

struct str request_id(const struct request *request)
{
	return str_make(request->id, sizeof request->id);
}

void request_set_state(struct request *request, void *state)
{
	request->state = state;
}

void *request_state(const struct request *request)
{
	return request->state;
}
