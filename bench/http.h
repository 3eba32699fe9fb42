/*
 * The little of HTTP/1.1 that bench/load speaks: a kept-alive connection, plain or TLS, with one request at a time and answers that have a length.
 * Sockets block: who drives many of them asks epoll which has an answer first.
 */
#ifndef BENCH_HTTP_H
#define BENCH_HTTP_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#include <openssl/ssl.h>

enum { HTTP_TARGET_BYTES = 2048 };

struct http_server {
	struct sockaddr_in address;
	char host[32];
	SSL_CTX *tls; /* NULL: plain */
};

struct http_connection {
	const struct http_server *server;
	int socket; /* -1: none */
	SSL *tls;
	char location[HTTP_TARGET_BYTES]; /* of the last answer that had one: path and query */
};

/* "http://127.0.0.1:5000", "https://127.0.0.1:5443" (certificates are not checked), or without a scheme for plain. */
bool http_server_parse(struct http_server *out, const char *url);
bool http_open(struct http_connection *connection);
void http_close(struct http_connection *connection);
/* False when the connection broke; it is closed then. */
bool http_send(struct http_connection *connection, const char *method, const char *target, const char *accept, const char *body, size_t body_bytes);
/* Reads one answer to its end and returns its status, or 0 when the connection broke. The connection may be closed after it. */
int http_receive(struct http_connection *connection, bool has_body);

#endif
