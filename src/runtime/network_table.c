/*
 * The rules: a table that is loaded once by the nft program, whose maps say which published port leads where. Elements come and go as netlink
 * messages of our own (linux/netfilter/nf_tables.h): 4 microseconds each, where the program takes 5 to 15 ms.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/network_internal.h"
#include "runtime/runtime_internal.h"

#define TABLE "naru"
/* An element takes below 256 bytes; so many go in one transaction. */
#define ELEMENT_ROOM 512
#define ELEMENTS_AT_ONCE 64
#define ANSWER_TIMEOUT_S 5

/* 1$ is the bridge, 2$ its IPv4 subnet, 3$ its IPv6 one. What each line is for: docs/decisions/0006-containers.md. */
static const char table_text[] = "table inet " TABLE " {\n"
				 "	map pub4 { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }\n"
				 "	map any4 { type inet_proto . inet_service : ipv4_addr . inet_service; }\n"
				 "	map pub6 { type ipv6_addr . inet_proto . inet_service : ipv6_addr . inet_service; }\n"
				 "	map any6 { type inet_proto . inet_service : ipv6_addr . inet_service; }\n"
				 "	chain raw {\n"
				 "		type filter hook prerouting priority raw; policy accept;\n"
				 "		iifname != \"lo\" ip daddr 127.0.0.0/8 drop\n"
				 "		iifname != \"%1$s\" ip daddr %2$s fib daddr type != local drop\n"
				 "		iifname != \"%1$s\" ip6 daddr %3$s fib daddr type != local drop\n"
				 "	}\n"
				 "	chain pub {\n"
				 "		dnat ip to ip daddr . meta l4proto . th dport map @pub4\n"
				 "		meta nfproto ipv4 dnat ip to meta l4proto . th dport map @any4\n"
				 "		dnat ip6 to ip6 daddr . meta l4proto . th dport map @pub6\n"
				 "		meta nfproto ipv6 dnat ip6 to meta l4proto . th dport map @any6\n"
				 "	}\n"
				 "	chain pre {\n"
				 "		type nat hook prerouting priority dstnat; policy accept;\n"
				 "		fib daddr type local jump pub\n"
				 "	}\n"
				 "	chain out {\n"
				 "		type nat hook output priority -100; policy accept;\n"
				 "		ip6 daddr ::1 return\n"
				 "		fib daddr type local jump pub\n"
				 "	}\n"
				 "	chain post {\n"
				 "		type nat hook postrouting priority srcnat; policy accept;\n"
				 "		oifname != \"%1$s\" ip saddr %2$s masquerade\n"
				 "		oifname != \"%1$s\" ip6 saddr %3$s masquerade\n"
				 "		oifname \"%1$s\" ip saddr 127.0.0.0/8 masquerade\n"
				 "		oifname \"%1$s\" ip saddr %2$s ct status dnat masquerade\n"
				 "		oifname \"%1$s\" ip6 saddr %3$s ct status dnat masquerade\n"
				 "	}\n"
				 "	chain forw {\n"
				 "		type filter hook forward priority filter; policy accept;\n"
				 "		oifname \"%1$s\" jump to_ctr\n"
				 "	}\n"
				 "	chain to_ctr {\n"
				 "		ct state established,related accept\n"
				 "		ct status dnat accept\n"
				 "		iifname \"%1$s\" accept\n"
				 "		drop\n"
				 "	}\n"
				 "}\n";

bool table_load(const struct bridge *bridge, struct error *err)
{
	cleanup_buf struct buf text = {0};
	char subnet[64], subnet6[64], address[INET6_ADDRSTRLEN];
	struct in_addr network = bridge_address(bridge, 0);
	struct in6_addr network6 = bridge_address6(bridge, 0);
	cleanup_free char *nft = program_find("nft", "nftables", err);

	if (!nft)
		return error_prefix(err, "the bridge network needs nftables (--network none or host do not)");
	snprintf(subnet, sizeof subnet, "%s/%d", inet_ntop(AF_INET, &network, address, sizeof address), BRIDGE_PREFIX);
	snprintf(subnet6, sizeof subnet6, "%s/%d", inet_ntop(AF_INET6, &network6, address, sizeof address), BRIDGE_PREFIX6);
	/* One transaction: the first line makes the table be there, so that the second cannot fail. */
	buf_add_text(&text, "table inet " TABLE "\ndelete table inet " TABLE "\n");
	buf_printf(&text, table_text, BRIDGE_NAME, subnet, subnet6);
	return program_run((const char *const[]){nft, "-f", "-", NULL}, buf_str(&text), NULL, err) || error_prefix(err, "set up the network's rules");
}

/* ---- messages ---- */

static struct mnl_socket *open_socket(struct error *err)
{
	struct mnl_socket *sock = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	struct timeval timeout = {.tv_sec = ANSWER_TIMEOUT_S};

	if (!sock || mnl_socket_bind(sock, 0, MNL_SOCKET_AUTOPID) < 0 ||
		setsockopt(mnl_socket_get_fd(sock), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) < 0) {
		error_set_errno(err, errno, "open a netfilter socket");
		if (sock)
			mnl_socket_close(sock);
		return NULL;
	}
	return sock;
}

static struct nlmsghdr *put_message(char *at, uint16_t type, uint16_t flags, uint8_t family, uint16_t resource, uint32_t sequence)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(at);
	struct nfgenmsg *head = mnl_nlmsg_put_extra_header(message, sizeof *head);

	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST | flags;
	message->nlmsg_seq = sequence;
	head->nfgen_family = family;
	head->version = NFNETLINK_V0;
	head->res_id = htons(resource);
	return message;
}

#define TABLE_MESSAGE(type) (NFNL_SUBSYS_NFTABLES << 8 | (type))

/* A map's fields stand one behind the other, each filled up to 4 bytes. */
static size_t put_field(uint8_t *at, const void *value, size_t size)
{
	memcpy(at, value, size);
	return (size + 3) & ~(size_t)3;
}

static void put_value(struct nlmsghdr *message, uint16_t type, const uint8_t *value, size_t size)
{
	struct nlattr *nest = mnl_attr_nest_start(message, type);

	mnl_attr_put(message, NFTA_DATA_VALUE, size, value);
	mnl_attr_nest_end(message, nest);
}

static const int protocol_numbers[] = {[PORT_TCP] = IPPROTO_TCP, [PORT_UDP] = IPPROTO_UDP, [PORT_SCTP] = IPPROTO_SCTP};

static struct nlmsghdr *put_element(char *at, const struct element *element, bool add, uint32_t sequence)
{
	uint8_t key[32] = {0}, target[32] = {0}, protocol = (uint8_t)protocol_numbers[element->protocol];
	uint16_t port = htons(element->host_port), target_port = htons(element->target_port);
	size_t address_size = element->family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr), key_size = 0, target_size;
	const char *map = element->family == AF_INET ? (element->any ? "any4" : "pub4") : (element->any ? "any6" : "pub6");
	struct nlmsghdr *message = put_message(at, TABLE_MESSAGE(add ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM),
		add ? NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK : NLM_F_ACK, NFPROTO_INET, 0, sequence);

	if (!element->any)
		key_size += put_field(key, &element->host, address_size);
	key_size += put_field(key + key_size, &protocol, sizeof protocol);
	key_size += put_field(key + key_size, &port, sizeof port);
	target_size = put_field(target, &element->target, address_size);
	target_size += put_field(target + target_size, &target_port, sizeof target_port);

	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_TABLE, TABLE);
	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_SET, map);
	struct nlattr *list = mnl_attr_nest_start(message, NFTA_SET_ELEM_LIST_ELEMENTS), *item = mnl_attr_nest_start(message, NFTA_LIST_ELEM);
	put_value(message, NFTA_SET_ELEM_KEY, key, key_size);
	if (add)
		put_value(message, NFTA_SET_ELEM_DATA, target, target_size);
	mnl_attr_nest_end(message, item);
	mnl_attr_nest_end(message, list);
	return message;
}

/* Reads the answers to so many messages; the first refusal's errno, or 0. */
static int read_answers(struct mnl_socket *sock, size_t count)
{
	char answer[16 * 1024];
	int refused = 0;

	while (count) {
		ssize_t got = mnl_socket_recvfrom(sock, answer, sizeof answer);
		int left = (int)got;

		if (got < 0)
			return errno == EINTR ? 0 : errno;
		for (struct nlmsghdr *message = (struct nlmsghdr *)answer; count && mnl_nlmsg_ok(message, left);
			message = mnl_nlmsg_next(message, &left)) {
			if (message->nlmsg_type != NLMSG_ERROR)
				continue;
			const struct nlmsgerr *result = mnl_nlmsg_get_payload(message);
			if (result->error && !refused)
				refused = -result->error;
			/* The batch itself was refused: nothing else comes. */
			if (result->error && result->msg.nlmsg_seq == 0)
				return refused;
			count--;
		}
	}
	return refused;
}

/* One transaction: each element deleted, added, or both. The errno, or 0. */
static int change(struct mnl_socket *sock, const struct element *elements, size_t count, bool delete, bool add)
{
	char *batch = mem_alloc(count * 2 + 2, ELEMENT_ROOM), *at = batch;
	uint32_t sequence = 0;

	at += put_message(at, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES, sequence++)->nlmsg_len;
	for (size_t i = 0; i < count; i++) {
		if (delete)
			at += put_element(at, &elements[i], false, sequence++)->nlmsg_len;
		if (add)
			at += put_element(at, &elements[i], true, sequence++)->nlmsg_len;
	}
	at += put_message(at, NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES, sequence)->nlmsg_len;
	int problem = mnl_socket_sendto(sock, batch, (size_t)(at - batch)) < 0 ? errno : read_answers(sock, sequence - 1);
	free(batch);
	return problem;
}

bool table_exists(bool *exists, struct error *err)
{
	struct mnl_socket *sock = open_socket(err);
	char message[ELEMENT_ROOM];

	if (!sock)
		return false;
	struct nlmsghdr *ask = put_message(message, TABLE_MESSAGE(NFT_MSG_GETTABLE), NLM_F_ACK, NFPROTO_INET, 0, 1);
	mnl_attr_put_strz(ask, NFTA_TABLE_NAME, TABLE);
	int problem = mnl_socket_sendto(sock, ask, ask->nlmsg_len) < 0 ? errno : read_answers(sock, 1);
	mnl_socket_close(sock);
	*exists = problem == 0;
	if (problem == EPERM)
		return error_set(err, ERROR_DENIED, "a network for containers needs root");
	/* No table, or a kernel that has not loaded nftables yet: the program will. */
	return true;
}

bool table_add(const struct element *elements, size_t count, struct error *err)
{
	struct mnl_socket *sock = count ? open_socket(err) : NULL;
	int problem = 0;

	if (count == 0)
		return true;
	for (size_t done = 0; sock && !problem && done < count; done += ELEMENTS_AT_ONCE) {
		size_t step = count - done < ELEMENTS_AT_ONCE ? count - done : ELEMENTS_AT_ONCE;

		problem = change(sock, elements + done, step, false, true);
		/* We hold the ports' sockets, so an element that is there is of a container that has gone: each makes room by itself. */
		for (size_t i = 0; problem == EEXIST && i < step; i++) {
			int one = change(sock, elements + done + i, 1, true, true);
			one = one == ENOENT ? change(sock, elements + done + i, 1, false, true) : one;
			problem = one ? one : (i + 1 == step ? 0 : problem);
		}
	}
	if (!sock)
		return false;
	mnl_socket_close(sock);
	return problem == 0 || error_set_errno(err, problem, "publish a port");
}

bool table_delete(const struct element *elements, size_t count, struct error *err)
{
	struct mnl_socket *sock = count ? open_socket(err) : NULL;
	int problem = 0;

	if (count == 0)
		return true;
	if (!sock)
		return false;
	for (size_t i = 0; i < count; i++) {
		int one = change(sock, elements + i, 1, true, false);
		problem = one && one != ENOENT ? one : problem;
	}
	mnl_socket_close(sock);
	return problem == 0 || error_set_errno(err, problem, "take a published port back");
}
