/*
 * Every byte of a connection passes through here, and nothing else knows the socket: TLS comes behind these functions. The threads of the loops
 * have all signals blocked, so that sendfile into a closed connection is an error and no SIGPIPE.
 */
#include "net/server_internal.h"

#include <errno.h>
#include <sys/sendfile.h>
#include <unistd.h>

/* sendfile counts no further in one call. */
#define SEND_FILE_MAX ((size_t)0x7ffff000)

static enum io_result io_error(bool *ready)
{
	if (errno != EAGAIN)
		return IO_FAILED;
	*ready = false;
	return IO_DRY;
}

enum io_result connection_read(struct connection *connection, void *data, size_t len, size_t *got)
{
	ssize_t count;

	*got = 0;
	if (!connection->can_read)
		return IO_DRY;
	do
		count = recv(connection->fd, data, len, 0);
	while (count < 0 && errno == EINTR);
	if (count < 0)
		return io_error(&connection->can_read);
	if (count == 0)
		return IO_END;
	*got = (size_t)count;
	loop_count(connection->loop, COUNTER_RECEIVED_BYTES, *got);
	/* Fewer than asked: the socket is dry, and epoll tells of what comes next. Not so once the other side has closed: that was told already. */
	if (*got < len && !connection->hung_up)
		connection->can_read = false;
	return IO_SOME;
}

enum io_result connection_write(struct connection *connection, const struct iovec *pieces, int count, bool more, size_t *sent)
{
	struct msghdr message = {.msg_iov = (struct iovec *)pieces, .msg_iovlen = (size_t)count};
	ssize_t written;

	*sent = 0;
	if (!connection->can_write)
		return IO_DRY;
	do
		written = sendmsg(connection->fd, &message, MSG_NOSIGNAL | (more ? MSG_MORE : 0));
	while (written < 0 && errno == EINTR);
	if (written < 0)
		return io_error(&connection->can_write);
	*sent = (size_t)written;
	loop_count(connection->loop, COUNTER_SENT_BYTES, *sent);
	return IO_SOME;
}

enum io_result connection_send_file(struct connection *connection, int fd, int64_t offset, int64_t length, size_t *sent)
{
	off_t at = (off_t)offset;
	ssize_t written;

	*sent = 0;
	if (!connection->can_write)
		return IO_DRY;
	do
		written = sendfile(connection->fd, fd, &at, (uint64_t)length < SEND_FILE_MAX ? (size_t)length : SEND_FILE_MAX);
	while (written < 0 && errno == EINTR);
	if (written < 0)
		return io_error(&connection->can_write);
	*sent = (size_t)written;
	loop_count(connection->loop, COUNTER_SENT_BYTES, *sent);
	return written == 0 ? IO_END : IO_SOME;
}

void connection_end_writing(struct connection *connection)
{
	shutdown(connection->fd, SHUT_WR);
}
