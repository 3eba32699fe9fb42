/* Requests out, answers in, on one blocking socket. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/http.h"

enum { ANSWER_BYTES = 1 << 16 };

bool http_server_parse(struct http_server *out, const char *url)
{
	bool tls = strncmp(url, "https://", 8) == 0;
	char ip[sizeof(out->host)];
	const char *colon;

	if (tls || strncmp(url, "http://", 7) == 0)
		url = strstr(url, "://") + 3;
	colon = strchr(url, ':');
	if (!colon || strlen(url) >= sizeof(out->host))
		return false;
	*out = (struct http_server){0};
	memcpy(out->host, url, strlen(url) + 1);
	memcpy(ip, url, (size_t)(colon - url));
	ip[colon - url] = 0;
	out->address.sin_family = AF_INET;
	out->address.sin_port = htons((uint16_t)strtol(colon + 1, NULL, 10));
	if (inet_pton(AF_INET, ip, &out->address.sin_addr) != 1)
		return false;
	out->tls = tls ? SSL_CTX_new(TLS_client_method()) : NULL;
	return !tls || out->tls;
}

bool http_open(struct http_connection *connection)
{
	const struct http_server *server = connection->server;
	int on = 1;

	connection->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connection->socket < 0)
		return false;
	setsockopt(connection->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(connection->socket, (const struct sockaddr *)&server->address, sizeof(server->address)) == 0) {
		if (!server->tls)
			return true;
		connection->tls = SSL_new(server->tls);
		if (connection->tls && SSL_set_fd(connection->tls, connection->socket) == 1 && SSL_connect(connection->tls) == 1)
			return true;
	}
	http_close(connection);
	return false;
}

void http_close(struct http_connection *connection)
{
	SSL_free(connection->tls);
	connection->tls = NULL;
	if (connection->socket >= 0)
		close(connection->socket);
	connection->socket = -1;
}

static bool send_whole(struct http_connection *connection, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t sent =
			connection->tls ? SSL_write(connection->tls, bytes, (int)length) : send(connection->socket, bytes, length, MSG_NOSIGNAL);

		if (sent <= 0)
			return false;
		bytes += sent;
		length -= (size_t)sent;
	}
	return true;
}

static ssize_t receive_some(struct http_connection *connection, char *bytes, size_t length)
{
	return connection->tls ? SSL_read(connection->tls, bytes, (int)length) : recv(connection->socket, bytes, length, 0);
}

bool http_send(struct http_connection *connection, const char *method, const char *target, const char *accept, const char *body, size_t body_bytes)
{
	char head[2 * HTTP_TARGET_BYTES];
	int length = snprintf(head, sizeof(head), "%s %s HTTP/1.1\r\nHost: %s\r\nAccept: %s\r\nContent-Length: %zu\r\n%s\r\n", method, target,
		connection->server->host, accept, body_bytes, body_bytes ? "Content-Type: application/octet-stream\r\n" : "");

	if (length > 0 && (size_t)length < sizeof(head) && send_whole(connection, head, (size_t)length) && send_whole(connection, body, body_bytes))
		return true;
	http_close(connection);
	return false;
}

/* The value of a header in a head that ends in a NUL, or NULL. */
static const char *header_find(const char *head, const char *name)
{
	size_t length = strlen(name);

	for (const char *line = strstr(head, "\r\n"); line; line = strstr(line + 2, "\r\n"))
		if (strncasecmp(line + 2, name, length) == 0 && line[2 + length] == ':')
			return line + 3 + length + strspn(line + 3 + length, " ");
	return NULL;
}

static void location_keep(struct http_connection *connection, const char *head)
{
	const char *location = header_find(head, "Location");
	const char *scheme, *path;
	size_t length;

	if (!location)
		return;
	scheme = strstr(location, "://");
	path = scheme && scheme < strchr(location, '\r') ? strchr(scheme + 3, '/') : location;
	length = path ? strcspn(path, "\r") : sizeof(connection->location);
	if (length >= sizeof(connection->location))
		return;
	memcpy(connection->location, path, length);
	connection->location[length] = 0;
}

/* The body's rest; false when the connection broke. */
static bool body_drop(struct http_connection *connection, char *bytes, int64_t left)
{
	while (left > 0) {
		ssize_t got = receive_some(connection, bytes, left < ANSWER_BYTES ? (size_t)left : ANSWER_BYTES);

		if (got <= 0)
			return false;
		left -= got;
	}
	return true;
}

static int answer_read(struct http_connection *connection, bool has_body, bool *closes)
{
	char bytes[ANSWER_BYTES + 1];
	size_t filled = 0;
	char *head_end = NULL;
	const char *header;
	int64_t left = 0;

	while (!head_end) {
		ssize_t got = filled < ANSWER_BYTES ? receive_some(connection, bytes + filled, ANSWER_BYTES - filled) : 0;

		if (got <= 0)
			return 0;
		filled += (size_t)got;
		bytes[filled] = 0;
		head_end = strstr(bytes, "\r\n\r\n");
	}
	head_end[2] = 0;
	location_keep(connection, bytes);
	header = header_find(bytes, "Content-Length");
	if (has_body && header)
		left = strtoll(header, NULL, 10) - (int64_t)(filled - (size_t)(head_end + 4 - bytes));
	header = header_find(bytes, "Connection");
	*closes = header && strncasecmp(header, "close", 5) == 0;
	int status = (int)strtol(bytes + strcspn(bytes, " "), NULL, 10);
	return body_drop(connection, bytes, left) ? status : 0;
}

int http_receive(struct http_connection *connection, bool has_body)
{
	bool closes = false;
	int status = answer_read(connection, has_body, &closes);

	if (status == 0 || closes)
		http_close(connection);
	return status;
}
