#include "tests/unit/net/fake_server.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/thread.h"

#define CONNECTIONS_MAX 64
#define BODY_MAX (8 * 1024 * 1024)

struct connection {
	struct fake_server *server;
	size_t index;
	pthread_t thread;
	int fd;
};

struct fake_server {
	fake_answer *answer;
	void *argument;
	char address[32];
	int listener;
	pthread_t thread;
	atomic_size_t requests;
	pthread_mutex_t lock; /* guards the end of a descriptor that its connection closes itself: its number may be another's at once */
	struct connection connections[CONNECTIONS_MAX];
	size_t connections_count; /* the accepting thread's; others read it after that has ended */
};

static void require(bool condition, const char *what)
{
	if (condition)
		return;
	perror(what);
	abort();
}

bool fake_send(int fd, struct str bytes)
{
	while (bytes.len > 0) {
		ssize_t sent = send(fd, bytes.data, bytes.len, MSG_NOSIGNAL);
		if (sent <= 0)
			break;
		bytes = str_from(bytes, (size_t)sent);
	}
	return true;
}

bool fake_printf(int fd, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	cleanup_free char *text = mem_vprintf(format, args);
	va_end(args);
	return fake_send(fd, str_of(text));
}

bool fake_reset(int fd)
{
	struct linger linger = {.l_onoff = 1};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
	return false;
}

char *fake_header(const struct fake_request *request, const char *name)
{
	cleanup_free char *start = mem_printf("\r\n%s: ", name);
	const char *found = strstr(request->head, start);
	struct str value = str_of(found ? found + strlen(start) : NULL);

	return found ? mem_copy_text(value.data, strcspn(value.data, "\r")) : NULL;
}

static bool read_more(int fd, struct buf *in)
{
	ssize_t got = recv(fd, buf_room(in, 65536), 65536, 0);

	if (got > 0)
		buf_added(in, (size_t)got);
	return got > 0;
}

/* One request: its head, and its body where it has a length. */
static bool serve(struct connection *connection, struct buf *in)
{
	struct fake_server *server = connection->server;
	struct fake_request request = {.connection = connection->index};
	char *end = NULL;
	uint64_t length = 0;

	while (in->len == 0 || !(end = memmem(in->data, in->len, "\r\n\r\n", 4))) {
		if (!read_more(connection->fd, in))
			return false;
		if (in->data[0] == 0x16) {
			fake_printf(connection->fd, "HTTP/1.1 400 Bad Request\r\n\r\nClient sent an HTTPS request to an HTTP server.\n");
			return false;
		}
	}
	size_t head_len = (size_t)(end - in->data);
	cleanup_free char *head = mem_copy_text(in->data, head_len);
	request.head = head;
	cleanup_free char *text = fake_header(&request, "Content-Length");
	if (text && (!str_to_u64(str_of(text), &length) || length > BODY_MAX))
		return false;
	while (in->len < head_len + 4 + length)
		if (!read_more(connection->fd, in))
			return false;
	request.body = str_make(in->data + head_len + 4, length);
	request.index = atomic_fetch_add(&server->requests, 1);
	bool stays = server->answer(server->argument, &request, connection->fd);
	buf_drop(in, head_len + 4 + length);
	return stays;
}

static void *connection_run(void *argument)
{
	struct connection *connection = argument;
	cleanup_buf struct buf in = {0};

	while (serve(connection, &in))
		;
	/* The other side sees the end now; the number is given back when the server stops, so that no other takes it meanwhile. */
	struct linger linger = {0};
	socklen_t size = sizeof linger;
	if (getsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &linger, &size) == 0 && linger.l_onoff) {
		pthread_mutex_lock(&connection->server->lock);
		close(connection->fd);
		connection->fd = -1;
		pthread_mutex_unlock(&connection->server->lock);
	} else {
		shutdown(connection->fd, SHUT_RDWR);
	}
	return NULL;
}

static void *accept_run(void *argument)
{
	struct fake_server *server = argument;

	for (;;) {
		int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			return NULL;
		require(server->connections_count < CONNECTIONS_MAX, "too many connections");
		struct connection *connection = &server->connections[server->connections_count];
		*connection = (struct connection){.server = server, .index = server->connections_count++, .fd = fd};
		require(thread_start(&connection->thread, "fake", connection_run, connection, NULL), "thread");
	}
}

struct fake_server *fake_server_start(fake_answer *answer, void *argument)
{
	struct fake_server *server = mem_alloc(1, sizeof *server);
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof address;

	pthread_mutex_init(&server->lock, NULL);
	server->answer = answer;
	server->argument = argument;
	server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	require(server->listener >= 0 && bind(server->listener, (struct sockaddr *)&address, size) == 0 && listen(server->listener, 64) == 0,
		"listen");
	require(getsockname(server->listener, (struct sockaddr *)&address, &size) == 0, "getsockname");
	snprintf(server->address, sizeof server->address, "127.0.0.1:%u", ntohs(address.sin_port));
	require(thread_start(&server->thread, "fake", accept_run, server, NULL), "thread");
	return server;
}

const char *fake_server_address(const struct fake_server *server)
{
	return server->address;
}

size_t fake_server_requests(struct fake_server *server)
{
	return atomic_load(&server->requests);
}

void fake_server_stop(struct fake_server *server)
{
	shutdown(server->listener, SHUT_RDWR);
	pthread_join(server->thread, NULL);
	close(server->listener);
	pthread_mutex_lock(&server->lock);
	for (size_t i = 0; i < server->connections_count; i++)
		if (server->connections[i].fd >= 0)
			shutdown(server->connections[i].fd, SHUT_RDWR);
	pthread_mutex_unlock(&server->lock);
	for (size_t i = 0; i < server->connections_count; i++) {
		pthread_join(server->connections[i].thread, NULL);
		if (server->connections[i].fd >= 0)
			close(server->connections[i].fd);
	}
	pthread_mutex_destroy(&server->lock);
	free(server);
}
