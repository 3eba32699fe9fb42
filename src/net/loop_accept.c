/* New connections: every loop listens on every address, and who accepts one gives it to the loop that has the fewest. */
#include "net/server_internal.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/log.h"

#define ACCEPTS_MAX 64 /* in one turn */

/*
 * The kernel takes megabytes of an answer ahead for each client, and all sockets of the machine share what memory it has for that: 2,000 clients that
 * ask for a large file and read nothing of it take it all (measured). So beyond CROWD connections each has less; a few fast ones keep the least CPU.
 */
#define CROWD ((size_t)128)
#define CROWD_UNSENT_BYTES (256 * 1024)

void loop_set_accepting(struct loop *loop, bool accepting)
{
	struct server *server = loop->server;

	if (accepting == loop->accepting ||
		(accepting && (!atomic_load(&server->accepting) || atomic_load(&server->connections) >= loop->policy->limits.connections)))
		return;
	loop->accepting = accepting;
	for (size_t i = 0; i < server->listeners_count; i++) {
		struct listener *listener = &server->listeners[i];
		/* Exclusive: one loop wakes for a connection, not all. */
		struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE, .data.ptr = listener};
		if (epoll_ctl(loop->epoll_fd, accepting ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, listener->fd, &event) < 0)
			log_error("event loop: %s address %s: %s", accepting ? "watch" : "leave", listener->address, strerror(errno));
	}
}

static struct loop *idlest_loop(struct loop *loop)
{
	struct server *server = loop->server;
	struct loop *idlest = loop;
	size_t fewest = atomic_load_explicit(&loop->connections, memory_order_relaxed);

	for (size_t i = 0; i < server->loops_count; i++) {
		size_t count = atomic_load_explicit(&server->loops[i].connections, memory_order_relaxed);
		if (count < fewest) {
			fewest = count;
			idlest = &server->loops[i];
		}
	}
	return idlest;
}

void loop_accept(struct loop *loop, struct listener *listener)
{
	struct server *server = loop->server;

	for (int i = 0; i < ACCEPTS_MAX && !atomic_load(&server->stopping); i++) {
		struct sockaddr_storage address = {0};
		socklen_t address_size = sizeof address;
		struct peer peer;
		int one = 1, unsent = CROWD_UNSENT_BYTES;

		/* Its place is taken before it is accepted: two loops that looked first would both find the last one free. */
		if (atomic_fetch_add(&server->connections, 1) >= loop->policy->limits.connections) {
			atomic_fetch_sub(&server->connections, 1);
			loop_count(loop, COUNTER_REFUSED_CONNECTIONS, 1);
			loop_set_accepting(loop, false);
			return;
		}
		int fd = accept4(listener->fd, (struct sockaddr *)&address, &address_size, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0) {
			atomic_fetch_sub(&server->connections, 1);
			if (errno == EINTR || errno == ECONNABORTED)
				continue;
			if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
				log_warning("accept on %s: %s; trying again shortly", listener->address, strerror(errno));
				loop_set_accepting(loop, false);
			}
			return;
		}
		if (!peer_admit(loop, &address, &peer)) {
			loop_count(loop, COUNTER_REFUSED_PER_ADDRESS, 1);
			atomic_fetch_sub(&server->connections, 1);
			close(fd);
			continue;
		}
		if (peer.has_ip)
			setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		if (peer.has_ip && atomic_load(&server->connections) > CROWD)
			setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
		loop_count(loop, COUNTER_ACCEPTED, 1);
		struct connection *connection = connection_new(fd, &peer);
		struct loop *idlest = idlest_loop(loop);
		connection->loop = idlest;
		connection->tls.wanted = listener->tls;
		atomic_fetch_add(&idlest->connections, 1);
		if (idlest == loop)
			connection_adopt(loop, connection);
		else
			loop_post(connection, POST_ADOPT);
	}
}
