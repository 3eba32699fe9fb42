/*
 * llhttp behind names of our own, since its constants and ours (HTTP_GET) are the same words. It reads heads alone; how a body is framed the guard
 * decides before it, and chunked.c after it.
 */
#ifndef NET_HTTP_PARSER_H
#define NET_HTTP_PARSER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct http_field {
	struct str name, value; /* borrowed from the head; value without blanks around it */
};

/*
 * Parses one whole head. target and up to fields_max fields are set, *content_length is -1 for a chunked body. False when llhttp refuses it
 * or sees its end somewhere else. All borrowed from head.
 */
bool http_parser_head(
	struct str head, struct str *target, struct http_field *fields, size_t fields_max, size_t *fields_count, int64_t *content_length);

#endif
