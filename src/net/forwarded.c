#include "net/forwarded.h"

#include <string.h>

#include "net/url.h"

/* What one element of a list says. */
struct hop {
	struct str node, proto, host;
};

/* The last elements of a list, in order; more are of no interest. */
struct hops {
	struct hop ring[FORWARDED_HOPS_MAX];
	size_t count; /* all that came */
};

static struct hop *hops_add(struct hops *hops)
{
	struct hop *hop = &hops->ring[hops->count++ % FORWARDED_HOPS_MAX];

	*hop = (struct hop){0};
	return hop;
}

/* The depth-th from the end; 1 is the last. */
static const struct hop *hops_at(const struct hops *hops, size_t depth)
{
	return &hops->ring[(hops->count - depth) % FORWARDED_HOPS_MAX];
}

/* An identifier, its port cut off: "192.0.2.1:80", "[2001:db8::1]", "_hidden", "unknown". X-Forwarded-For has IPv6 without brackets too. */
static void node_parse(struct str node, struct forwarded *out)
{
	struct str host = node, port = {0}, rest;
	uint64_t number;

	*out = (struct forwarded){0};
	if (str_starts(node, STR("["))) {
		if (!str_cut(str_from(node, 1), ']', &host, &rest) || (rest.len && rest.data[0] != ':') || !memchr(host.data, ':', host.len))
			return;
		port = str_from(rest, 1);
	} else if (!ip_parse(node, &out->ip)) {
		str_cut(node, ':', &host, &port);
	}
	if (ip_parse(host, &out->ip)) {
		out->client = CLIENT_IP;
		if (str_to_u64(port, &number) && number <= 65535)
			out->port = (unsigned int)number;
	} else if (str_starts(host, STR("_")) && host.len > 1) {
		out->client = CLIENT_ALIAS;
		out->alias = host;
	}
}

/* Sets the client to whom the first hop names that is no trusted proxy; returns which hop that was, from the end, or 0 when there is none. */
static size_t hops_walk(const struct hops *hops, const struct cidr *trusted, size_t trusted_count, struct forwarded *out)
{
	size_t most = hops->count < FORWARDED_HOPS_MAX ? hops->count : FORWARDED_HOPS_MAX;

	for (size_t depth = 1; depth <= most; depth++) {
		node_parse(hops_at(hops, depth)->node, out);
		if (out->client != CLIENT_IP || depth == most || !cidr_list_has(trusted, trusted_count, &out->ip))
			return depth;
	}
	return 0;
}

/* A value of a pair, a quoted string or not; *rest is what stands behind. False when it has no end or no content that could be read only one way. */
static bool value_parse(struct str text, struct str *value, struct str *rest)
{
	size_t len = 0;

	if (!str_starts(text, STR("\""))) {
		while (len < text.len && !strchr(",; \t\"\\", text.data[len]) && text.data[len])
			len++;
		*value = str_head(text, len);
		*rest = str_from(text, len);
		return len > 0;
	}
	/* An escape is legal and stays as it is: no address, host or scheme needs one. */
	for (len = 1; len < text.len && text.data[len] != '"'; len++)
		if (text.data[len] == '\\')
			len++;
	if (len >= text.len)
		return false;
	*value = str_make(text.data + 1, len - 1);
	*rest = str_from(text, len + 1);
	return true;
}

static struct str skip_blanks(struct str text)
{
	while (text.len && (text.data[0] == ' ' || text.data[0] == '\t'))
		text = str_from(text, 1);
	return text;
}

/* "for=192.0.2.1": one pair of an element into its hop. */
static bool pair_parse(struct hop *hop, struct str *text)
{
	struct str name, value, rest, *known = NULL;

	if (!str_cut(*text, '=', &name, &rest) || !name.len || !value_parse(rest, &value, text))
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (strchr(",; \t\"", name.data[i]))
			return false;
	if (str_equal_nocase(name, STR("for")))
		known = &hop->node;
	else if (str_equal_nocase(name, STR("proto")))
		known = &hop->proto;
	else if (str_equal_nocase(name, STR("host")))
		known = &hop->host;
	if (!known)
		return true;
	if (known->data)
		return false;
	*known = value;
	return true;
}

/* One line of Forwarded: elements at commas, pairs at semicolons (RFC 7239, 4). */
static bool line_parse(struct hops *hops, struct str text)
{
	struct hop *hop = NULL;

	for (;;) {
		text = skip_blanks(text);
		if (text.len && text.data[0] != ',' && text.data[0] != ';') {
			if (!hop)
				hop = hops_add(hops);
			if (!pair_parse(hop, &text))
				return false;
			text = skip_blanks(text);
		}
		if (!text.len)
			return true;
		if (text.data[0] == ',')
			hop = NULL;
		else if (text.data[0] != ';')
			return false;
		text = str_from(text, 1);
	}
}

/* All items of a list that may stand on several lines. */
static void list_parse(struct hops *hops, const struct http_field *fields, size_t count, struct str name)
{
	for (size_t i = 0; i < count; i++) {
		struct str rest = fields[i].value, item;
		bool more = str_equal_nocase(fields[i].name, name);
		while (more) {
			more = str_cut(rest, ',', &item, &rest);
			hops_add(hops)->node = str_trim(more ? item : rest);
		}
	}
}

/* The item of a list that the same proxy wrote who named the client; a list that is shorter was not written by all, and then the client's end counts.
 */
static struct str list_item(const struct http_field *fields, size_t count, struct str name, size_t depth)
{
	struct hops items = {0};

	list_parse(&items, fields, count, name);
	if (!items.count)
		return (struct str){0};
	size_t most = items.count < FORWARDED_HOPS_MAX ? items.count : FORWARDED_HOPS_MAX;
	return hops_at(&items, depth && depth < most ? depth : most)->node;
}

static void take_scheme(struct forwarded *out, struct str word)
{
	if (str_equal_nocase(word, STR("https")))
		out->scheme = STR("https");
	else if (str_equal_nocase(word, STR("http")))
		out->scheme = STR("http");
}

static void take_host(struct forwarded *out, struct str host)
{
	if (host_is_valid(host))
		out->host = host;
}

/* What X-Forwarded-* say and Forwarded has left open. */
static void take_elders(struct forwarded *out, const struct http_field *fields, size_t count, size_t depth)
{
	uint64_t port;

	if (!out->scheme.len)
		take_scheme(out, list_item(fields, count, STR("X-Forwarded-Proto"), depth));
	if (!out->host.len) {
		take_host(out, list_item(fields, count, STR("X-Forwarded-Host"), depth));
		if (str_to_u64(list_item(fields, count, STR("X-Forwarded-Port"), depth), &port) && port <= 65535)
			out->host_port = (unsigned int)port;
	}
}

static bool same_client(const struct forwarded *a, const struct forwarded *b)
{
	return a->client == b->client && (a->client != CLIENT_IP || ip_equal(&a->ip, &b->ip)) && str_equal(a->alias, b->alias);
}

bool forwarded_read(
	const struct http_field *fields, size_t count, const struct cidr *trusted, size_t trusted_count, struct forwarded *out, const char **why)
{
	struct hops hops = {0}, elder_hops = {0};
	struct forwarded elder = {0};
	size_t depth, elder_depth;

	*out = (struct forwarded){0};
	for (size_t i = 0; i < count; i++) {
		if (str_equal_nocase(fields[i].name, STR("Forwarded")) && !line_parse(&hops, fields[i].value)) {
			*why = "malformed Forwarded";
			return false;
		}
	}
	list_parse(&elder_hops, fields, count, STR("X-Forwarded-For"));
	depth = hops_walk(&hops, trusted, trusted_count, out);
	elder_depth = hops_walk(&elder_hops, trusted, trusted_count, &elder);
	if (out->client && elder.client && !same_client(out, &elder)) {
		*why = "Forwarded and X-Forwarded-For name different clients: a proxy has to remove the one that it does not write";
		return false;
	}
	if (!out->client)
		*out = elder;
	if (depth) {
		take_scheme(out, hops_at(&hops, depth)->proto);
		take_host(out, hops_at(&hops, depth)->host);
	}
	take_elders(out, fields, count, elder_depth ? elder_depth : depth);
	return true;
}
