/* Files that are not in the page cache: they come whole, over TCP and over TLS, and whoever goes away meanwhile harms nobody. */
#include "tests/unit/net/tls_client.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/unit/net/tls_identity.h"

#define GET_FILE "GET /file HTTP/1.1\r\nHost: h\r\n\r\n"

struct cold {
	char folder[32];
	char *path, *cert_file, *key_file;
	struct fixture fixture;
};

/* Out of the page cache; false where that cannot be (tmpfs). */
static bool chill(const struct cold *cold)
{
	int fd = cold->fixture.file_fd;
	char byte;
	const struct iovec piece = {&byte, 1};

	return fsync(fd) == 0 && posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0 && preadv2(fd, &piece, 1, 3000000, RWF_NOWAIT) < 0 &&
	       errno == EAGAIN;
}

static void cold_start(struct cold *cold)
{
	static const struct server_listener listen[] = {{"127.0.0.1:0", true}, {"127.0.0.1:0", false}};
	struct identity identity = identity_make("IP:127.0.0.1", 3600);

	*cold = (struct cold){.folder = "naru-cold-XXXXXX"}; /* where the tests run: /tmp may be memory */
	assert_non_null(mkdtemp(cold->folder));
	cold->path = mem_printf("%s/file", cold->folder);
	cold->cert_file = mem_printf("%s/cert.pem", cold->folder);
	cold->key_file = mem_printf("%s/key.pem", cold->folder);
	identity_write(&identity, cold->cert_file, cold->key_file);
	identity_free(&identity);
	const struct server_tls tls = {.cert_file = cold->cert_file, .key_file = cold->key_file};
	fixture_start_listening(&cold->fixture, NULL, listen, ARRAY_SIZE(listen), &tls);
	close(cold->fixture.file_fd);
	cold->fixture.file_fd = open(cold->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(file_write(cold->fixture.file_fd, cold->fixture.file, FIXTURE_FILE_SIZE, NULL));
}

static void cold_stop(struct cold *cold)
{
	fixture_stop(&cold->fixture);
	assert_true(folder_remove(AT_FDCWD, cold->folder, NULL));
	free(cold->path);
	free(cold->cert_file);
	free(cold->key_file);
}

static void come_whole(void **state)
{
	struct cold cold;
	struct client plain;
	struct tls_client tls;

	(void)state;
	cold_start(&cold);
	bool chills = chill(&cold);
	tls_client_new(&tls, 0);
	if (chills)
		assert_true(tls_client_open(&tls, &cold.fixture, false));
	cold.fixture.port_of = 1;
	client_open(&plain, &cold.fixture);
	for (int i = 0; i < 3 && chills; i++) {
		chill(&cold);
		client_ask(&plain, STR(GET_FILE), 200);
		unit_assert(plain.body.len == FIXTURE_FILE_SIZE && memcmp(plain.body.data, cold.fixture.file, FIXTURE_FILE_SIZE) == 0, "plain");
		chill(&cold);
		tls_client_ask(&tls, STR(GET_FILE), 200);
		unit_assert(tls.body.len == FIXTURE_FILE_SIZE && memcmp(tls.body.data, cold.fixture.file, FIXTURE_FILE_SIZE) == 0, "TLS");
		chill(&cold);
		client_ask(&plain, STR("GET /parts HTTP/1.1\r\nHost: h\r\n\r\n"), 206);
		unit_assert(plain.body.len == 9 && plain.body.data[0] == '<' && plain.body.data[8] == '>', "parts");
	}
	client_close(&plain);
	tls_client_free(&tls);
	cold_stop(&cold);
	if (!chills)
		skip(); /* nothing here is ever cold */
}

static void outlive_who_goes_away(void **state)
{
	struct cold cold;

	(void)state;
	cold_start(&cold);
	cold.fixture.port_of = 1;
	for (int i = 0; i < 30; i++) {
		struct client client;
		chill(&cold);
		client_open(&client, &cold.fixture);
		client_send(&client, STR(GET_FILE));
		if (i % 3 == 1)
			client_answer(&client, true);
		client_close(&client);
	}
	/* And a server that stops at once while one waits. */
	struct client client;
	chill(&cold);
	client_open(&client, &cold.fixture);
	client_send(&client, STR(GET_FILE));
	client_answer(&client, true);
	server_stop(cold.fixture.server, 0);
	cold.fixture.server = NULL;
	client_close(&client);
	cold_stop(&cold);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(come_whole), cmocka_unit_test(outlive_who_goes_away)};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
