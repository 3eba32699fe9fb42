/* Interfaces, addresses and routes, by libnl. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <net/if.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/bridge.h>
#include <netlink/route/link/veth.h>
#include <netlink/route/route.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/thread.h"
#include "runtime/network_internal.h"
#include "runtime/runtime_internal.h"

#define HARDWARE_ADDRESS_SIZE 6

static bool fail(struct error *err, int code, const char *what)
{
	return error_set(err, code == -NLE_PERM ? ERROR_DENIED : ERROR_SYSTEM, "%s: %s%s", what, nl_geterror(code),
		code == -NLE_PERM ? " (a network for containers needs root)" : "");
}

static struct nl_sock *open_socket(struct error *err)
{
	struct nl_sock *sock = nl_socket_alloc();
	int code = sock ? nl_connect(sock, NETLINK_ROUTE) : -NLE_NOMEM;

	if (code >= 0)
		return sock;
	nl_socket_free(sock);
	fail(err, code, "open a netlink socket");
	return NULL;
}

/* Derived from the address, so that what remembers the one is right about the other. */
static void set_hardware_address(struct rtnl_link *link, struct in_addr address)
{
	uint8_t bytes[HARDWARE_ADDRESS_SIZE] = {0x02, 0x42};

	memcpy(bytes + 2, &address, sizeof address);
	struct nl_addr *hardware = nl_addr_build(AF_LLC, bytes, sizeof bytes);
	rtnl_link_set_addr(link, hardware);
	nl_addr_put(hardware);
}

static bool add_address(struct nl_sock *sock, unsigned int index, int family, const void *binary, int prefix, struct error *err)
{
	struct rtnl_addr *address = rtnl_addr_alloc();
	struct nl_addr *local = nl_addr_build(family, binary, family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr));

	nl_addr_set_prefixlen(local, prefix);
	rtnl_addr_set_ifindex(address, (int)index);
	rtnl_addr_set_local(address, local);
	/* Nobody else can have it: no waiting for duplicates. */
	if (family == AF_INET6)
		rtnl_addr_set_flags(address, IFA_F_NODAD);
	int code = rtnl_addr_add(sock, address, NLM_F_CREATE | NLM_F_REPLACE);
	nl_addr_put(local);
	rtnl_addr_put(address);
	return code >= 0 || fail(err, code, "add an address");
}

static bool add_default_route(struct nl_sock *sock, unsigned int index, int family, const void *gateway, struct error *err)
{
	static const struct in6_addr none;
	size_t size = family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
	struct rtnl_route *route = rtnl_route_alloc();
	struct rtnl_nexthop *hop = rtnl_route_nh_alloc();
	struct nl_addr *to = nl_addr_build(family, &none, size), *by = nl_addr_build(family, gateway, size);

	nl_addr_set_prefixlen(to, 0);
	rtnl_route_set_family(route, (uint8_t)family);
	rtnl_route_set_dst(route, to);
	rtnl_route_nh_set_ifindex(hop, (int)index);
	rtnl_route_nh_set_gateway(hop, by);
	rtnl_route_add_nexthop(route, hop);
	int code = rtnl_route_add(sock, route, NLM_F_CREATE);
	nl_addr_put(to);
	nl_addr_put(by);
	rtnl_route_put(route);
	return code >= 0 || fail(err, code, "add the default route");
}

static bool set_up(struct nl_sock *sock, const char *name, unsigned int *index, struct error *err)
{
	struct rtnl_link *link = NULL, *change = rtnl_link_alloc();
	int code = rtnl_link_get_kernel(sock, 0, name, &link);

	if (code >= 0) {
		*index = (unsigned int)rtnl_link_get_ifindex(link);
		rtnl_link_set_flags(change, IFF_UP);
		code = rtnl_link_change(sock, link, change, 0);
	}
	rtnl_link_put(link);
	rtnl_link_put(change);
	return code >= 0 || fail(err, code, name);
}

/* ---- the bridge ---- */

bool link_choose_subnet(uint32_t *subnet, struct error *err)
{
	struct nl_sock *sock = open_socket(err);
	struct nl_cache *cache = NULL;
	int code = sock ? rtnl_route_alloc_cache(sock, AF_INET, 0, &cache) : 0;

	if (!sock)
		return false;
	*subnet = 0;
	/* 172.18 to 172.31, then 10.88 to 10.127. */
	for (uint32_t i = 0; code >= 0 && *subnet == 0 && i < 14 + 40; i++) {
		uint32_t candidate = i < 14 ? (172u << 24 | (18 + i) << 16) : (10u << 24 | (88 + i - 14) << 16);
		bool overlaps = false;

		for (struct nl_object *object = nl_cache_get_first(cache); object; object = nl_cache_get_next(object)) {
			struct nl_addr *to = rtnl_route_get_dst((struct rtnl_route *)object);
			unsigned int prefix = to ? nl_addr_get_prefixlen(to) : 0;
			uint32_t address;

			if (prefix == 0 || nl_addr_get_len(to) != sizeof address)
				continue;
			memcpy(&address, nl_addr_get_binary_addr(to), sizeof address);
			uint32_t mask = UINT32_MAX << (32 - (prefix < BRIDGE_PREFIX ? prefix : BRIDGE_PREFIX));
			overlaps = overlaps || ((ntohl(address) ^ candidate) & mask) == 0;
		}
		if (!overlaps)
			*subnet = candidate;
	}
	nl_cache_free(cache);
	nl_socket_free(sock);
	if (code < 0)
		return fail(err, code, "list the routes");
	return *subnet || error_set(err, ERROR_CONFLICT, "no subnet is free for " BRIDGE_NAME ": the host has routes for all of them");
}

bool link_make_bridge(struct bridge *bridge, struct error *err)
{
	struct nl_sock *sock = open_socket(err);
	struct in_addr address = bridge_address(bridge, 1);
	struct in6_addr address6 = bridge_address6(bridge, 1);

	if (!sock)
		return false;
	struct rtnl_link *link = rtnl_link_bridge_alloc();
	rtnl_link_set_name(link, BRIDGE_NAME);
	set_hardware_address(link, address);
	int code = rtnl_link_add(sock, link, NLM_F_CREATE | NLM_F_EXCL);
	rtnl_link_put(link);
	bool done = code >= 0 ? set_up(sock, BRIDGE_NAME, &bridge->index, err) : fail(err, code, "make the bridge " BRIDGE_NAME);
	done = done && add_address(sock, bridge->index, AF_INET, &address, BRIDGE_PREFIX, err) &&
	       (!bridge->ipv6 || add_address(sock, bridge->index, AF_INET6, &address6, BRIDGE_PREFIX6, err));
	nl_socket_free(sock);
	return done;
}

/* ---- a container's ---- */

struct making {
	const struct bridge *bridge;
	uint32_t number;
	const char *host_name;
	int netns;
	bool done;
	struct error err;
};

/*
 * One message makes the pair, moves the inner end and renames it: made, moved and renamed in three it takes 35 ms instead of 1. The inner end must
 * not be set up in it (ENOTCONN).
 */
static bool make_pair(struct making *making, struct nl_sock *host, struct error *err)
{
	struct rtnl_link *link = rtnl_link_veth_alloc(), *peer = rtnl_link_veth_get_peer(link);

	rtnl_link_set_name(link, making->host_name);
	rtnl_link_set_master(link, (int)making->bridge->index);
	rtnl_link_set_flags(link, IFF_UP);
	rtnl_link_set_name(peer, "eth0");
	rtnl_link_set_ns_fd(peer, making->netns);
	set_hardware_address(peer, bridge_address(making->bridge, making->number));
	int code = rtnl_link_add(host, link, NLM_F_CREATE | NLM_F_EXCL);
	rtnl_link_put(peer);
	rtnl_link_put(link);
	return code >= 0 || fail(err, code, "make the container's link");
}

static bool configure(struct making *making, struct nl_sock *inside, struct error *err)
{
	const struct bridge *bridge = making->bridge;
	struct in_addr address = bridge_address(bridge, making->number), gateway = bridge_address(bridge, 1);
	struct in6_addr address6 = bridge_address6(bridge, making->number), gateway6 = bridge_address6(bridge, 1);
	unsigned int lo, eth0;

	return set_up(inside, "lo", &lo, err) && set_up(inside, "eth0", &eth0, err) &&
	       add_address(inside, eth0, AF_INET, &address, BRIDGE_PREFIX, err) && add_default_route(inside, eth0, AF_INET, &gateway, err) &&
	       (!bridge->ipv6 || (add_address(inside, eth0, AF_INET6, &address6, BRIDGE_PREFIX6, err) &&
					 add_default_route(inside, eth0, AF_INET6, &gateway6, err)));
}

/* A thread may be in a network namespace of its own; its sockets stay where they were opened. */
static void *make_in_namespace(void *argument)
{
	struct making *making = argument;
	struct nl_sock *host = open_socket(&making->err), *inside = NULL;

	if (host && unshare(CLONE_NEWNET) < 0)
		error_set_errno(&making->err, errno, "make a network namespace");
	else if (host && (making->netns = file_open(AT_FDCWD, "/proc/thread-self/ns/net", O_RDONLY, 0, &making->err)) >= 0 &&
		 (inside = open_socket(&making->err)))
		making->done = make_pair(making, host, &making->err) && configure(making, inside, &making->err);
	nl_socket_free(host);
	nl_socket_free(inside);
	return NULL;
}

bool link_make(const struct bridge *bridge, uint32_t number, const char *host_name, int *netns, struct error *err)
{
	struct making making = {.bridge = bridge, .number = number, .host_name = host_name, .netns = -1};
	pthread_t thread;

	if (!thread_start(&thread, "network", make_in_namespace, &making, err))
		return false;
	pthread_join(thread, NULL);
	if (!making.done) {
		file_cleanup(&making.netns);
		return error_move(err, &making.err);
	}
	*netns = making.netns;
	return true;
}
