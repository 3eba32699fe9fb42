/*
 * What proxies say of the client behind them: Forwarded (RFC 7239) and the older X-Forwarded-For, -Proto, -Host, -Port. Anybody can send these; so
 * they are read from the side of the server, hop by hop, as long as a hop is a proxy that the settings trust. Pure.
 */
#ifndef NET_FORWARDED_H
#define NET_FORWARDED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "net/cidr.h"
#include "net/http_parser.h"

#define FORWARDED_HOPS_MAX 16 /* trusted proxies in a row; whoever the last of them names is the client */

enum client_kind {
	CLIENT_UNKNOWN, /* nobody named it, or as "unknown" */
	CLIENT_IP,      /* by its address */
	CLIENT_ALIAS,   /* "_hidden": RFC 7239's obfuscated identifier, the same for the same client */
};

struct forwarded {
	enum client_kind client;
	struct ip ip;
	unsigned int port; /* of the client; 0 when not said */
	struct str alias;
	struct str scheme;      /* "http" or "https"; empty when not said */
	struct str host;        /* host[:port] that the client asked for; empty when not said */
	unsigned int host_port; /* X-Forwarded-Port: the port that it asked, when host has none; 0 when not said */
};

/*
 * For a request that came directly from a trusted proxy. trusted are the ranges of all of them. Everything in *out is borrowed from the fields.
 * Forwarded wins over its elder. False, with *why: Forwarded is malformed, or both name different clients, as happens when a proxy lets the one pass
 * that it does not write.
 */
bool forwarded_read(
	const struct http_field *fields, size_t count, const struct cidr *trusted, size_t trusted_count, struct forwarded *out, const char **why);

#endif
