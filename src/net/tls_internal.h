/*
 * TLS of the server, on OpenSSL 3. Two files: tls_context.c makes from certificate and key what all connections share; tls_connection.c stands
 * between a connection and its socket. docs/decisions/0007-tls.md says why it is as it is.
 */
#ifndef NET_TLS_INTERNAL_H
#define NET_TLS_INTERNAL_H

#include <openssl/bio.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "net/server.h"

struct connection;

/* What outlives every certificate: the keys of the session tickets. One a server; it outlives its contexts and connections. */
struct tls_shared;
struct tls_shared *tls_shared_new(void);
void tls_shared_free(struct tls_shared *shared);

/* Reads certificate and key. Free with SSL_CTX_free; a connection holds its own. Errors name the file. */
bool tls_context_new(SSL_CTX **out, struct tls_shared *shared, const struct server_tls *settings, struct error *err);

/* When the first certificate of its chain ends, seconds since 1970. */
int64_t tls_context_not_after_s(SSL_CTX *context);

/* The TLS of one connection. All zero: it has none. */
struct tls_link {
	SSL *ssl;
	bool wanted;      /* its listener speaks TLS */
	bool greeted;     /* its first byte looks like TLS */
	bool spoke_plain; /* it does not: an answer in plain text is all that it gets */
	bool established; /* the handshake is over */
	bool broken;      /* nothing may be asked of ssl any more */
	bool dry;         /* the last call to OpenSSL found nothing to read */
	bool paused;      /* there is more to read, in another turn or when `out` has left */
	bool gathering;   /* records go into the loop's buffer first */
	struct buf out;   /* records that the socket did not take */
};

/* What a loop needs for TLS. */
struct tls_loop {
	struct buf gathered; /* records of one call, sent together */
};

#endif
