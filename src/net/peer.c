/* Who is at the other side of a connection, and who asks through it: behind a trusted proxy that is the client that it names. */
#include "net/server_internal.h"

#include <stdio.h>
#include <string.h>

#include "net/forwarded.h"

/* "192.0.2.1:80", "[2001:db8::1]:80"; without a port when that is 0. */
static int format_ip(const struct ip *ip, unsigned int port, char *out, size_t size)
{
	char text[IP_TEXT_MAX], port_text[8] = "";
	bool brackets = !ip_is_v4(ip);

	ip_format(ip, text);
	if (port)
		snprintf(port_text, sizeof port_text, ":%u", port & 0xffff);
	return snprintf(out, size, brackets ? "[%s]%s" : "%s%s", text, port_text);
}

bool peer_admit(struct loop *loop, const struct sockaddr_storage *address, struct peer *out)
{
	const struct server_policy *policy = loop->policy;
	unsigned int port = 0;

	*out = (struct peer){.text = "unix"};
	out->has_ip = ip_of_socket(address, &out->ip, &port);
	out->trusted = cidr_list_has(policy->trusted, policy->trusted_count, out->has_ip ? &out->ip : NULL);
	if (!out->has_ip)
		return true;
	format_ip(&out->ip, port, out->text, sizeof out->text);
	/* A proxy's connections carry many clients. */
	if (out->trusted)
		return true;
	const struct ip key = limits_key_of_ip(&out->ip);
	enum limits_answer answer = limits_connect(loop->server->limits, &key, policy->limits.connections_per_address, loop->now_us);
	out->counted = answer == LIMITS_COUNTED;
	return answer != LIMITS_REFUSED;
}

void peer_leave(struct loop *loop, const struct peer *peer)
{
	if (!peer->counted)
		return;
	const struct ip key = limits_key_of_ip(&peer->ip);
	limits_disconnect(loop->server->limits, &key, loop->now_us);
}

static void client_count(struct request_client *client, struct ip key)
{
	client->key = key;
	client->counted = true;
}

/* host with the port that a proxy names apart from it, where that says more; its text lies behind used bytes of client->text. */
static struct str host_with_port(struct request_client *client, size_t used, struct str host, unsigned int port, struct str scheme)
{
	bool has_port = !str_ends(host, STR("]")) && memchr(host.data, ':', host.len);
	unsigned int usual = str_equal(scheme, STR("https")) ? 443 : 80;

	if (!host.len || !port || port == usual || has_port)
		return host;
	int len = snprintf(client->text + used, sizeof client->text - used, "%.*s:%u", STR_ARG(host), port);
	return str_make(client->text + used, (size_t)len);
}

static size_t take_client(struct request_client *client, const struct forwarded *said)
{
	int len = 0;

	if (said->client == CLIENT_IP) {
		client_count(client, limits_key_of_ip(&said->ip));
		len = format_ip(&said->ip, said->port, client->text, sizeof client->text);
		client->peer = str_make(client->text, (size_t)len);
	} else if (said->client == CLIENT_ALIAS) {
		client_count(client, limits_key_of_alias(said->alias));
		client->peer = str_head(said->alias, IP_TEXT_MAX);
	}
	return (size_t)len;
}

bool request_find_client(struct request *request, const char **why)
{
	struct connection *connection = request_connection(request);
	const struct server_policy *policy = connection->loop->policy;
	struct request_client *client = &request->client;
	struct forwarded said;

	if (!connection->peer.trusted) {
		if (connection->peer.has_ip)
			client_count(client, limits_key_of_ip(&connection->peer.ip));
		return true;
	}
	if (!forwarded_read(request->fields, request->fields_count, policy->trusted, policy->trusted_count, &said, why))
		return false;
	size_t used = take_client(client, &said);
	client->scheme = said.scheme;
	client->host = said.host;
	client->host = host_with_port(client, used, request_host(request), said.host_port, request_scheme(request));
	return true;
}

struct str request_peer(const struct request *request)
{
	return request->client.peer.len ? request->client.peer : str_of(request_connection(request)->peer.text);
}

struct str request_scheme(const struct request *request)
{
	if (request->client.scheme.len)
		return request->client.scheme;
	return request_connection(request)->tls.wanted ? STR("https") : STR("http");
}

struct str request_host(const struct request *request)
{
	struct str host;

	if (request->client.host.len)
		return request->client.host;
	if (request->head.authority.len)
		return request->head.authority;
	request_header(request, "Host", &host);
	return host;
}
