/*
 * Forwarded and X-Forwarded-*, a header a line. Whatever clients put in front of what the trusted proxy adds last, the client is the one that it
 * names, or the request is refused.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "net/forwarded.h"
#include "net/url.h"

#define FIELDS_MAX 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static size_t fields_of(struct str text, struct http_field *fields)
{
	struct str line;
	size_t count = 0;
	bool more = true;

	while (more && count < FIELDS_MAX) {
		more = str_cut(text, '\n', &line, &text);
		if (!more)
			line = text;
		if (str_cut(line, ':', &fields[count].name, &fields[count].value)) {
			fields[count].value = str_trim(fields[count].value);
			count++;
		}
	}
	return count;
}

static void check(const struct forwarded *said)
{
	require(said->port <= 65535 && said->host_port <= 65535);
	require(!said->host.len || host_is_valid(said->host));
	require(!said->scheme.len || str_equal(said->scheme, STR("http")) || str_equal(said->scheme, STR("https")));
	require(said->client != CLIENT_ALIAS || (said->alias.len > 1 && said->alias.data[0] == '_'));
}

/* The proxy adds its element to the last line of that name, as proxies do. */
static void check_added(struct http_field *fields, size_t count, struct str name, const struct cidr *trusted)
{
	const struct ip client = {{[10] = 0xff, [11] = 0xff, [12] = 203, [13] = 0, [14] = 113, [15] = 5}};
	struct http_field all[FIELDS_MAX + 1];
	cleanup_buf struct buf line = {0};
	struct forwarded said;
	const char *why;
	size_t last = count;

	memcpy(all, fields, count * sizeof *fields);
	for (size_t i = 0; i < count; i++)
		if (str_equal_nocase(fields[i].name, name))
			last = i;
	if (last < count) {
		buf_add_str(&line, fields[last].value);
		buf_add_text(&line, ", ");
	}
	buf_add_text(&line, str_equal(name, STR("Forwarded")) ? "for=203.0.113.5" : "203.0.113.5");
	all[last] = (struct http_field){name, buf_str(&line)};
	if (!forwarded_read(all, count + (last == count), trusted, 1, &said, &why))
		return;
	require(said.client == CLIENT_IP && ip_equal(&said.ip, &client));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_field fields[FIELDS_MAX];
	struct cidr trusted;
	struct forwarded said;
	const char *why = NULL;
	/* Exactly as many bytes as there are, so that a read behind them is seen. */
	char *copy = malloc(size + 1);

	memcpy(copy, data, size);
	size_t count = fields_of(str_make(copy, size), fields);
	require(cidr_parse(STR("10.0.0.0/8"), &trusted, NULL));
	if (forwarded_read(fields, count, &trusted, 1, &said, &why))
		check(&said);
	else
		require(why != NULL);
	check_added(fields, count, STR("Forwarded"), &trusted);
	check_added(fields, count, STR("X-Forwarded-For"), &trusted);
	free(copy);
	return 0;
}
