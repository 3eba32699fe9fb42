/* Whose certificates the HTTP client believes, and in which words it says that it does not. The certificates are made here, for this run. */
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "base/file.h"
#include "base/thread.h"
#include "net/client.h"
#include "tests/unit/net/fake_server.h"
#include "tests/unit/net/tls_identity.h"

/* ---- a server that answers one connection over TLS ---- */

struct tls_server {
	SSL_CTX *context;
	int listener;
	pthread_t thread;
	char url[64];
};

static void *tls_serve(void *argument)
{
	struct tls_server *server = argument;
	int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);
	SSL *ssl = SSL_new(server->context);
	char head[4096];
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";

	if (fd >= 0 && SSL_set_fd(ssl, fd) == 1 && SSL_accept(ssl) == 1 && SSL_read(ssl, head, sizeof head) > 0) {
		SSL_write(ssl, answer, sizeof answer - 1);
		SSL_shutdown(ssl);
	}
	SSL_free(ssl);
	if (fd >= 0)
		close(fd);
	return NULL;
}

static void tls_server_start(struct tls_server *server, const struct identity *identity)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof address;

	server->context = SSL_CTX_new(TLS_server_method());
	assert_true(
		SSL_CTX_use_certificate(server->context, identity->certificate) == 1 && SSL_CTX_use_PrivateKey(server->context, identity->key) == 1);
	server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(bind(server->listener, (struct sockaddr *)&address, size) == 0 && listen(server->listener, 4) == 0);
	assert_true(getsockname(server->listener, (struct sockaddr *)&address, &size) == 0);
	snprintf(server->url, sizeof server->url, "https://127.0.0.1:%u/x", ntohs(address.sin_port));
	assert_true(thread_start(&server->thread, "tls", tls_serve, server, NULL));
}

static void tls_server_stop(struct tls_server *server)
{
	shutdown(server->listener, SHUT_RDWR);
	pthread_join(server->thread, NULL);
	close(server->listener);
	SSL_CTX_free(server->context);
}

/* The certificate as certs.d has it: FOLDER/ca.crt. */
static void authority_write(const char *folder, const struct identity *identity)
{
	cleanup_free char *path = mem_printf("%s/ca.crt", folder);

	identity_write(identity, path, NULL);
}

/* ---- what is believed ---- */

enum trust { TRUST_SYSTEM, TRUST_FOLDER, TRUST_FILE, TRUST_ALL, TRUST_BROKEN };

static const struct {
	const char *why;
	const char *name;
	long seconds;
	enum trust trust;
	const char *words; /* NULL: the answer comes */
} rows[] = {
	{"nobody vouches", "IP:127.0.0.1", 3600, TRUST_SYSTEM, "tls: failed to verify certificate: x509: certificate signed by unknown authority"},
	{"a folder of certs.d", "IP:127.0.0.1", 3600, TRUST_FOLDER, NULL},
	{"a file", "IP:127.0.0.1", 3600, TRUST_FILE, NULL},
	{"insecure", "DNS:elsewhere.example", -3600, TRUST_ALL, NULL},
	{"another name", "DNS:elsewhere.example", 3600, TRUST_FOLDER, "x509: certificate is not valid for 127.0.0.1"},
	{"expired", "IP:127.0.0.1", -3600, TRUST_FOLDER, "x509: certificate has expired or is not yet valid"},
	{"a file that is no certificate", "IP:127.0.0.1", 3600, TRUST_BROKEN, "not all of its certificates can be read"},
};

static void believes_whom_it_is_told_to(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct http_client_settings settings = {.user_agent = "naru/test"};
		struct identity identity = identity_make(rows[i].name, rows[i].seconds);
		struct tls_server server;
		struct http_client *client;
		cleanup_http_response struct http_response response = {0};
		cleanup_error struct error err = {0};
		char folder[] = "/tmp/naru-tls-XXXXXX";

		assert_non_null(mkdtemp(folder));
		cleanup_free char *file = mem_printf("%s/ca.crt", folder);
		authority_write(folder, &identity);
		if (rows[i].trust == TRUST_BROKEN)
			assert_true(file_replace(AT_FDCWD, file, "x", 1, 0600, NULL));
		tls_server_start(&server, &identity);
		assert_true(http_client_new(&client, &settings, NULL));
		struct http_tls tls = {.insecure = rows[i].trust == TRUST_ALL};
		if (rows[i].trust != TRUST_SYSTEM)
			tls.ca_folder_or_file = rows[i].trust == TRUST_FILE ? file : folder;
		struct http_request request = {.method = "GET", .url = server.url, .tls = &tls};

		bool done = http_do(client, &request, &response, &err);
		unit_assert(done == !rows[i].words, "%s: %s", rows[i].why, error_text(&err));
		unit_assert(done || strstr(err.message, rows[i].words), "%s: %s", rows[i].why, error_text(&err));
		unit_assert(!done || str_equal(buf_str(&response.body), STR("hello")), "%s", rows[i].why);
		http_client_free(client);
		tls_server_stop(&server);
		identity_free(&identity);
		assert_true(folder_remove(AT_FDCWD, folder, NULL));
	}
}

static bool answer_nothing(void *argument, const struct fake_request *request, int fd)
{
	(void)argument;
	(void)request;
	(void)fd;
	return false;
}

static void tells_a_server_without_tls(void **state)
{
	const struct http_client_settings settings = {.user_agent = "naru/test"};
	struct fake_server *server = fake_server_start(answer_nothing, NULL);
	struct http_client *client;
	cleanup_http_response struct http_response response = {0};
	cleanup_error struct error err = {0};
	cleanup_free char *url = mem_printf("https://%s/v2/", fake_server_address(server));
	cleanup_free char *expected = mem_printf("Get \"%s\": http: server gave HTTP response to HTTPS client", url);
	struct http_request request = {.method = "GET", .url = url};

	(void)state;
	assert_true(http_client_new(&client, &settings, NULL));
	assert_false(http_do(client, &request, &response, &err));
	unit_assert_text(err.message, expected);
	http_client_free(client);
	fake_server_stop(server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(believes_whom_it_is_told_to),
		cmocka_unit_test(tells_a_server_without_tls),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
