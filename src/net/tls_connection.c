/*
 * TLS of one connection, between connection_io.c and the socket. OpenSSL reads and writes through a BIO of our own: reading knows from epoll when the
 * socket is dry, and writing never fails for want of room, as what the socket does not take waits in `out`. So a call to OpenSSL never has to be
 * made again with the same bytes, and the only thing that is ever waited for is the socket. Nothing is encrypted while something waits in `out`: that
 * bounds it to the pieces of one call.
 */
#include "net/server_internal.h"

#include <errno.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#define OUT_MAX ((size_t)256 * 1024) /* a client that asks for key updates and reads none of them comes to its end here */
#define RECORD_MAX ((size_t)16384)   /* of plain bytes (RFC 8446, 5.1) */
#define APART_MAX 16                 /* records that carry no data (key updates), read in one call */
#define GREETING 0x16                /* the first byte of TLS: a record of the handshake */

/* ---- the socket, as OpenSSL sees it ---- */

static int bio_read(BIO *bio, char *data, int len)
{
	struct connection *connection = BIO_get_data(bio);
	ssize_t count;

	BIO_clear_retry_flags(bio);
	if (!connection->socket_can_read) {
		connection->tls.dry = true;
		BIO_set_retry_read(bio);
		return -1;
	}
	do
		count = recv(connection->fd, data, (size_t)len, 0);
	while (count < 0 && errno == EINTR);
	if (count < 0 && errno == EAGAIN) {
		connection->socket_can_read = false;
		connection->tls.dry = true;
		BIO_set_retry_read(bio);
	} else if (count > 0 && count < len && !connection->hung_up) {
		connection->socket_can_read = false; /* see connection_read */
	}
	return (int)count;
}

/* Sends what it can; false when the connection is lost. */
static bool socket_send(struct connection *connection, const char *data, size_t len, size_t *sent)
{
	*sent = 0;
	while (*sent < len && connection->can_write) {
		ssize_t written = send(connection->fd, data + *sent, len - *sent, MSG_NOSIGNAL);
		if (written >= 0) {
			*sent += (size_t)written;
			connection->socket_sent += (uint64_t)written;
		} else if (errno == EAGAIN)
			connection->can_write = false;
		else if (errno != EINTR)
			return false;
	}
	return true;
}

static int bio_write(BIO *bio, const char *data, int len)
{
	struct connection *connection = BIO_get_data(bio);
	struct tls_link *tls = &connection->tls;
	size_t sent = 0;

	BIO_clear_retry_flags(bio);
	if (tls->gathering) {
		buf_add(&connection->loop->tls.gathered, data, (size_t)len);
		return len;
	}
	if (tls->out.len > OUT_MAX) {
		BIO_set_retry_write(bio);
		return -1;
	}
	if (!tls->out.len && !socket_send(connection, data, (size_t)len, &sent))
		return -1;
	if (sent < (size_t)len)
		buf_add(&tls->out, data + sent, (size_t)len - sent);
	return len;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return command == BIO_CTRL_FLUSH;
}

static int bio_create(BIO *bio)
{
	BIO_set_init(bio, 1);
	return 1;
}

BIO_METHOD *tls_bio_method_new(void)
{
	BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "connection");

	if (method && BIO_meth_set_read(method, bio_read) && BIO_meth_set_write(method, bio_write) && BIO_meth_set_ctrl(method, bio_control) &&
		BIO_meth_set_create(method, bio_create))
		return method;
	BIO_meth_free(method);
	return NULL;
}

/* ---- a connection's life ---- */

bool tls_begin(struct connection *connection)
{
	struct loop *loop = connection->loop;
	SSL *ssl = SSL_new(loop->policy->tls);
	BIO *bio = ssl ? BIO_new(loop->server->tls_bio) : NULL;

	if (!bio) {
		SSL_free(ssl);
		return false;
	}
	BIO_set_data(bio, connection);
	SSL_set_bio(ssl, bio, bio);
	SSL_set_accept_state(ssl);
	connection->tls.ssl = ssl;
	return true;
}

void tls_free(struct connection *connection)
{
	SSL_free(connection->tls.ssl);
	connection->tls.ssl = NULL;
	buf_free(&connection->tls.out);
}

enum io_result tls_flush(struct connection *connection)
{
	struct tls_link *tls = &connection->tls;
	size_t sent;

	if (tls->broken)
		return IO_FAILED;
	if (!tls->out.len)
		return IO_SOME;
	if (!socket_send(connection, tls->out.data, tls->out.len, &sent)) {
		tls->broken = true;
		return IO_FAILED;
	}
	if (sent < tls->out.len) {
		buf_drop(&tls->out, sent);
		return IO_DRY;
	}
	buf_free(&tls->out);
	return IO_SOME;
}

void tls_go_on(struct connection *connection)
{
	struct tls_link *tls = &connection->tls;

	tls_flush(connection);
	if (tls->paused && tls->out.len <= OUT_MAX) {
		tls->paused = false;
		connection->can_read = true;
	}
}

void tls_end(struct connection *connection)
{
	struct tls_link *tls = &connection->tls;

	if (!tls->established || tls->broken)
		return;
	ERR_clear_error();
	SSL_shutdown(tls->ssl); /* close_notify leaves now or never; the client's is not waited for */
	tls_flush(connection);
	tls->broken = true;
}

/* What a call to OpenSSL that did not succeed means. */
static enum io_result tls_result(struct connection *connection)
{
	struct tls_link *tls = &connection->tls;

	switch (SSL_get_error(tls->ssl, -1)) {
	case SSL_ERROR_WANT_READ: /* or, while the socket is not dry, a record without data was read */
		connection->can_read = !tls->dry;
		return IO_DRY;
	case SSL_ERROR_WANT_WRITE: /* `out` is full */
		connection->can_read = false;
		tls->paused = true;
		return IO_DRY;
	case SSL_ERROR_ZERO_RETURN:
		return IO_END;
	default:
		tls_flush(connection); /* an alert says why */
		tls->broken = true;
		ERR_clear_error();
		return IO_FAILED;
	}
}

/* A browser, or a client with http:// in front of its address. */
static enum io_result greet(struct connection *connection)
{
	unsigned char first;
	ssize_t count;

	do
		count = recv(connection->fd, &first, 1, MSG_PEEK);
	while (count < 0 && errno == EINTR);
	if (count < 0 && errno == EAGAIN) {
		connection->can_read = connection->socket_can_read = false;
		return IO_DRY;
	}
	if (count <= 0)
		return count == 0 ? IO_END : IO_FAILED;
	connection->tls.greeted = true;
	if (first == GREETING)
		return IO_SOME;
	loop_count(connection->loop, COUNTER_TLS_FAILURES, 1);
	connection->tls.spoke_plain = true;
	tls_free(connection);
	return IO_SOME;
}

/* IO_SOME: it is over, or there will be none. */
static enum io_result shake_hands(struct connection *connection)
{
	struct tls_link *tls = &connection->tls;
	struct loop *loop = connection->loop;
	enum io_result result = IO_SOME;

	if (!tls->greeted)
		result = greet(connection);
	if (result != IO_SOME || tls->spoke_plain)
		return result;
	tls->dry = false;
	ERR_clear_error();
	if (SSL_do_handshake(tls->ssl) == 1) {
		tls->established = true;
		loop_count(loop, COUNTER_TLS_HANDSHAKES, 1);
		loop_count(loop, COUNTER_TLS_RESUMED, SSL_session_reused(tls->ssl) ? 1 : 0);
		return IO_SOME;
	}
	result = tls_result(connection);
	if (result != IO_DRY)
		loop_count(loop, COUNTER_TLS_FAILURES, 1);
	return result;
}

enum io_result tls_read(struct connection *connection, void *data, size_t len, size_t *got)
{
	struct tls_link *tls = &connection->tls;

	if (tls->broken)
		return IO_FAILED;
	if (!tls->established) {
		enum io_result result = shake_hands(connection);
		if (result != IO_SOME || !tls->established)
			return result;
	}
	/* Whoever sends nothing but key updates gets no more of the loop than others. */
	for (int i = 0; i < APART_MAX; i++) {
		tls->dry = false;
		ERR_clear_error();
		if (SSL_read_ex(tls->ssl, data, len, got) == 1) {
			if (!connection->socket_can_read && !SSL_has_pending(tls->ssl))
				connection->can_read = false;
			return IO_SOME;
		}
		enum io_result result = tls_result(connection);
		if (result != IO_DRY || !connection->can_read)
			return result;
	}
	connection->can_read = false;
	tls->paused = true;
	link_append(&connection->loop->run, &connection->run);
	return IO_DRY;
}

enum io_result tls_write(struct connection *connection, const void *data, size_t len, size_t *sent)
{
	struct tls_link *tls = &connection->tls;
	struct buf *gathered = &connection->loop->tls.gathered;
	enum io_result flushed = tls_flush(connection);
	size_t gone;

	*sent = 0;
	if (flushed != IO_SOME)
		return flushed;
	if (!tls->established)
		return IO_FAILED;
	if (!connection->can_write)
		return IO_DRY;
	/* One record goes straight out; several wait for each other, so that they cost one system call. */
	tls->gathering = len > RECORD_MAX;
	ERR_clear_error();
	bool written = SSL_write_ex(tls->ssl, data, len, sent) == 1;
	if (tls->gathering) {
		tls->gathering = false;
		if (!socket_send(connection, gathered->data, gathered->len, &gone))
			tls->broken = true;
		else if (gone < gathered->len)
			buf_add(&tls->out, gathered->data + gone, gathered->len - gone);
		buf_clear(gathered);
	}
	if (!written)
		return tls_result(connection);
	return tls->broken ? IO_FAILED : IO_SOME;
}
