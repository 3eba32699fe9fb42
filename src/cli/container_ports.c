#include "cli/container_ports.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static int compare_addresses(const char *a, const char *b)
{
	struct in6_addr binary_a = {0}, binary_b = {0};
	bool six_a = strchr(a, ':'), six_b = strchr(b, ':');

	if (six_a != six_b)
		return six_a ? 1 : -1;
	inet_pton(six_a ? AF_INET6 : AF_INET, a, &binary_a);
	inet_pton(six_b ? AF_INET6 : AF_INET, b, &binary_b);
	return memcmp(&binary_a, &binary_b, sizeof binary_a);
}

static int compare(const void *left, const void *right)
{
	const struct port_spec *a = left, *b = right;
	int order = (int)a->container_port - (int)b->container_port;

	if (order == 0)
		order = compare_addresses(a->host_address, b->host_address);
	if (order == 0)
		order = (int)a->host_first - (int)b->host_first;
	return order ? order : (int)a->protocol - (int)b->protocol;
}

static void add_separator(struct buf *out)
{
	if (out->len)
		buf_add_text(out, ", ");
}

static void add_host(struct buf *out, const char *address)
{
	bool six = strchr(address, ':');

	buf_printf(out, "%s%s%s:", six ? "[" : "", address, six ? "]" : "");
}

/* Ports of one address and protocol that stand side by side. */
struct run {
	const char *address; /* "" for what is not published */
	enum port_protocol protocol;
	uint16_t first, last;
};

static void add_run(struct buf *out, const struct run *run)
{
	cleanup_buf struct buf numbers = {0};

	buf_printf(&numbers, run->first == run->last ? "%u" : "%u-%u", run->first, run->last);
	add_separator(out);
	if (run->address[0]) {
		add_host(out, run->address);
		buf_printf(out, "%s->", numbers.data);
	}
	buf_printf(out, "%s/%s", numbers.data, port_protocol_name(run->protocol));
}

struct runs {
	struct run *items;
	size_t count, capacity;
};

/* Joins the port to the run of its kind; a run that it does not follow is written and begins anew. */
static void join(struct buf *out, struct runs *runs, const char *address, const struct port_spec *port)
{
	for (size_t i = 0; i < runs->count; i++) {
		struct run *run = &runs->items[i];

		if (run->protocol != port->protocol || strcmp(run->address, address) != 0)
			continue;
		if (port->container_port == run->last + 1) {
			run->last++;
			return;
		}
		add_run(out, run);
		run->first = run->last = port->container_port;
		return;
	}
	runs->items = mem_grow(runs->items, runs->count, &runs->capacity, sizeof *runs->items);
	runs->items[runs->count++] = (struct run){address, port->protocol, port->container_port, port->container_port};
}

void container_ports_format(struct buf *out, struct port_specs *published, struct port_specs *exposed)
{
	struct runs runs = {0};
	size_t i = 0, k = 0;

	if (published->count)
		qsort(published->items, published->count, sizeof *published->items, compare);
	if (exposed->count)
		qsort(exposed->items, exposed->count, sizeof *exposed->items, compare);
	while (i < published->count || k < exposed->count) {
		bool take = k == exposed->count || (i < published->count && compare(&published->items[i], &exposed->items[k]) < 0);

		if (!take)
			join(out, &runs, "", &exposed->items[k++]);
		else if (published->items[i].host_first == published->items[i].container_port)
			join(out, &runs, published->items[i].host_address, &published->items[i]), i++;
		else
			i++;
	}
	for (i = 0; i < runs.count; i++)
		add_run(out, &runs.items[i]);
	for (i = 0; i < published->count; i++) {
		const struct port_spec *port = &published->items[i];

		if (port->host_first == port->container_port)
			continue;
		add_separator(out);
		add_host(out, port->host_address);
		buf_printf(out, "%u->%u/%s", port->host_first, port->container_port, port_protocol_name(port->protocol));
	}
	free(runs.items);
}
