/* Content on its way out: whole, in ranges, or only its head; and its removal from a repository. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/random.h"
#include "registry/distribution/answers.h"
#include "registry/distribution/damage.h"
#include "registry/distribution/range.h"

static struct body_part part_of(struct blob_content *content, struct range range)
{
	if (content->fd >= 0)
		return (struct body_part){.fd = content->fd, .offset = range.offset, .length = range.length};
	return (struct body_part){.bytes = str_make(content->bytes.data + range.offset, (size_t)range.length), .fd = -1};
}

static void answer_whole(struct request *request, struct blob_content *content)
{
	if (content->fd < 0) {
		request_answer(request, 200, buf_str(&content->bytes));
		return;
	}
	int fd = content->fd;
	content->fd = -1;
	request_answer_file(request, 200, fd, 0, content->size_bytes);
}

static void answer_one_range(struct request *request, struct blob_content *content, struct range range)
{
	struct body_part part = part_of(content, range);

	request_answer_header(request, "Content-Range", "bytes %lld-%lld/%lld", (long long)range.offset, (long long)(range.offset + range.length - 1),
		(long long)content->size_bytes);
	content->fd = -1; /* the server's from here on */
	request_answer_parts(request, 206, &part, 1);
}

/* multipart/byteranges (RFC 9110, 15.3.7.2): one part a range, in the order asked for. */
static void answer_ranges(struct request *request, struct blob_content *content, const struct range *ranges, size_t count)
{
	struct body_part *parts = mem_alloc(2 * count + 1, sizeof *parts);
	char **heads = mem_alloc(count + 1, sizeof *heads);
	char boundary[33];
	size_t parts_count = 0;

	random_hex(boundary, 32);
	for (size_t i = 0; i < count; i++) {
		heads[i] = mem_printf("%s--%s\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes %lld-%lld/%lld\r\n\r\n",
			i ? "\r\n" : "", boundary, (long long)ranges[i].offset, (long long)(ranges[i].offset + ranges[i].length - 1),
			(long long)content->size_bytes);
		parts[parts_count++] = (struct body_part){.bytes = str_of(heads[i]), .fd = -1};
		parts[parts_count++] = part_of(content, ranges[i]);
	}
	heads[count] = mem_printf("\r\n--%s--\r\n", boundary);
	parts[parts_count++] = (struct body_part){.bytes = str_of(heads[count]), .fd = -1};
	request_answer_header(request, "Content-Type", "multipart/byteranges; boundary=%s", boundary);
	content->fd = -1;
	request_answer_parts(request, 206, parts, parts_count);
	for (size_t i = 0; i <= count; i++)
		free(heads[i]);
	free(heads);
	free(parts);
}

static void answer_content(struct request *request, struct blob_content *content, struct str digest)
{
	static const struct range none[1];
	struct str header;
	size_t count = 0;
	struct range *ranges = NULL;
	enum range_answer answer = RANGE_WHOLE;

	if (request_header(request, "Range", &header)) {
		struct str condition;
		bool holds = !request_header(request, "If-Range", &condition) || etag_is(condition, digest);

		ranges = mem_alloc(RANGES_MAX, sizeof *ranges);
		if (holds)
			answer = range_parse(header, content->size_bytes, ranges, &count);
	}
	if (answer == RANGE_UNSATISFIED) {
		request_answer_header(request, "Content-Range", "bytes */%lld", (long long)content->size_bytes);
		answer_error_code(request, CODE_RANGE_INVALID, digest, "range '%.*s' is not in these %lld bytes", STR_ARG(str_head(header, 100)),
			(long long)content->size_bytes);
	} else {
		answer_common_headers(request);
		if (count <= 1)
			request_answer_header(request, "Content-Type", "application/octet-stream");
		if (answer == RANGE_WHOLE)
			answer_whole(request, content);
		else if (count == 1)
			answer_one_range(request, content, ranges ? ranges[0] : none[0]);
		else
			answer_ranges(request, content, ranges, count);
	}
	free(ranges);
}

static void answer_blob(struct request *request, struct blob_content *content)
{
	struct str header, text = request_part(request, "digest");

	request_answer_header(request, "Docker-Content-Digest", "%.*s", STR_ARG(text));
	request_answer_header(request, "ETag", "\"%.*s\"", STR_ARG(text));
	request_answer_header(request, "Accept-Ranges", "bytes");
	request_answer_header(request, "Cache-Control", "max-age=31536000");
	if (request_header(request, "If-None-Match", &header) && etag_matches(header, text)) {
		answer_common_headers(request);
		request_answer_head(request, 304, 0);
	} else if (request_method(request) == HTTP_HEAD) {
		answer_common_headers(request);
		request_answer_header(request, "Content-Type", "application/octet-stream");
		request_answer_head(request, 200, content->size_bytes);
	} else {
		answer_content(request, content, text);
	}
}

/* On a worker: what the loop could not do without waiting, and what is not there or damaged. */
static void get_blob(struct request *request)
{
	cleanup_error struct error err = {0};
	cleanup_blob_content struct blob_content content = {.fd = -1};
	struct str name, text = request_part(request, "digest");
	struct digest digest;

	if (!request_repository(request, &name) || !request_digest(request, text, &digest))
		return;
	if (catalog_blob_open(request_distribution(request)->catalog, name, &digest, &content, &err)) {
		answer_blob(request, &content);
		return;
	}
	if (err.kind == ERROR_CORRUPT)
		answer_damaged(request, name, text, &err);
	else
		answer_error(request, SUBJECT_BLOB, &err);
}

void distribution_blob_get(struct request *request)
{
	cleanup_error struct error err = {0};
	cleanup_blob_content struct blob_content content = {.fd = -1};
	struct str name;
	struct digest digest;

	if (!request_repository(request, &name) || !request_digest(request, request_part(request, "digest"), &digest))
		return;
	if (catalog_blob_open_now(request_distribution(request)->catalog, name, &digest, &content, &err))
		answer_blob(request, &content);
	else if (err.kind == ERROR_NOT_FOUND)
		answer_error(request, SUBJECT_BLOB, &err);
	else
		request_hand_over(request, get_blob);
}

void distribution_blob_delete(struct request *request)
{
	cleanup_error struct error err = {0};
	struct str name;
	struct digest digest;

	if (!request_may_delete(request, "GET, HEAD") || !request_repository(request, &name) ||
		!request_digest(request, request_part(request, "digest"), &digest))
		return;
	if (!catalog_blob_delete(request_distribution(request)->catalog, name, &digest, &err)) {
		if (err.kind == ERROR_CONFLICT) /* which is 405, and those say what is allowed (RFC 9110, 15.5.6) */
			request_answer_header(request, "Allow", "GET, HEAD");
		answer_error(request, SUBJECT_BLOB, &err);
		return;
	}
	answer_empty(request, 202);
}
