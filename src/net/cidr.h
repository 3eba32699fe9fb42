/* Addresses of clients and ranges of them (RFC 4632, RFC 4291). IPv4 is kept as IPv6 has it mapped (::ffff:a.b.c.d), so that either way of writing is
 * equal. */
#ifndef NET_CIDR_H
#define NET_CIDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/str.h"

struct ip {
	uint8_t bytes[16]; /* network order */
};

#define IP_TEXT_MAX INET6_ADDRSTRLEN

/* "192.0.2.1" or "2001:db8::1": no brackets, port, zone or leading zeros. False for anything else. */
bool ip_parse(struct str text, struct ip *out);
/* Where a socket's other side is. False when it has no such address, as on a unix socket. */
bool ip_of_socket(const struct sockaddr_storage *address, struct ip *out, unsigned int *port);
bool ip_equal(const struct ip *a, const struct ip *b);
bool ip_is_v4(const struct ip *ip);
/* As people write it; IPv4 with dots, IPv6 without brackets. */
void ip_format(const struct ip *ip, char out[static IP_TEXT_MAX]);

/* A range of addresses, or whoever comes through a unix socket. */
struct cidr {
	bool is_unix;
	struct ip first;
	unsigned int prefix; /* bits of first that count, 0 to 128 */
};

/* "10.0.0.0/8", "2001:db8::/32", one address alone, or "unix". ERROR_INVALID says what is wrong; bits behind the prefix are, as they hide a mistake.
 */
bool cidr_parse(struct str text, struct cidr *out, struct error *err);
/* Whether one of the ranges has this address; NULL: that of a unix socket. A range of IPv6 wider than /96 has no IPv4 in it. */
bool cidr_list_has(const struct cidr *list, size_t count, const struct ip *ip);

#endif
