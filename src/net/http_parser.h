/*
 * llhttp behind names of our own, since its constants and ours (HTTP_GET) are the same words. Built with LLHTTP_STRICT_MODE: without it
 * 8.1.0 takes any two bytes for the CRLF behind a chunk (measured). A parser serves one request after the other.
 */
#ifndef NET_HTTP_PARSER_H
#define NET_HTTP_PARSER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct http_parser;

struct http_field {
	struct str name, value; /* borrowed from the head; value without blanks around it */
};

/* Owned by the caller. */
struct http_parser *http_parser_new(void);
void http_parser_free(struct http_parser *parser);

/*
 * Parses one whole head. target and up to fields_max fields are set, *content_length is -1 for a chunked body. False when llhttp refuses it
 * or sees its end somewhere else. All borrowed from head.
 */
bool http_parser_head(struct http_parser *parser, struct str head, struct str *target, struct http_field *fields, size_t fields_max,
	size_t *fields_count, int64_t *content_length);

struct http_chunks {
	size_t payload;  /* bytes of body, moved to the start of data */
	size_t consumed; /* of data; less than len only when the body has ended */
	bool done;       /* the last chunk and its trailers have been read */
};

/* Decodes the next bytes of a chunked body in place, after http_parser_head. False when they are malformed. */
bool http_parser_chunks(struct http_parser *parser, char *data, size_t len, struct http_chunks *out);
/* Bytes that are still to come of the chunk begun; 0 between chunks. */
uint64_t http_parser_chunk_left(const struct http_parser *parser);

#endif
