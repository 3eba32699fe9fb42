/* The answer's way out: its head is put together, then head and parts leave in as few calls as the kernel allows. */
#include "net/server_internal.h"

#define PIECES_MAX 32 /* of memory in one call */

static bool may_have_body(const struct request *request)
{
	return request->head.method != HTTP_HEAD && request->status != 204 && request->status != 304 && !request->head_only;
}

/*
 * Open afterwards? Not when either side says so, nor when the end of this body is unknown or far: reading gigabytes that nobody wants costs more
 * than a new connection. A client that waits for a 100 which never comes may send its body or not: then nobody knows what comes next.
 */
static bool stays_open(const struct connection *connection)
{
	const struct request *request = &connection->request;

	if (!request->head.keep_alive || !connection->keep || atomic_load(&connection->loop->server->stopping))
		return false;
	if (connection->body_status || connection->continue_due)
		return false;
	/* A length without its body, where the client waits for one. */
	if (request->head_only && request->length > 0 && request->head.method != HTTP_HEAD && request->status != 304)
		return false;
	return connection->body_left <= REST_MAX;
}

/* Without printf, which costs more than all the rest of a small answer's head. */
static void add_number(struct buf *out, int64_t number)
{
	char digits[20], *at = digits + sizeof digits;

	do
		*--at = (char)('0' + number % 10);
	while ((number /= 10) > 0);
	buf_add(out, at, (size_t)(digits + sizeof digits - at));
}

static void add_head(struct connection *connection)
{
	struct request *request = &connection->request;
	struct buf *out = &connection->out;

	buf_clear(out);
	buf_add_text(out, "HTTP/1.1 ");
	add_number(out, request->status);
	buf_add_char(out, ' ');
	buf_add_text(out, answer_reason(request->status));
	buf_add_text(out, "\r\nDate: ");
	buf_add_str(out, loop_date(connection->loop));
	buf_add_text(out, "\r\nX-Request-Id: ");
	buf_add(out, request->id, sizeof request->id);
	if (request->status != 204 && (request->status != 304 || request->length)) {
		buf_add_text(out, "\r\nContent-Length: ");
		add_number(out, request->length);
	}
	if (!connection->keep)
		buf_add_text(out, "\r\nConnection: close");
	else if (request->head.minor == 0)
		buf_add_text(out, "\r\nConnection: keep-alive");
	buf_add_text(out, "\r\n");
	buf_add_str(out, buf_str(&request->headers));
	buf_add_text(out, "\r\n");
}

void answer_begin(struct connection *connection)
{
	struct request *request = &connection->request;

	connection->state = CONNECTION_ANSWER;
	connection->keep = stays_open(connection);
	connection->out_done = connection->part_index = 0;
	connection->part_done = connection->sent = 0;
	connection->pace = (struct pace){0};
	connection->taken = -1;
	connection->fetch.fd = -1;
	if (!may_have_body(request))
		answer_release(request);
	for (size_t i = 0; i < request->parts_count; i++)
		if (request->parts[i].copied)
			request->parts[i].part.bytes.data = request->copied.data + request->parts[i].copied_at;
	add_head(connection);
}

/* Counts bytes that have left. */
static void advance(struct connection *connection, size_t sent)
{
	struct request *request = &connection->request;
	size_t of_head = connection->out.len - connection->out_done;

	connection->sent += (int64_t)sent;
	if (of_head > sent)
		of_head = sent;
	connection->out_done += of_head;
	int64_t rest = (int64_t)(sent - of_head);
	while (connection->part_index < request->parts_count) {
		int64_t left = request->parts[connection->part_index].part.length - connection->part_done;
		if (rest < left) {
			connection->part_done += rest;
			return;
		}
		rest -= left;
		connection->part_index++;
		connection->part_done = 0;
	}
}

static enum io_result send_memory(struct connection *connection, size_t *sent)
{
	struct request *request = &connection->request;
	struct iovec pieces[PIECES_MAX];
	int count = 0;
	size_t i = connection->part_index;
	int64_t skip = connection->part_done;

	if (connection->out_done < connection->out.len)
		pieces[count++] = (struct iovec){connection->out.data + connection->out_done, connection->out.len - connection->out_done};
	for (; i < request->parts_count && request->parts[i].part.fd < 0 && count < PIECES_MAX; i++) {
		struct str bytes = str_from(request->parts[i].part.bytes, (size_t)skip);
		pieces[count++] = (struct iovec){(char *)bytes.data, bytes.len};
		skip = 0;
	}
	return connection_write(connection, pieces, count, i < request->parts_count, sent);
}

bool answer_send(struct connection *connection)
{
	struct request *request = &connection->request;
	size_t budget = connection->tls.ssl ? TLS_WRITE_BUDGET : WRITE_BUDGET;

	while (connection->out_done < connection->out.len || connection->part_index < request->parts_count) {
		size_t sent;
		enum io_result result;
		const struct body_part *part = connection->part_index < request->parts_count ? &request->parts[connection->part_index].part : NULL;

		if (budget == 0) {
			link_append(&connection->loop->run, &connection->run);
			return false;
		}
		if (connection->out_done == connection->out.len && part->fd >= 0) {
			int64_t left = part->length - connection->part_done;
			if (left > (int64_t)budget)
				left = (int64_t)budget;
			result = connection_send_file(connection, part->fd, part->offset + connection->part_done, left, &sent);
		} else {
			result = send_memory(connection, &sent);
		}
		if (result == IO_DRY) {
			return false;
		} else if (result != IO_SOME) {
			/* The promised length cannot be kept: only a cut connection tells the client. */
			connection->failed = true;
			return true;
		}
		advance(connection, sent);
		budget -= sent < budget ? sent : budget;
	}
	enum io_result flushed = connection_flush(connection);
	if (flushed == IO_FAILED)
		connection->failed = true;
	return flushed != IO_DRY;
}
