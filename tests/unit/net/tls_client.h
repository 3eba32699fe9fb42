/* A client of the fixture's server that speaks TLS over a blocking socket; it believes every certificate. Reads give up after ten seconds. */
#ifndef TESTS_UNIT_NET_TLS_CLIENT_H
#define TESTS_UNIT_NET_TLS_CLIENT_H

#include "tests/unit/net/server_fixture.h"

#include <openssl/ssl.h>

struct tls_client {
	SSL_CTX *context;
	SSL *ssl;
	int fd;
	SSL_SESSION *session; /* the newest that the server gave */
	struct buf in, head, body;
	int status;
};

/* version: TLS1_2_VERSION …, and no other; 0: any. */
void tls_client_new(struct tls_client *client, int version);
void tls_client_free(struct tls_client *client);
/* Connects; with a session that it has when resume is set. False when the handshake fails. */
bool tls_client_open(struct tls_client *client, const struct fixture *fixture, bool resume);
/* Sends close_notify when clean is set. */
void tls_client_close(struct tls_client *client, bool clean);
void tls_client_send(struct tls_client *client, struct str bytes);
/* Reads the next answer; false at the end of the connection. */
bool tls_client_answer(struct tls_client *client);
/* Sends, reads the answer, and fails unless it has that status. */
void tls_client_ask(struct tls_client *client, struct str request, int status);

#endif
