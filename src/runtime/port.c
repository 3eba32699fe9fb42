#include "runtime/port.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static const char *const protocol_names[] = {[PORT_TCP] = "tcp", [PORT_UDP] = "udp", [PORT_SCTP] = "sctp"};

const char *port_protocol_name(enum port_protocol protocol)
{
	return protocol_names[protocol];
}

bool port_protocol_parse(struct str text, enum port_protocol *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(protocol_names); i++) {
		if (str_equal_nocase(text, str_of(protocol_names[i]))) {
			*out = (enum port_protocol)i;
			return true;
		}
	}
	return false;
}

static bool parse_number(struct str text, uint16_t *out)
{
	uint64_t value;

	if (!str_to_u64(text, &value) || value > 65535)
		return false;
	*out = (uint16_t)value;
	return true;
}

/* "80" or "80-82", ascending. */
static bool parse_range(struct str text, uint16_t *first, uint16_t *last)
{
	struct str low, high;

	if (!str_cut(text, '-', &low, &high))
		low = high = text;
	return parse_number(low, first) && parse_number(high, last) && *first <= *last;
}

bool port_parse_exposed(struct str text, uint16_t *port, enum port_protocol *protocol)
{
	struct str number, name = STR("tcp");

	if (!str_cut(text, '/', &number, &name))
		number = text;
	return parse_number(number, port) && *port != 0 && port_protocol_parse(name, protocol);
}

/* The address as the kernel writes it, without the brackets of an IPv6 one. The address of all IPv4 addresses stays itself. */
static bool parse_address(struct str text, char out[static INET6_ADDRSTRLEN], struct error *err)
{
	struct in6_addr binary;
	cleanup_free char *given = str_dup(text);
	struct str bare = text;

	if (bare.len >= 2 && bare.data[0] == '[' && bare.data[bare.len - 1] == ']')
		bare = str_make(bare.data + 1, bare.len - 2);
	cleanup_free char *address = str_dup(bare);
	int family = strchr(address, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(family, address, &binary) != 1 || !inet_ntop(family, &binary, out, INET6_ADDRSTRLEN))
		return error_set(err, ERROR_INVALID, "invalid IP address: %s", given);
	return true;
}

bool port_specs_add(struct port_specs *specs, struct str text, struct error *err)
{
	struct str rest = text, protocol = STR("tcp"), host = {0}, address = {0}, container;
	struct port_spec spec = {0};
	uint16_t first, last;

	str_cut_last(text, '/', &rest, &protocol);
	if (rest.len == 0)
		return error_set(err, ERROR_INVALID, "no port specified: %.*s<empty>", STR_ARG(text));
	if (!port_protocol_parse(protocol, &spec.protocol))
		return error_set(err, ERROR_INVALID, "invalid proto: %.*s", STR_ARG(protocol));
	container = rest;
	if (str_cut_last(rest, ':', &host, &container) && str_cut_last(host, ':', &address, &host) && address.len &&
		!parse_address(address, spec.host_address, err))
		return false;
	if (container.len == 0)
		return error_set(err, ERROR_INVALID, "no port specified: %.*s<empty>", STR_ARG(text));
	if (!parse_range(container, &first, &last) || first == 0)
		return error_set(err, ERROR_INVALID, "invalid containerPort: %.*s", STR_ARG(container));
	if (host.len && !parse_range(host, &spec.host_first, &spec.host_last))
		return error_set(err, ERROR_INVALID, "invalid hostPort: %.*s", STR_ARG(host));

	/* As docker: a range of one port of the container means the first free one; else the ranges go side by side. */
	bool pairwise = spec.host_first && first != last;
	if (pairwise && spec.host_last - spec.host_first != last - first)
		return error_set(err, ERROR_INVALID, "invalid ranges specified for container and host Ports: %.*s and %.*s", STR_ARG(container),
			STR_ARG(host));
	uint16_t host_first = spec.host_first;
	for (uint32_t port = first; port <= last; port++) {
		spec.container_port = (uint16_t)port;
		if (pairwise)
			spec.host_first = spec.host_last = (uint16_t)(host_first + (port - first));
		specs->items = mem_grow(specs->items, specs->count, &specs->capacity, sizeof *specs->items);
		specs->items[specs->count++] = spec;
	}
	return true;
}

void port_specs_free(struct port_specs *specs)
{
	free(specs->items);
	*specs = (struct port_specs){0};
}
