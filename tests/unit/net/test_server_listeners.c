/* Where the server listens: unix sockets, sockets that were passed to it, and what is in the way of either. */
#include "tests/unit/net/server_fixture.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"

/* A client of a unix socket. */
static void client_open_unix(struct client *client, const char *path)
{
	const struct timeval patience = {10, 0};
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	*client = (struct client){.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
	memcpy(address.sun_path, path, strlen(path));
	setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	unit_assert(connect(client->fd, (struct sockaddr *)&address, sizeof address) == 0, "connect to %s", path);
}

static int socket_bound(const char *path, bool listening)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, path, strlen(path));
	assert_true(bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && (!listening || listen(fd, 4) == 0));
	return fd;
}

static void serves_a_unix_socket(void **state)
{
	char folder[] = "/tmp/naru-listen-XXXXXX";
	struct fixture fixture;
	struct client client;
	struct stat found;

	(void)state;
	assert_non_null(mkdtemp(folder));
	cleanup_free char *path = mem_printf("%s/s", folder), *address = mem_printf("unix:%s", path);
	const struct server_listener listen[] = {{.address = address}};
	/* What a server that was killed left behind is replaced; a narrow umask does not make it ours alone. */
	close(socket_bound(path, true));
	mode_t before = umask(0077);
	fixture_start_listening(&fixture, NULL, listen, 1, NULL);
	umask(before);
	unit_assert_text(server_address(fixture.server, 0), address);
	assert_true(stat(path, &found) == 0);
	unit_assert((found.st_mode & 07777) == 0660, "mode %o", found.st_mode);

	client_open_unix(&client, path);
	client_ask(&client, STR("GET /peer HTTP/1.1\r\nHost: h:1\r\n\r\n"), 200);
	unit_assert(str_equal(buf_str(&client.body), STR("unix http h:1")), "%s", client.body.data);
	client_ask(&client, STR("GET /file HTTP/1.1\r\nHost: h\r\n\r\n"), 200);
	unit_assert(client.body.len == FIXTURE_FILE_SIZE && memcmp(client.body.data, fixture.file, FIXTURE_FILE_SIZE) == 0, "another file");
	client_close(&client);
	fixture_stop(&fixture);
	unit_assert(stat(path, &found) < 0, "the socket is still there");
	assert_true(folder_remove(AT_FDCWD, folder, NULL));
}

static void leaves_what_another_put_there(void **state)
{
	char folder[] = "/tmp/naru-listen-XXXXXX";
	struct fixture fixture;
	struct stat found;

	(void)state;
	assert_non_null(mkdtemp(folder));
	cleanup_free char *path = mem_printf("%s/s", folder), *address = mem_printf("unix:%s", path);
	const struct server_listener listen[] = {{.address = address}};
	fixture_start_listening(&fixture, NULL, listen, 1, NULL);
	assert_true(unlink(path) == 0);
	int other = socket_bound(path, true);
	fixture_stop(&fixture);
	unit_assert(stat(path, &found) == 0, "the other's socket is gone");
	close(other);
	assert_true(folder_remove(AT_FDCWD, folder, NULL));
}

static void serves_a_socket_that_it_was_given(void **state)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int given = socket(AF_INET, SOCK_STREAM, 0);
	struct fixture fixture;
	struct client client;
	int listens = 0;
	socklen_t size = sizeof listens;

	(void)state;
	assert_true(bind(given, (struct sockaddr *)&any, sizeof any) == 0 && listen(given, 16) == 0);
	int kept = fcntl(given, F_DUPFD_CLOEXEC, 0);
	cleanup_free char *address = mem_printf("fd:%d", given);
	const struct server_listener listen[] = {{.address = address}};
	fixture_start_listening(&fixture, NULL, listen, 1, NULL);
	assert_true(str_starts(str_of(server_address(fixture.server, 0)), STR("127.0.0.1:")));
	client_open(&client, &fixture);
	client_ask(&client, STR("GET /small HTTP/1.1\r\nHost: h\r\n\r\n"), 200);
	client_close(&client);
	fixture_stop(&fixture);
	/* Whoever gave it (systemd) goes on listening for the next start. */
	assert_true(getsockopt(kept, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0);
	unit_assert(listens, "it does not listen any more");
	close(kept);
}

static void says_what_is_in_the_way(void **state)
{
	char folder[] = "/tmp/naru-listen-XXXXXX";
	int plain = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	assert_non_null(mkdtemp(folder));
	cleanup_free char *busy = mem_printf("%s/busy", folder), *file = mem_printf("%s/file", folder);
	int listening = socket_bound(busy, true);
	close(open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	const struct {
		char *address;
		enum error_kind kind;
		const char *words;
	} rows[] = {
		{mem_printf("unix:%s", busy), ERROR_CONFLICT, "the address is in use"},
		{mem_printf("unix:%s", file), ERROR_CONFLICT, "there is something that is no socket"},
		{mem_printf("unix:%s/no/s", folder), ERROR_NOT_FOUND, "/no/s: No such file or directory"},
		{mem_printf("unix:"), ERROR_INVALID, "a path of 1 to 107 bytes is wanted"},
		{mem_printf("unix:/%0120d", 0), ERROR_INVALID, "a path of 1 to 107 bytes is wanted"},
		{mem_printf("fd:x"), ERROR_INVALID, "a descriptor's number is wanted"},
		{mem_printf("fd:999999"), ERROR_INVALID, "a descriptor's number is wanted"},
		{mem_printf("fd:9999"), ERROR_SYSTEM, "Bad file descriptor"},
		{mem_printf("fd:%d", plain), ERROR_INVALID, "this socket does not listen"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct server_listener listen = {.address = rows[i].address};
		const struct server_settings settings = {.listen = &listen, .listen_count = 1, .limits = server_limits_default};
		cleanup_error struct error err = {0};
		struct server *server;

		unit_assert(!server_start(&server, &settings, &err), "%s: it listens", rows[i].address);
		unit_assert(err.kind == rows[i].kind && strstr(err.message, rows[i].words), "%s: %s", rows[i].address, error_text(&err));
		free(rows[i].address);
	}
	close(listening);
	close(plain);
	assert_true(folder_remove(AT_FDCWD, folder, NULL));
}

UNIT_MAIN(cmocka_unit_test(serves_a_unix_socket), cmocka_unit_test(leaves_what_another_put_there),
	cmocka_unit_test(serves_a_socket_that_it_was_given), cmocka_unit_test(says_what_is_in_the_way))
