#include "net/router.h"

#include <string.h>

#include "base/mem.h"
#include "net/url.h"

#define PATTERN_PARTS_MAX 16

struct pattern_part {
	struct str text; /* the literal, or the name within braces */
	bool variable;
};

struct pattern {
	const struct route *route;
	struct pattern_part parts[PATTERN_PARTS_MAX];
	size_t count;
	size_t many; /* index of {name}, which takes several; count when there is none */
};

struct router {
	size_t count;
	struct pattern patterns[];
};

static bool pattern_parse(struct pattern *pattern, const struct route *route, struct error *err)
{
	struct str rest = str_of(route->pattern), part;
	size_t variables = 0;
	bool more = true;

	pattern->route = route;
	if (!rest.len || rest.data[0] != '/' || !route->handle == !route->sink)
		return error_set(err, ERROR_INVALID, "route \"%s\": a pattern starts with / and has either a handler or a sink", route->pattern);
	rest = str_from(rest, 1);
	while (more) {
		more = str_cut(rest, '/', &part, &rest);
		if (!more)
			part = rest;
		if (pattern->count == PATTERN_PARTS_MAX || variables == ROUTER_PARTS_MAX)
			return error_set(err, ERROR_INVALID, "route \"%s\": too many parts", route->pattern);
		bool variable = part.len > 2 && part.data[0] == '{' && part.data[part.len - 1] == '}';
		if (variable)
			part = str_make(part.data + 1, part.len - 2);
		variables += variable;
		pattern->parts[pattern->count++] = (struct pattern_part){part, variable};
	}
	pattern->many = pattern->count;
	for (size_t i = 0; i < pattern->count; i++)
		if (pattern->parts[i].variable && str_equal(pattern->parts[i].text, STR("name")) && pattern->many == pattern->count)
			pattern->many = i;
	return true;
}

bool router_new(struct router **out, const struct route *routes, size_t count, struct error *err)
{
	struct router *router = mem_alloc(1, sizeof *router + count * sizeof *router->patterns);

	for (; router->count < count; router->count++) {
		if (!pattern_parse(&router->patterns[router->count], &routes[router->count], err)) {
			router_free(router);
			return false;
		}
	}
	*out = router;
	return true;
}

void router_free(struct router *router)
{
	free(router);
}

static bool is_dots(struct str part)
{
	return str_equal(part, STR(".")) || str_equal(part, STR(".."));
}

/* An escaped slash may have hidden a part within one. */
static bool has_dots(struct str part)
{
	struct str before;

	while (str_cut(part, '/', &before, &part))
		if (is_dots(before))
			return true;
	return is_dots(part);
}

bool router_path_parse(struct router_path *path, struct str target, char *text)
{
	struct str rest, part;
	char *at = text;
	bool more = true;

	path->count = 0;
	if (!str_cut(target, '?', &rest, &part))
		rest = target;
	if (rest.len && rest.data[0] == '/') {
		*at++ = '/';
		rest = str_from(rest, 1);
	}
	while (more) {
		size_t len;
		more = str_cut(rest, '/', &part, &rest);
		if (!more)
			part = rest;
		if (!url_decode(part, false, at, &len) || has_dots(str_make(at, len)))
			return false;
		if (path->count < ROUTER_SEGMENTS_MAX)
			path->segments[path->count] = str_make(at, len);
		path->count++;
		at += len;
		if (more)
			*at++ = '/';
	}
	path->text = str_make(text, (size_t)(at - text));
	return true;
}

static bool part_fits(const struct pattern_part *part, struct str segment)
{
	return part->variable ? segment.len > 0 : str_equal(part->text, segment);
}

/*
 * {name} takes the segments first..last, none of them empty. Its slashes are the path's own: a proxy in front that looks at paths may decode an
 * escaped one or not, and then reads another name.
 */
static bool many_fits(const struct router_path *path, size_t first, size_t last)
{
	for (size_t i = first; i <= last; i++)
		if (path->segments[i].len == 0 || memchr(path->segments[i].data, '/', path->segments[i].len))
			return false;
	return true;
}

static bool pattern_fits(const struct pattern *pattern, const struct router_path *path)
{
	size_t left = pattern->many, right = pattern->count - pattern->many; /* right counts {name} itself, when there is one */

	if (pattern->many == pattern->count ? path->count != pattern->count : path->count < pattern->count)
		return false;
	for (size_t i = 1; i < right; i++)
		if (!part_fits(&pattern->parts[pattern->count - i], path->segments[path->count - i]))
			return false;
	for (size_t i = 0; i < left; i++)
		if (!part_fits(&pattern->parts[i], path->segments[i]))
			return false;
	return right == 0 || many_fits(path, left, path->count - right);
}

/* Whether a fits more narrowly than b: the first difference from the right end decides. */
static bool pattern_wins(const struct pattern *a, const struct pattern *b)
{
	for (size_t i = 1; i <= a->count && i <= b->count; i++) {
		const struct pattern_part *of_a = &a->parts[a->count - i], *of_b = &b->parts[b->count - i];
		if (of_a->variable != of_b->variable)
			return !of_a->variable;
	}
	return a->count > b->count;
}

static void take_parts(const struct pattern *pattern, const struct router_path *path, struct router_match *out)
{
	size_t extra = path->count - pattern->count; /* segments that {name} takes beyond its one */

	out->parts_count = 0;
	for (size_t i = 0; i < pattern->count; i++) {
		if (!pattern->parts[i].variable)
			continue;
		struct str first = path->segments[i > pattern->many ? i + extra : i];
		struct str last = path->segments[i >= pattern->many ? i + extra : i];
		struct str value = str_make(first.data, (size_t)(last.data + last.len - first.data));
		out->parts[out->parts_count++] = (struct router_part){pattern->parts[i].text, value};
	}
}

void router_find(const struct router *router, enum http_method method, const struct router_path *path, struct router_match *out)
{
	const struct pattern *best = NULL;
	unsigned int wanted = 1u << method;

	memset(out, 0, offsetof(struct router_match, parts));
	out->parts_count = 0;
	if (path->count > ROUTER_SEGMENTS_MAX)
		return;
	for (size_t i = 0; i < router->count; i++) {
		const struct pattern *pattern = &router->patterns[i];
		unsigned int methods = pattern->route->methods;
		if (!pattern_fits(pattern, path))
			continue;
		if (methods & 1u << HTTP_GET)
			methods |= 1u << HTTP_HEAD;
		out->methods |= methods;
		if (methods & wanted && (!best || pattern_wins(pattern, best)))
			best = pattern;
	}
	if (best) {
		out->route = best->route;
		take_parts(best, path, out);
	}
}
