/* What the network's files share. A `struct bridge` is the default bridge of the host's network namespace that this process is in. */
#ifndef RUNTIME_NETWORK_INTERNAL_H
#define RUNTIME_NETWORK_INTERNAL_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "runtime/port.h"

#define BRIDGE_NAME "naru0"
#define BRIDGE_PREFIX 16
#define BRIDGE_PREFIX6 64

struct bridge {
	int state; /* the folder /run/naru/net-<inode>, locked by this process as long as lock is open */
	int lock;
	unsigned int index; /* of the interface */
	uint32_t subnet;    /* host byte order: 172.18.0.0 */
	bool ipv6;
};

/* ---- network_bridge.c ---- */

/* Opens and locks the state; makes the bridge, the table and the settings that are missing. Close with bridge_close. */
bool bridge_open(struct bridge *out, struct error *err);
/* As bridge_open, without making anything. */
bool bridge_open_state(struct bridge *out, struct error *err);
void bridge_close(struct bridge *bridge);
#define cleanup_bridge __attribute__((cleanup(bridge_close)))

/* The addresses of a number (1 is the bridge's own). */
struct in_addr bridge_address(const struct bridge *bridge, uint32_t number);
struct in6_addr bridge_address6(const struct bridge *bridge, uint32_t number);

/* ---- network_namespaces.c ---- */

/* Removes the state of the host's network namespaces that are gone; inode is this process' own. */
void network_namespaces_sweep(unsigned long long inode);

/* ---- network_link.c ---- */

/* Makes a namespace with lo and eth0 up, the address of number on it, the bridge as its gateway; host_name is the other end's. */
bool link_make(const struct bridge *bridge, uint32_t number, const char *host_name, int *netns, struct error *err);
/* For bridge_open: makes the interface with the subnet's first address. */
bool link_make_bridge(struct bridge *bridge, struct error *err);
/* The first of our subnets that no route of the host overlaps. */
bool link_choose_subnet(uint32_t *subnet, struct error *err);

/* ---- network_table.c ---- */

/* An element of the maps: what arrives at the host's address and port goes to the target's. */
struct element {
	int family; /* AF_INET, AF_INET6 */
	enum port_protocol protocol;
	bool any;                        /* all addresses of the host */
	struct in6_addr host, target;    /* an IPv4 one in the first 4 bytes */
	uint16_t host_port, target_port; /* host byte order */
};

bool table_exists(bool *exists, struct error *err);
/* Loads the whole table with the nft program, in place of what is there. */
bool table_load(const struct bridge *bridge, struct error *err);
/* All or none; an element that is there already with these keys is replaced. */
bool table_add(const struct element *elements, size_t count, struct error *err);
/* Those that are there. */
bool table_delete(const struct element *elements, size_t count, struct error *err);

/* ---- network_state.c ---- */

/* Gives out the next free address number, never the lowest: the namespace that had it last may still be dying. */
bool state_take_address(const struct bridge *bridge, const char *id, uint32_t *number, struct error *err);
/* Gives it back when it is id's. */
void state_free_address(const struct bridge *bridge, const char *id, uint32_t number);

/* Ports that are published, as files: whose they are and where they lead, so that the maps can be filled again. */
bool state_put_port(const struct bridge *bridge, const char *id, const struct element *element, struct error *err);
bool state_has_port(const struct bridge *bridge, const struct element *element);
/* Takes it away and returns true when it was id's. */
bool state_free_port(const struct bridge *bridge, const char *id, const struct element *element);
/* All of them, owned by the caller. */
bool state_ports(const struct bridge *bridge, struct element **out, size_t *count, struct error *err);
/* Gives back all that is id's; its ports, owned by the caller, are to be taken out of the table. */
bool state_forget(const struct bridge *bridge, const char *id, struct element **ports, size_t *count, struct error *err);
/* Forgets all: there is no bridge, so there is nothing on it. */
void state_clear(const struct bridge *bridge);

#endif
