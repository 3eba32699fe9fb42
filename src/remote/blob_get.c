/*
 * A blob's bytes, in order and once, whatever happens to the connections that they come over: what was delivered is never asked for again
 * (or is passed over, where the registry knows no ranges).
 */
#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "remote/remote_internal.h"

/* After so much of it, a lost connection is a new one and not the last one again (as podman counts). */
#define PROGRESS_BYTES (1024 * 1024)

struct download {
	bool (*received)(void *argument, struct str bytes, struct error *err);
	void *argument;
	int64_t size_bytes;
	int64_t next; /* the offset of the next byte to deliver */
	int64_t skip; /* bytes of this answer that were delivered before */
	bool ended;   /* by our caller, or by what no other try will mend */
};

/* "bytes 5-9/10": only where it begins matters, since what comes is counted. */
static bool range_begins(struct str header, int64_t *begin)
{
	struct str first, rest;

	return str_starts(header, STR("bytes ")) && str_cut(str_from(header, 6), '-', &first, &rest) && str_to_i64(first, begin);
}

static bool on_head(void *argument, const struct http_response *response, struct error *err)
{
	struct download *download = argument;
	struct str header;
	int64_t begin, length;

	if (response->status == 200) {
		download->skip = download->next;
		begin = 0;
	} else if (response->status != 206) {
		return true;
	} else if (!http_response_header(response, "content-range", 0, &header) || !range_begins(header, &begin) || begin != download->next) {
		download->ended = true;
		return error_set(err, ERROR_CORRUPT, "the registry sent another range than was asked for: '%.*s'", STR_ARG(str_head(header, 64)));
	}
	if (http_response_header(response, "content-length", 0, &header) && str_to_i64(header, &length) && length != download->size_bytes - begin) {
		download->ended = true;
		return error_set(err, ERROR_CORRUPT, "the registry sends %" PRId64 " bytes from %" PRId64 " on of a blob that has %" PRId64, length,
			begin, download->size_bytes);
	}
	return true;
}

static bool on_bytes(void *argument, struct str bytes, struct error *err)
{
	struct download *download = argument;

	if (download->skip > 0) {
		size_t skip = (int64_t)bytes.len < download->skip ? bytes.len : (size_t)download->skip;
		download->skip -= (int64_t)skip;
		bytes = str_from(bytes, skip);
		if (bytes.len == 0)
			return true;
	}
	if ((int64_t)bytes.len > download->size_bytes - download->next) {
		download->ended = true;
		return error_set(err, ERROR_CORRUPT, "the registry's blob has more than %" PRId64 " bytes", download->size_bytes);
	}
	download->next += (int64_t)bytes.len;
	if (download->received(download->argument, bytes, err))
		return true;
	download->ended = true;
	return false;
}

/* One answer's worth. True: all bytes are delivered. *again: they are not, and another try may help. */
static bool download_try(struct remote *remote, const char *url, const char *scope, struct download *download, bool *again, struct error *err)
{
	cleanup_http_response struct http_response response = {0};
	cleanup_free char *range = mem_printf("Range: bytes=%" PRId64 "-", download->next);
	struct http_request request = {
		.method = "GET",
		.url = url,
		.headers = (const char *[]){"Accept: */*", download->next > 0 ? range : NULL, NULL},
		.received = on_bytes,
		.head = on_head,
		.argument = download,
	};

	download->skip = 0;
	bool done = remote_exchange(remote, &request, scope, &response, err);
	*again = !download->ended && remote_may_pass(done, response.status, err);
	if (!done)
		return false;
	if (response.status != 200 && response.status != 206) {
		refusal_read(&response, "BLOB_UNKNOWN", err);
		return false;
	}
	if (download->next == download->size_bytes)
		return true;
	/* An answer without a length that just ended. */
	*again = true;
	return error_set(
		err, ERROR_CORRUPT, "the registry's blob ended after %lld of %lld bytes", (long long)download->next, (long long)download->size_bytes);
}

bool remote_blob_get(struct remote *remote, const char *path, const struct digest *digest, int64_t size_bytes, int64_t offset,
	bool (*received)(void *argument, struct str bytes, struct error *err), remote_waiting_function *waiting, void *argument, struct error *err)
{
	struct download download = {.received = received, .argument = argument, .size_bytes = size_bytes, .next = offset};
	char text[DIGEST_TEXT_MAX];

	if (offset == size_bytes)
		return true;
	if (!remote_connect(remote, err))
		return false;
	digest_format(digest, text);
	cleanup_free char *url = remote_url(remote, path, "blobs/%s", text);
	cleanup_free char *scope = remote_scope(path, "pull");

	for (unsigned int tries = 1;; tries++) {
		cleanup_error struct error failed = {0};
		int64_t before = download.next;
		bool again;
		if (download_try(remote, url, scope, &download, &again, &failed))
			return true;
		if (download.next - before >= PROGRESS_BYTES)
			tries = 1;
		if (!again || tries >= REMOTE_TRIES)
			return error_move(err, &failed);
		if (!remote_wait(remote, tries, waiting, argument, err))
			return false;
	}
}
