/*
 * Every byte of a connection passes through here, and nothing else knows the socket or whether there is TLS. The threads of the loops
 * have all signals blocked, so that sendfile into a closed connection is an error and no SIGPIPE.
 */
#include "net/server_internal.h"

#include <errno.h>
#include <string.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "base/file.h"

/* sendfile counts no further in one call. */
#define SEND_FILE_MAX ((size_t)0x7ffff000)

static enum io_result io_error(bool *ready)
{
	if (errno != EAGAIN)
		return IO_FAILED;
	*ready = false;
	return IO_DRY;
}

static enum io_result plain_read(struct connection *connection, void *data, size_t len, size_t *got)
{
	ssize_t count;

	do
		count = recv(connection->fd, data, len, 0);
	while (count < 0 && errno == EINTR);
	if (count < 0)
		return io_error(&connection->can_read);
	if (count == 0)
		return IO_END;
	*got = (size_t)count;
	/* Fewer than asked: the socket is dry, and epoll tells of what comes next. Not so once the other side has closed: that was told already. */
	if (*got < len && !connection->hung_up)
		connection->can_read = false;
	return IO_SOME;
}

enum io_result connection_read(struct connection *connection, void *data, size_t len, size_t *got)
{
	enum io_result result;

	*got = 0;
	if (!connection->can_read)
		return IO_DRY;
	if (connection->tls.ssl)
		result = tls_read(connection, data, len, got);
	else
		result = plain_read(connection, data, len, got);
	loop_count(connection->loop, COUNTER_RECEIVED_BYTES, *got);
	return result;
}

static enum io_result sent_bytes(struct connection *connection, size_t sent)
{
	connection->socket_sent += sent;
	loop_count(connection->loop, COUNTER_SENT_BYTES, sent);
	return IO_SOME;
}

/* Pieces together, so that head and body of a small answer are one record. */
static enum io_result write_records(struct connection *connection, const struct iovec *pieces, int count, size_t *sent)
{
	struct loop *loop = connection->loop;
	const char *data = pieces[0].iov_base;
	size_t len = pieces[0].iov_len;

	if (count > 1) {
		len = 0;
		for (int i = 0; i < count && len < sizeof loop->scratch; i++) {
			size_t room = sizeof loop->scratch - len, take = pieces[i].iov_len < room ? pieces[i].iov_len : room;
			memcpy(loop->scratch + len, pieces[i].iov_base, take);
			len += take;
		}
		data = loop->scratch;
	}
	enum io_result result = tls_write(connection, data, len < sizeof loop->scratch ? len : sizeof loop->scratch, sent);
	loop_count(loop, COUNTER_SENT_BYTES, *sent);
	return result;
}

enum io_result connection_write(struct connection *connection, const struct iovec *pieces, int count, bool more, size_t *sent)
{
	struct msghdr message = {.msg_iov = (struct iovec *)pieces, .msg_iovlen = (size_t)count};
	ssize_t written;

	*sent = 0;
	if (!connection->can_write)
		return IO_DRY;
	if (connection->tls.ssl)
		return write_records(connection, pieces, count, sent);
	do
		written = sendmsg(connection->fd, &message, MSG_NOSIGNAL | (more ? MSG_MORE : 0));
	while (written < 0 && errno == EINTR);
	if (written < 0)
		return io_error(&connection->can_write);
	*sent = (size_t)written;
	return sent_bytes(connection, *sent);
}

/* Into the loop's scratch; EAGAIN when it is not in memory. */
static ssize_t read_piece(struct connection *connection, int fd, size_t want, int64_t offset)
{
	char *scratch = connection->loop->scratch;
	ssize_t got = -1;

	errno = EOPNOTSUPP;
	if (!file_fetched(&connection->fetch, fd, offset))
		got = file_read_now(fd, scratch, want, offset);
	/* Fetched already, or a file system that cannot say: then it is waited for. */
	return got < 0 && errno == EOPNOTSUPP ? pread(fd, scratch, want, offset) : got;
}

/* A piece of a file, read and encrypted. */
static enum io_result file_records(struct connection *connection, int fd, int64_t offset, int64_t length, size_t *sent)
{
	struct loop *loop = connection->loop;
	size_t want = (uint64_t)length < sizeof loop->scratch ? (size_t)length : sizeof loop->scratch;
	enum io_result flushed = tls_flush(connection);
	ssize_t got;

	/* Nothing is read that could not be sent. */
	if (flushed != IO_SOME)
		return flushed;
	do
		got = read_piece(connection, fd, want, offset);
	while (got < 0 && errno == EINTR);
	if (got < 0 && errno == EAGAIN) {
		file_fetch(connection, fd, offset, length);
		return IO_DRY;
	}
	if (got <= 0)
		return got == 0 ? IO_END : IO_FAILED;
	enum io_result result = tls_write(connection, loop->scratch, (size_t)got, sent);
	loop_count(loop, COUNTER_SENT_BYTES, *sent);
	return result;
}

enum io_result connection_send_file(struct connection *connection, int fd, int64_t offset, int64_t length, size_t *sent)
{
	off_t at = (off_t)offset;
	ssize_t written;

	*sent = 0;
	if (!connection->can_write)
		return IO_DRY;
	if (connection->tls.ssl)
		return file_records(connection, fd, offset, length, sent);
	if (!file_is_near(connection, fd, offset, length))
		return IO_DRY;
	do
		written = sendfile(connection->fd, fd, &at, (uint64_t)length < SEND_FILE_MAX ? (size_t)length : SEND_FILE_MAX);
	while (written < 0 && errno == EINTR);
	if (written < 0)
		return io_error(&connection->can_write);
	*sent = (size_t)written;
	return written == 0 ? IO_END : sent_bytes(connection, *sent);
}

enum io_result connection_flush(struct connection *connection)
{
	return connection->tls.ssl ? tls_flush(connection) : IO_SOME;
}

int64_t connection_taken(const struct connection *connection)
{
	int queued = 0;

	ioctl(connection->fd, SIOCOUTQ, &queued);
	return (int64_t)connection->socket_sent - queued;
}

void connection_drop_unsent(struct connection *connection)
{
	const struct linger now = {.l_onoff = 1, .l_linger = 0};

	setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

void connection_end_writing(struct connection *connection)
{
	tls_end(connection);
	shutdown(connection->fd, SHUT_WR);
}
