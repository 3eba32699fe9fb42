/* The bridge, once a boot: interface, table, forwarding. What is there is checked each time, since anybody may have flushed the rules. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/network_internal.h"
#include "runtime/runtime_internal.h"

/* "naru" in a unique local prefix (RFC 4193); the last 16 bits of the prefix are the IPv4 subnet's. */
static const uint8_t prefix6[] = {0xfd, 0x18, 0x6e, 0x61, 0x72, 0x75};

struct in_addr bridge_address(const struct bridge *bridge, uint32_t number)
{
	return (struct in_addr){htonl(bridge->subnet | number)};
}

struct in6_addr bridge_address6(const struct bridge *bridge, uint32_t number)
{
	struct in6_addr out = {0};
	uint16_t subnet = htons((uint16_t)(bridge->subnet >> 16)), low = htons((uint16_t)number);

	memcpy(out.s6_addr, prefix6, sizeof prefix6);
	memcpy(out.s6_addr + 6, &subnet, sizeof subnet);
	memcpy(out.s6_addr + 14, &low, sizeof low);
	return out;
}

static bool setting_is(const char *path, const char *value)
{
	cleanup_buf struct buf text = {0};

	return file_read_all(AT_FDCWD, path, 256, &text, NULL) && str_equal(str_trim(buf_str(&text)), str_of(value));
}

static bool setting_write(const char *path, const char *value, struct error *err)
{
	if (setting_is(path, value))
		return true;
	cleanup_fd int fd = file_open(AT_FDCWD, path, O_WRONLY, 0, err);
	return fd >= 0 && (file_write(fd, value, strlen(value), err) || error_prefix(err, "set %s", path));
}

bool bridge_open_state(struct bridge *out, struct error *err)
{
	struct stat status;
	cleanup_buf struct buf text = {0};
	struct in_addr subnet;

	*out = (struct bridge){.state = -1, .lock = -1};
	if (stat("/proc/self/ns/net", &status) < 0)
		return error_set_errno(err, errno, "network namespace");
	cleanup_free char *path = mem_printf(RUNTIME_RUN_FOLDER "/net-%llu", (unsigned long long)status.st_ino);
	bool is_new = access(path, F_OK) < 0;
	if (!folder_make(path, 0755, err) || (out->state = folder_open(AT_FDCWD, path, err)) < 0 ||
		(out->lock = file_open(out->state, "lock", O_RDWR | O_CREAT, 0600, err)) < 0 || !file_lock(out->lock, true, true, err)) {
		bridge_close(out);
		return false;
	}
	if (is_new)
		network_namespaces_sweep((unsigned long long)status.st_ino);
	out->index = if_nametoindex(BRIDGE_NAME);
	out->ipv6 = setting_is("/proc/sys/net/ipv6/conf/all/disable_ipv6", "0");
	if (file_read_all(out->state, "subnet", 64, &text, NULL) && inet_pton(AF_INET, text.data, &subnet) == 1)
		out->subnet = ntohl(subnet.s_addr);
	return true;
}

void bridge_close(struct bridge *bridge)
{
	file_cleanup(&bridge->lock);
	file_cleanup(&bridge->state);
}

static bool make_interface(struct bridge *bridge, struct error *err)
{
	char text[INET_ADDRSTRLEN];

	if (bridge->index)
		return error_set(err, ERROR_CONFLICT,
			"there is an interface " BRIDGE_NAME " that naru did not make in this boot: remove it (ip link delete " BRIDGE_NAME ")");
	state_clear(bridge);
	if (!link_choose_subnet(&bridge->subnet, err) || !link_make_bridge(bridge, err))
		return false;
	struct in_addr subnet = bridge_address(bridge, 0);
	inet_ntop(AF_INET, &subnet, text, sizeof text);
	cleanup_fd int fd = file_open(bridge->state, "subnet", O_WRONLY | O_CREAT | O_TRUNC, 0600, err);
	return fd >= 0 && file_write(fd, text, strlen(text), err);
}

/*
 * The table, filled with what is published. route_localnet comes after it: without the table's guards it would let a neighbour on the network
 * reach what listens on this host's 127.0.0.1.
 */
static bool make_table(struct bridge *bridge, struct error *err)
{
	struct element *elements = NULL;
	size_t count;
	bool done = setting_write("/proc/sys/net/ipv4/conf/" BRIDGE_NAME "/route_localnet", "0", err) && table_load(bridge, err) &&
		    state_ports(bridge, &elements, &count, err) && table_add(elements, count, err) &&
		    setting_write("/proc/sys/net/ipv4/conf/" BRIDGE_NAME "/route_localnet", "1", err);

	free(elements);
	return done;
}

/* What is published on all addresses may come in by any interface, so IPv4 forwards on all of them, as with docker and podman. */
static bool forward(const struct bridge *bridge, struct error *err)
{
	if (!setting_write("/proc/sys/net/ipv4/ip_forward", "1", err))
		return false;
	/* Forwarding on all of IPv6 would make the host ignore router advertisements: the bridge alone, where the kernel can. */
	if (bridge->ipv6 && !setting_write("/proc/sys/net/ipv6/conf/" BRIDGE_NAME "/force_forwarding", "1", NULL))
		(void)setting_write("/proc/sys/net/ipv6/conf/" BRIDGE_NAME "/forwarding", "1", NULL);
	return true;
}

bool bridge_open(struct bridge *out, struct error *err)
{
	bool exists = false;

	if (!bridge_open_state(out, err))
		return false;
	bool done = ((out->index && out->subnet) || make_interface(out, err)) && table_exists(&exists, err) &&
		    ((exists && setting_is("/proc/sys/net/ipv4/conf/" BRIDGE_NAME "/route_localnet", "1")) || make_table(out, err)) &&
		    forward(out, err);
	if (!done)
		bridge_close(out);
	return done;
}
