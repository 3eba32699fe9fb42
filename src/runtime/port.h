/* What -p takes: which addresses and ports of the host lead to which port of the container. */
#ifndef RUNTIME_PORT_H
#define RUNTIME_PORT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

enum port_protocol { PORT_TCP, PORT_UDP, PORT_SCTP };

/* One port of the container. host_first is 0 for a port that the kernel chooses; a range is for the first free one in it. */
struct port_spec {
	char host_address[INET6_ADDRSTRLEN]; /* "" for all addresses, IPv4 and IPv6 */
	uint16_t host_first, host_last;
	uint16_t container_port;
	enum port_protocol protocol;
};

struct port_specs {
	struct port_spec *items; /* owned */
	size_t count, capacity;
};

/*
 * Reads "[[ADDRESS:][HOST[-HOST]]:]PORT[-PORT][/PROTOCOL]" and adds what it means: one spec a port of the container.
 * ERROR_INVALID in docker's words: "invalid hostPort: a", "invalid ranges specified for container and host Ports: 80-82 and 18092-18093".
 */
bool port_specs_add(struct port_specs *specs, struct str text, struct error *err);
/* "80" or "80/udp", as an image exposes it. */
bool port_parse_exposed(struct str text, uint16_t *port, enum port_protocol *protocol);
void port_specs_free(struct port_specs *specs);

const char *port_protocol_name(enum port_protocol protocol);
bool port_protocol_parse(struct str text, enum port_protocol *out);

#endif
