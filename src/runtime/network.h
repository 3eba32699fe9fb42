/*
 * The default bridge, without a daemon: what was measured and why is in docs/decisions/0006-containers.md.
 * Everything of a network namespace of the host's is kept in /run/naru/net-<its inode>/: the lock, the addresses and ports that are given out.
 */
#ifndef RUNTIME_NETWORK_H
#define RUNTIME_NETWORK_H

#include <stdbool.h>

#include "base/error.h"
#include "runtime/runtime.h"

/* Published ports of one container. */
#define NETWORK_PORTS_MAX 1024

/* A container's place in the network while it is being started. */
struct endpoint {
	struct container_network network; /* what it was given */
	int netns;                        /* a namespace of its own, with eth0 set up; -1 */
	int *sockets;                     /* owned: bound to the published ports, for the supervisor to hold */
	size_t sockets_count;
};

/* Address, namespace, link and published ports. name is for messages. Free with endpoint_free, which gives nothing back: see network_down. */
bool network_up(struct endpoint *out, const char *id, const char *name, const struct settings *settings, struct error *err);
void endpoint_free(struct endpoint *endpoint);
#define cleanup_endpoint __attribute__((cleanup(endpoint_free)))

/* Gives back what the container has, if it has something: map elements, ports, addresses. The link goes with its namespace. */
void network_down(const char *id, const struct container_network *network);

/* The same for one whose start broke off, so that nothing says what it has. */
void network_forget(const char *id);
/* network.json in the container's folder. A missing or malformed one reads as no network. */
bool network_write(const struct container_network *network, int folder_fd, struct error *err);
void network_read(struct container_network *out, int folder_fd);

#endif
