/* How a connection begins and ends. What it does between is in connection.c. */
#include "net/server_internal.h"

#include <sys/epoll.h>
#include <unistd.h>

#include "base/mem.h"

struct connection *connection_new(int fd, const struct peer *peer)
{
	struct connection *connection = mem_alloc(1, sizeof *connection);

	connection->source = SOURCE_CONNECTION;
	connection->fd = fd;
	body_queue_init(&connection->filled);
	connection->in = mem_alloc(1, HEAD_FIRST_SIZE);
	connection->in_capacity = HEAD_FIRST_SIZE;
	link_init(&connection->all);
	link_init(&connection->run);
	link_init(&connection->starved);
	link_init(&connection->timer_link);
	connection->peer = *peer;
	return connection;
}

void connection_free(struct connection *connection)
{
	if (connection->fd >= 0)
		close(connection->fd);
	peer_leave(connection->loop, &connection->peer);
	tls_free(connection);
	request_free(&connection->request);
	body_queue_destroy(&connection->filled);
	buf_free(&connection->next);
	buf_free(&connection->out);
	free(connection->in);
	free(connection);
}

void connection_adopt(struct loop *loop, struct connection *connection)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = connection};

	link_append(&loop->all, &connection->all);
	timer_start(connection, TIMER_HEAD);
	/* It tells at once what is there already. */
	if ((connection->tls.wanted && !tls_begin(connection)) || epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, connection->fd, &event) < 0)
		connection_close(connection);
}

void connection_close(struct connection *connection)
{
	struct loop *loop = connection->loop;

	if (connection->state == CONNECTION_CLOSED)
		return;
	connection->state = CONNECTION_CLOSED;
	timer_stop(connection);
	link_remove(&connection->run);
	link_remove(&connection->starved);
	body_release(connection);
	tls_end(connection);
	close(connection->fd);
	connection->fd = -1;
	atomic_fetch_sub(&loop->connections, 1);
	atomic_fetch_sub(&loop->server->connections, 1);
	link_append(&loop->dead, &connection->all); /* events of this turn may still point here */
}

void connection_abort(struct connection *connection)
{
	connection->failed = true;
	timer_stop(connection);
	if ((connection->state == CONNECTION_WAIT && !connection->answer_ready) || connection->fetch.running)
		return;
	if (connection->state == CONNECTION_BODY && connection->request.match.route->sink)
		connection_run(connection);
	else
		connection_close(connection);
}
