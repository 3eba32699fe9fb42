/*
 * Finds the route of a request. A pattern is matched from its right end, so that a repository may be called anything: in
 * "/v2/{name}/blobs/{digest}" what stands before "/blobs/" is the name, whatever it holds. A literal part wins over a {part}, from the right.
 */
#ifndef NET_ROUTER_H
#define NET_ROUTER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/str.h"
#include "net/server.h"

#define ROUTER_SEGMENTS_MAX 136 /* of a request's path: a name of 255 characters has up to 128; more match nothing */
#define ROUTER_PARTS_MAX 8      /* {parts} of one pattern */

struct router;

/* A path, percent-decoded part by part: segments lie in text in order, a '/' between each two. Borrowed. */
struct router_path {
	struct str text;
	struct str segments[ROUTER_SEGMENTS_MAX];
	size_t count;
};

struct router_part {
	struct str name, value;
};

struct router_match {
	const struct route *route; /* NULL when nothing matched */
	unsigned int methods;      /* when the path matched but not the method: those that are there, HEAD with GET */
	struct router_part parts[ROUTER_PARTS_MAX];
	size_t parts_count;
};

/* Reads the patterns; routes are kept. A pattern that is malformed, or has neither or both of handle and sink, is ERROR_INVALID. */
bool router_new(struct router **out, const struct route *routes, size_t count, struct error *err);
void router_free(struct router *router);

/*
 * Splits the path of a target (the query is cut off) at '/' and decodes the parts into text, which has room for target.len bytes. False for a bad
 * escape, and when a part of what was decoded is "." or "..".
 */
bool router_path_parse(struct router_path *path, struct str target, char *text);

void router_find(const struct router *router, enum http_method method, const struct router_path *path, struct router_match *out);

#endif
