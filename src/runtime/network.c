#include "runtime/network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <jansson.h>

#include "runtime/network_internal.h"
#include "runtime/runtime_internal.h"

void endpoint_free(struct endpoint *endpoint)
{
	file_cleanup(&endpoint->netns);
	for (size_t i = 0; i < endpoint->sockets_count; i++)
		file_cleanup(&endpoint->sockets[i]);
	free(endpoint->sockets);
	port_specs_free(&endpoint->network.ports);
	*endpoint = (struct endpoint){.netns = -1};
}

/* ---- network.json ---- */

bool network_write(const struct container_network *network, int folder_fd, struct error *err)
{
	json_t *ports = json_array(), *json;

	for (size_t i = 0; i < network->ports.count; i++) {
		const struct port_spec *port = &network->ports.items[i];
		json_array_append_new(ports, json_pack("{s:s,s:i,s:i,s:s}", "address", port->host_address, "host_port", port->host_first, "port",
						     port->container_port, "protocol", port_protocol_name(port->protocol)));
	}
	json = json_pack("{s:s,s:s,s:o}", "address", network->address, "address6", network->address6, "ports", ports);
	char *text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	cleanup_fd int fd = file_open(folder_fd, "network.json", O_WRONLY | O_CREAT | O_TRUNC, 0600, err);
	bool done = fd >= 0 && file_write(fd, text, strlen(text), err);
	free(text);
	return done;
}

static void copy_address(char out[static INET6_ADDRSTRLEN], const char *address)
{
	size_t len = strlen(address);

	if (len < INET6_ADDRSTRLEN)
		memcpy(out, address, len + 1);
}

void network_read(struct container_network *out, int folder_fd)
{
	cleanup_buf struct buf text = {0};
	const char *address, *address6, *name;
	int host_port, port;
	json_t *ports, *item;
	size_t i;

	*out = (struct container_network){0};
	if (!file_read_all(folder_fd, "network.json", 1024 * 1024, &text, NULL))
		return;
	json_t *json = json_loadb(text.data, text.len, 0, NULL);
	if (json && json_unpack(json, "{s:s,s:s,s:o}", "address", &address, "address6", &address6, "ports", &ports) == 0) {
		copy_address(out->address, address);
		copy_address(out->address6, address6);
		json_array_foreach (ports, i, item) {
			struct port_spec spec = {0};

			if (json_unpack(item, "{s:s,s:i,s:i,s:s}", "address", &address, "host_port", &host_port, "port", &port, "protocol", &name) <
					0 ||
				!port_protocol_parse(str_of(name), &spec.protocol))
				continue;
			copy_address(spec.host_address, address);
			spec.host_first = spec.host_last = (uint16_t)host_port;
			spec.container_port = (uint16_t)port;
			out->ports.items = mem_grow(out->ports.items, out->ports.count, &out->ports.capacity, sizeof *out->ports.items);
			out->ports.items[out->ports.count++] = spec;
		}
	}
	json_decref(json);
}

/* ---- published ports ---- */

static const int socket_types[] = {[PORT_TCP] = SOCK_STREAM, [PORT_UDP] = SOCK_DGRAM, [PORT_SCTP] = SOCK_STREAM};
static const int socket_protocols[] = {[PORT_TCP] = IPPROTO_TCP, [PORT_UDP] = IPPROTO_UDP, [PORT_SCTP] = IPPROTO_SCTP};

/*
 * A bound socket that never listens: every other program gets EADDRINUSE. An address that was served a moment ago (TIME_WAIT) may be taken, a
 * listening one may not. *port 0 becomes what the kernel chose. -1 with errno.
 */
static int bind_port(int family, const struct in6_addr *address, enum port_protocol protocol, uint16_t *port)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(*port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(*port), .sin6_addr = *address};
	struct sockaddr *at = family == AF_INET ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6;
	socklen_t size = family == AF_INET ? sizeof v4 : sizeof v6;
	int fd = socket(family, socket_types[protocol] | SOCK_CLOEXEC, socket_protocols[protocol]), on = 1, off = 0;

	memcpy(&v4.sin_addr, address, sizeof v4.sin_addr);
	if (fd < 0)
		return -1;
	if ((family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) < 0) ||
		(protocol != PORT_UDP && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0) || bind(fd, at, size) < 0 ||
		(protocol != PORT_UDP && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &off, sizeof off) < 0) || getsockname(fd, at, &size) < 0) {
		int problem = errno;
		file_cleanup(&fd);
		errno = problem;
		return -1;
	}
	*port = ntohs(family == AF_INET ? v4.sin_port : v6.sin6_port);
	return fd;
}

/* The addresses of the host that a spec means: one, or all of IPv4 and (where there is it) all of IPv6. */
static size_t spec_elements(const struct bridge *bridge, const struct port_spec *spec, uint32_t number, struct element out[static 2])
{
	struct in_addr target = bridge_address(bridge, number);
	size_t count = 0;

	for (int family = AF_INET; family; family = family == AF_INET ? AF_INET6 : 0) {
		struct element *element = &out[count];

		*element = (struct element){.family = family, .protocol = spec->protocol, .target_port = spec->container_port};
		if (spec->host_address[0] && inet_pton(family, spec->host_address, &element->host) != 1)
			continue;
		if (family == AF_INET6 && !bridge->ipv6)
			continue;
		element->any = memcmp(&element->host, &(struct in6_addr){0}, sizeof element->host) == 0;
		if (family == AF_INET)
			memcpy(&element->target, &target, sizeof target);
		else
			element->target = bridge_address6(bridge, number);
		count++;
	}
	return count;
}

static void element_address(const struct element *element, char out[static INET6_ADDRSTRLEN])
{
	inet_ntop(element->family, &element->host, out, INET6_ADDRSTRLEN);
}

/* Binds the same port on each address; -1 when one of them cannot be, with errno and which in *failed. */
static bool bind_all(struct element *elements, size_t count, uint16_t port, int fds[static 2], size_t *failed)
{
	fds[0] = fds[1] = -1;
	for (size_t i = 0; i < count; i++) {
		fds[i] = bind_port(elements[i].family, &elements[i].host, elements[i].protocol, &port);
		if (fds[i] < 0) {
			int problem = errno;
			file_cleanup(&fds[0]);
			*failed = i;
			errno = problem;
			elements[i].host_port = port;
			return false;
		}
		elements[i].host_port = port;
	}
	return true;
}

static bool refuse_port(const struct bridge *bridge, const struct element *element, int problem, const char *id, const char *name, struct error *err)
{
	char address[INET6_ADDRSTRLEN];
	const char *why = strerror(problem);

	element_address(element, address);
	if (problem == EADDRINUSE)
		why = state_has_port(bridge, element) ? "port is already allocated" : "address already in use";
	return error_set(err, ERROR_CONFLICT,
		"failed to set up container networking: driver failed programming external connectivity on endpoint %s (%s): Bind for %s%s%s:%u "
		"failed: %s",
		name, id, element->family == AF_INET6 ? "[" : "", address, element->family == AF_INET6 ? "]" : "", element->host_port, why);
}

#define RANDOM_PORT_TRIES 32

struct publishing {
	struct element *elements; /* owned */
	size_t count, capacity;
};

static void add_published(struct endpoint *out, struct publishing *publishing, const struct port_spec *spec, const struct element *element, int fd)
{
	struct port_spec bound = *spec;

	element_address(element, bound.host_address);
	bound.host_first = bound.host_last = element->host_port;
	struct port_specs *ports = &out->network.ports;
	ports->items = mem_grow(ports->items, ports->count, &ports->capacity, sizeof *ports->items);
	ports->items[ports->count++] = bound;
	publishing->elements = mem_grow(publishing->elements, publishing->count, &publishing->capacity, sizeof *publishing->elements);
	publishing->elements[publishing->count++] = *element;
	out->sockets = mem_resize(out->sockets, out->sockets_count + 1, sizeof *out->sockets);
	out->sockets[out->sockets_count++] = fd;
}

/* A random port is tried again when its IPv6 twin is taken; of a range the first free one is taken. */
static bool publish(struct endpoint *out, struct publishing *publishing, const struct bridge *bridge, const struct port_spec *spec, uint32_t number,
	const char *id, const char *name, struct error *err)
{
	struct element elements[2];
	size_t count = spec_elements(bridge, spec, number, elements), failed = 0;
	int fds[2];
	uint32_t tries = spec->host_first ? spec->host_last - spec->host_first + 1u : RANDOM_PORT_TRIES;

	if (count == 0)
		return error_set(err, ERROR_UNSUPPORTED, "no IPv6 on this host: cannot publish on [%s]", spec->host_address);
	for (uint32_t i = 0; i < tries; i++) {
		uint16_t port = spec->host_first ? (uint16_t)(spec->host_first + i) : 0;

		if (bind_all(elements, count, port, fds, &failed)) {
			for (size_t k = 0; k < count; k++)
				add_published(out, publishing, spec, &elements[k], fds[k]);
			return true;
		}
		if (errno != EADDRINUSE)
			break;
	}
	return refuse_port(bridge, &elements[failed], errno, id, name, err);
}

static bool publish_all(struct endpoint *out, const struct bridge *bridge, uint32_t number, const char *id, const char *name,
	const struct settings *settings, struct error *err)
{
	struct publishing publishing = {0};
	bool done = true;

	if (settings->ports.count > NETWORK_PORTS_MAX)
		return error_set(err, ERROR_TOO_LARGE, "more than %d published ports", NETWORK_PORTS_MAX);
	for (size_t i = 0; done && i < settings->ports.count; i++)
		done = publish(out, &publishing, bridge, &settings->ports.items[i], number, id, name, err);
	for (size_t i = 0; done && i < publishing.count; i++)
		done = state_put_port(bridge, id, &publishing.elements[i], err);
	done = done && table_add(publishing.elements, publishing.count, err);
	free(publishing.elements);
	return done;
}

/* ---- up and down ---- */

bool network_up(struct endpoint *out, const char *id, const char *name, const struct settings *settings, struct error *err)
{
	struct bridge bridge cleanup_bridge = {.state = -1, .lock = -1};
	uint32_t number;

	if (!bridge_open(&bridge, err) || !state_take_address(&bridge, id, &number, err))
		return false;
	struct in_addr address = bridge_address(&bridge, number);
	struct in6_addr address6 = bridge_address6(&bridge, number);
	inet_ntop(AF_INET, &address, out->network.address, sizeof out->network.address);
	if (bridge.ipv6)
		inet_ntop(AF_INET6, &address6, out->network.address6, sizeof out->network.address6);
	cleanup_free char *link = mem_printf("veth%.8s", id);
	return publish_all(out, &bridge, number, id, name, settings, err) && link_make(&bridge, number, link, &out->netns, err);
}

void network_down(const char *id, const struct container_network *network)
{
	struct bridge bridge cleanup_bridge = {.state = -1, .lock = -1};
	struct in_addr address;
	struct element *gone;
	size_t count = 0;

	if (inet_pton(AF_INET, network->address, &address) != 1 || !bridge_open_state(&bridge, NULL))
		return;
	uint32_t number = ntohl(address.s_addr) & 0xffff;
	gone = mem_alloc(network->ports.count * 2 + 1, sizeof *gone);
	for (size_t i = 0; i < network->ports.count; i++) {
		const struct port_spec *port = &network->ports.items[i];
		struct element elements[2];

		/* Only what is still ours: a port that somebody else has published since stays. */
		for (size_t k = spec_elements(&bridge, port, number, elements); k-- > 0;) {
			elements[k].host_port = port->host_first;
			if (state_free_port(&bridge, id, &elements[k]))
				gone[count++] = elements[k];
		}
	}
	(void)table_delete(gone, count, NULL);
	state_free_address(&bridge, id, number);
	free(gone);
}

void network_forget(const char *id)
{
	struct bridge bridge cleanup_bridge = {.state = -1, .lock = -1};
	struct element *ports = NULL;
	size_t count;

	if (bridge_open_state(&bridge, NULL) && state_forget(&bridge, id, &ports, &count, NULL))
		(void)table_delete(ports, count, NULL);
	free(ports);
}
