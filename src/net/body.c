/* Bodies on their way in: decoding, bodies read into memory, and what is left of those that nobody wants. Sinks are in sink.c. */
#include "net/server_internal.h"

#include <string.h>

#define MEMORY_STEP ((size_t)64 * 1024) /* a body in memory grows as it comes, whatever length was promised */

/* Bytes of the body as they came: what was read together with the head first, then the socket's. */
static enum io_result read_raw(struct connection *connection, char *data, size_t room, size_t *got)
{
	size_t kept = connection->in_len - connection->in_done;

	if (!kept)
		return connection_read(connection, data, room, got);
	*got = kept < room ? kept : room;
	memcpy(data, connection->in + connection->in_done, *got);
	connection->in_done += *got;
	return IO_SOME;
}

static enum io_result read_chunked(struct connection *connection, char *data, size_t room, size_t *got)
{
	bool from_in = connection->in_done < connection->in_len;
	uint64_t wanted = connection->chunked.left;
	struct chunked_piece piece;
	size_t raw;

	/* Little of the next request is read along, so little has to be kept for it. */
	if (wanted < room && room - (size_t)wanted > CHUNKED_AHEAD)
		room = (size_t)wanted + CHUNKED_AHEAD;
	enum io_result result = read_raw(connection, data, room, &raw);
	if (result != IO_SOME)
		return result == IO_END ? IO_FAILED : result;
	if (!chunked_decode(&connection->chunked, data, raw, &piece)) {
		connection->body_status = 400;
		return IO_FAILED;
	}
	*got = piece.payload;
	if (!piece.done)
		return IO_SOME;
	connection->body_left = 0;
	if (from_in)
		connection->in_done -= raw - piece.consumed;
	else
		buf_add(&connection->next, data + piece.consumed, raw - piece.consumed);
	return IO_END;
}

/* The next bytes of a body with a length. */
static enum io_result read_counted(struct connection *connection, char *data, size_t room, size_t *got)
{
	if ((int64_t)room > connection->body_left)
		room = (size_t)connection->body_left;
	enum io_result result = read_raw(connection, data, room, got);
	if (result != IO_SOME)
		return result == IO_END ? IO_FAILED : result;
	connection->body_left -= (int64_t)*got;
	return connection->body_left ? IO_SOME : IO_END;
}

enum io_result body_read(struct connection *connection, char *data, size_t room, size_t *got)
{
	bool chunked = connection->body_left < 0;

	*got = 0;
	enum io_result result = chunked ? read_chunked(connection, data, room, got) : read_counted(connection, data, room, got);
	connection->body_got += (int64_t)*got;
	if (result == IO_FAILED && !connection->body_status)
		connection->body_status = -1;
	return result;
}

void body_continue(struct connection *connection)
{
	static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
	const struct iovec piece = {(char *)text, sizeof text - 1};
	size_t sent;

	connection->continue_due = false;
	/* A connection that cannot take 25 bytes has no client that still reads. */
	if (connection_write(connection, &piece, 1, false, &sent) != IO_SOME || sent != piece.iov_len)
		connection->body_status = -1;
}

/* The body could not be read. */
static bool memory_failed(struct connection *connection)
{
	const char *why = "malformed body";

	if (connection->body_status == 413)
		why = "the body is too large";
	else if (connection->body_status == 503)
		why = "too many requests at once, try again";
	else if (connection->body_status == 408)
		why = "the body did not come in time";
	buf_free(&connection->request.body);
	body_release(connection);
	if (connection->body_status < 0)
		connection_close(connection);
	else
		connection_refuse(connection, connection->body_status, why);
	return true;
}

/* Room for the next piece of a body in memory, or NULL when all such bodies together have taken what there is. */
static char *memory_room(struct connection *connection, size_t room)
{
	struct request *request = &connection->request;
	atomic_size_t *all = &connection->loop->server->memory_bodies;
	size_t need = request->body.len + room;

	if (need > request->body_charged) {
		size_t more = need - request->body_charged;
		request->body_charged = need;
		if (atomic_fetch_add(all, more) + more > MEMORY_BODIES_MAX) {
			connection->body_status = 503;
			return NULL;
		}
	}
	return buf_room(&request->body, room);
}

static bool memory_run(struct connection *connection)
{
	struct request *request = &connection->request;
	size_t budget = READ_BUDGET, max = request->match.route->body_max;
	bool progress = false;

	if (connection->continue_due)
		body_continue(connection);
	while (!connection->body_status) {
		size_t room = MEMORY_STEP, got;
		if (connection->body_left > 0 && connection->body_left < (int64_t)room)
			room = (size_t)connection->body_left;
		char *data = memory_room(connection, room);
		if (!data)
			break;
		enum io_result result = body_read(connection, data, room, &got);
		if (got)
			buf_added(&request->body, got);
		if (request->body.len > max) {
			connection->body_status = 413;
		} else if (result == IO_END) {
			connection_handle(connection);
			return true;
		}
		progress |= result == IO_SOME;
		budget -= got < budget ? got : budget;
		if (result == IO_DRY) {
			if (limits_wait_for_body(connection, progress))
				return false;
			break;
		}
		if (budget == 0) {
			link_append(&connection->loop->run, &connection->run);
			return false;
		}
	}
	return memory_failed(connection);
}

bool body_run(struct connection *connection)
{
	if (connection->request.match.route->sink)
		return sink_run(connection);
	return memory_run(connection);
}

bool body_drop(struct connection *connection)
{
	struct loop *loop = connection->loop;
	size_t budget = READ_BUDGET;

	while (connection->body_left != 0 && connection->body_rest <= REST_MAX) {
		size_t got;
		enum io_result result = body_read(connection, loop->scratch, sizeof loop->scratch, &got);
		connection->body_rest += (int64_t)got;
		if (result == IO_FAILED)
			return true;
		if (result == IO_DRY) {
			/* Once: whoever drips keeps nothing open. */
			if (link_alone(&connection->timer_link))
				timer_start(connection, TIMER_LINGER);
			return false;
		}
		budget -= got < budget ? got : budget;
		if (budget == 0) {
			link_append(&loop->run, &connection->run);
			return false;
		}
	}
	return true;
}

void body_release(struct connection *connection)
{
	struct server *server = connection->loop->server;

	if (connection->filling)
		server_give_buffer(server, connection->filling);
	connection->filling = NULL;
	struct body_buffer *buffer;
	bool has_room;
	while ((buffer = body_queue_take(&connection->filled, &has_room)))
		server_give_buffer(server, buffer);
	atomic_fetch_sub(&server->memory_bodies, connection->request.body_charged);
	connection->request.body_charged = 0;
}
