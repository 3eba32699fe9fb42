#include "tests/unit/net/tls_client.h"

#include <stdlib.h>
#include <unistd.h>

static int on_session(SSL *ssl, SSL_SESSION *session)
{
	struct tls_client *client = SSL_get_app_data(ssl);

	SSL_SESSION_free(client->session);
	client->session = session;
	return 1; /* it is ours now */
}

void tls_client_new(struct tls_client *client, int version)
{
	*client = (struct tls_client){.context = SSL_CTX_new(TLS_client_method()), .fd = -1};
	assert_non_null(client->context);
	SSL_CTX_set_session_cache_mode(client->context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(client->context, on_session);
	if (version)
		assert_true(SSL_CTX_set_min_proto_version(client->context, version) && SSL_CTX_set_max_proto_version(client->context, version));
	SSL_CTX_set_security_level(client->context, 0); /* so that it may ask for what nobody should */
}

void tls_client_free(struct tls_client *client)
{
	tls_client_close(client, false);
	SSL_SESSION_free(client->session);
	SSL_CTX_free(client->context);
}

bool tls_client_open(struct tls_client *client, const struct fixture *fixture, bool resume)
{
	struct client plain;

	client_open(&plain, fixture);
	client->fd = plain.fd;
	client->ssl = SSL_new(client->context);
	SSL_set_app_data(client->ssl, client);
	if (resume) {
		unit_assert(client->session, "there is no session");
		assert_true(SSL_set_session(client->ssl, client->session));
	}
	assert_true(SSL_set_fd(client->ssl, client->fd));
	return SSL_connect(client->ssl) == 1;
}

void tls_client_close(struct tls_client *client, bool clean)
{
	if (clean)
		SSL_shutdown(client->ssl);
	SSL_free(client->ssl);
	client->ssl = NULL;
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
	buf_free(&client->in);
	buf_free(&client->head);
	buf_free(&client->body);
}

void tls_client_send(struct tls_client *client, struct str bytes)
{
	size_t sent;

	unit_assert(SSL_write_ex(client->ssl, bytes.data, bytes.len, &sent) == 1 && sent == bytes.len, "send %zu bytes", bytes.len);
}

static bool more(struct tls_client *client)
{
	size_t got;

	if (SSL_read_ex(client->ssl, buf_room(&client->in, 65536), 65536, &got) != 1)
		return false;
	buf_added(&client->in, got);
	return true;
}

bool tls_client_answer(struct tls_client *client)
{
	struct client as_plain = {0};
	struct str value;
	uint64_t length = 0;
	char *end;

	while (!client->in.len || !(end = memmem(client->in.data, client->in.len, "\r\n\r\n", 4)))
		if (!more(client))
			return false;
	buf_clear(&client->head);
	buf_clear(&client->body);
	buf_add(&client->head, client->in.data, (size_t)(end - client->in.data) + 2);
	buf_drop(&client->in, client->head.len + 2);
	client->status = (int)strtol(client->head.data + 9, NULL, 10);
	if (client->status == 100)
		return true;
	as_plain.head = client->head;
	if (client_header(&as_plain, "Content-Length", &value))
		unit_assert(str_to_u64(value, &length), "no length");
	while (client->in.len < length)
		if (!more(client))
			return false;
	buf_add(&client->body, client->in.data, length);
	buf_drop(&client->in, length);
	return true;
}

void tls_client_ask(struct tls_client *client, struct str request, int status)
{
	tls_client_send(client, request);
	unit_assert(tls_client_answer(client), "no answer: %.*s", STR_ARG(str_head(request, 80)));
	unit_assert(client->status == status, "%d, not %d: %.*s", client->status, status, STR_ARG(str_head(request, 80)));
}
