/* What a handler says in answer, kept until the loop sends it. These run on any thread; the loop looks at nothing here before it was told. */
#include "net/server_internal.h"

#include <string.h>
#include <unistd.h>

#include "base/mem.h"

#define PARTS_KEPT 16 /* room for more is freed after its answer */

const char *answer_reason(int status)
{
	static const struct {
		int status;
		const char *reason;
	} reasons[] = {
		{200, "OK"},
		{201, "Created"},
		{202, "Accepted"},
		{204, "No Content"},
		{206, "Partial Content"},
		{301, "Moved Permanently"},
		{302, "Found"},
		{303, "See Other"},
		{304, "Not Modified"},
		{307, "Temporary Redirect"},
		{308, "Permanent Redirect"},
		{400, "Bad Request"},
		{401, "Unauthorized"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{406, "Not Acceptable"},
		{408, "Request Timeout"},
		{409, "Conflict"},
		{410, "Gone"},
		{411, "Length Required"},
		{412, "Precondition Failed"},
		{413, "Content Too Large"},
		{415, "Unsupported Media Type"},
		{416, "Range Not Satisfiable"},
		{417, "Expectation Failed"},
		{422, "Unprocessable Content"},
		{429, "Too Many Requests"},
		{431, "Request Header Fields Too Large"},
		{500, "Internal Server Error"},
		{501, "Not Implemented"},
		{502, "Bad Gateway"},
		{503, "Service Unavailable"},
		{504, "Gateway Timeout"},
		{505, "HTTP Version Not Supported"},
		{507, "Insufficient Storage"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Status";
}

/* Tells the owner of memory and the kernel that a part is no longer needed. */
static void part_release(const struct body_part *part, bool close_fd)
{
	if (part->fd >= 0 && close_fd)
		close(part->fd);
	if (part->fd < 0 && part->release)
		part->release(part->argument);
}

/* The last part with a descriptor closes it. */
static bool closes_fd(const struct body_part *parts, size_t count, size_t index)
{
	for (size_t i = index + 1; i < count; i++)
		if (parts[i].fd == parts[index].fd)
			return false;
	return true;
}

void answer_release(struct request *request)
{
	for (size_t i = 0; i < request->parts_count; i++)
		part_release(&request->parts[i].part, request->parts[i].close_fd);
	request->parts_count = 0;
	if (request->parts_capacity > PARTS_KEPT) {
		free(request->parts);
		request->parts = NULL;
		request->parts_capacity = 0;
	}
}

/* The caller alone may answer from here on; false when that has been done. */
static bool take_on(struct request *request, int status)
{
	if (atomic_exchange(&request->answered, true))
		return false;
	request->status = status;
	return true;
}

/* The loop sends it. Nothing may touch the request behind this, unless this is the loop. */
static void hand_in(struct request *request)
{
	struct connection *connection = request_connection(request);

	if (loop_is_current(connection->loop) && connection->handling)
		connection->answer_ready = true; /* the handler's caller looks */
	else
		loop_post(connection, POST_ANSWERED);
}

void request_answer_header(struct request *request, const char *name, const char *format, ...)
{
	struct buf *headers = &request->headers;
	va_list args;

	if (atomic_load(&request->answered))
		return;
	buf_add_text(headers, name);
	buf_add_text(headers, ": ");
	size_t start = headers->len;
	va_start(args, format);
	buf_vprintf(headers, format, args);
	va_end(args);
	for (size_t i = start; i < headers->len; i++)
		if (headers->data[i] == '\r' || headers->data[i] == '\n' || headers->data[i] == '\0')
			headers->data[i] = ' ';
	buf_add_text(headers, "\r\n");
}

static void part_add(struct request *request, const struct body_part *part, bool close_fd)
{
	request->parts = mem_grow(request->parts, request->parts_count, &request->parts_capacity, sizeof *request->parts);
	struct answer_part *mine = &request->parts[request->parts_count++];

	*mine = (struct answer_part){.part = *part, .close_fd = close_fd};
	if (part->fd >= 0)
		return;
	mine->part.length = (int64_t)part->bytes.len;
	mine->part.offset = 0;
	if (!part->release) {
		mine->copied = true;
		mine->copied_at = request->copied.len;
		buf_add_str(&request->copied, part->bytes);
	}
}

void request_answer_parts(struct request *request, int status, const struct body_part *parts, size_t count)
{
	if (!take_on(request, status)) {
		for (size_t i = 0; i < count; i++)
			part_release(&parts[i], closes_fd(parts, count, i));
		return;
	}
	for (size_t i = 0; i < count; i++) {
		part_add(request, &parts[i], closes_fd(parts, count, i));
		request->length += request->parts[i].part.length;
	}
	hand_in(request);
}

void request_answer(struct request *request, int status, struct str body)
{
	const struct body_part part = {.bytes = body, .fd = -1};

	request_answer_parts(request, status, &part, body.len ? 1 : 0);
}

void request_answer_head(struct request *request, int status, int64_t length)
{
	if (!take_on(request, status))
		return;
	request->length = length;
	request->head_only = true;
	hand_in(request);
}

void request_answer_file(struct request *request, int status, int fd, int64_t offset, int64_t length)
{
	const struct body_part part = {.fd = fd, .offset = offset, .length = length};

	request_answer_parts(request, status, &part, 1);
}
