/* Whether a repository has a blob, and ways to give it one (OCI distribution-spec 1.1, "Pushing a blob monolithically", "Mounting"). */
#include <string.h>

#include "base/mem.h"
#include "net/url.h"
#include "remote/remote_internal.h"

bool remote_blob_exists(struct remote *remote, const char *path, const struct digest *digest, bool *exists, struct error *err)
{
	cleanup_http_response struct http_response response = {0};
	char text[DIGEST_TEXT_MAX];

	if (!remote_connect(remote, err))
		return false;
	digest_format(digest, text);
	cleanup_free char *url = remote_url(remote, path, "blobs/%s", text);
	/* It is asked before a push: one token does for both. */
	cleanup_free char *scope = remote_scope(path, "pull,push");
	struct http_request request = {.method = "HEAD", .url = url};

	if (!remote_exchange_again(remote, &request, scope, &response, err))
		return false;
	*exists = response.status == 200;
	if (*exists || response.status == 404)
		return true;
	refusal_read(&response, "BLOB_UNKNOWN", err);
	return false;
}

void remote_upload_free(struct remote_upload *upload)
{
	free(upload->location);
	*upload = (struct remote_upload){0};
}

/* POST blobs/uploads/; query is empty or begins with "?". */
static bool upload_post(struct remote *remote, const char *path, const char *query, const char *scope, struct http_response *response,
	struct remote_upload *upload, struct error *err)
{
	cleanup_free char *url = remote_url(remote, path, "blobs/uploads/%s", query);
	struct http_request request = {.method = "POST", .url = url};

	if (!remote_exchange_again(remote, &request, scope, response, err))
		return false;
	if (response->status == 202)
		upload->location = remote_location(remote, url, response, err);
	return response->status != 202 || upload->location;
}

/* A registry that refuses a mount for what it would mount from may still take the blob: only the plain upload can tell. */
bool remote_blob_mount(struct remote *remote, const char *path, const struct digest *digest, const char *from, bool *mounted,
	struct remote_upload *upload, struct error *err)
{
	cleanup_http_response struct http_response response = {0};
	cleanup_buf struct buf query = {0};
	char text[DIGEST_TEXT_MAX];

	*mounted = false;
	if (!remote_connect(remote, err))
		return false;
	buf_add_text(&query, "?mount=");
	buf_add_str(&query, str_make(text, digest_format(digest, text)));
	buf_add_text(&query, "&from=");
	url_encode(&query, str_of(from));
	cleanup_free char *scope = mem_printf("repository:%s:pull,push repository:%s:pull", path, from);
	if (!upload_post(remote, path, query.data, scope, &response, upload, err))
		return false;
	*mounted = response.status == 201;
	if (*mounted || response.status == 202 || (response.status >= 400 && response.status < 500))
		return true;
	refusal_read(&response, "NAME_UNKNOWN", err);
	return false;
}

static bool upload_open(struct remote *remote, const char *path, const char *scope, struct remote_upload *upload, struct error *err)
{
	cleanup_http_response struct http_response response = {0};

	if (!upload_post(remote, path, "", scope, &response, upload, err))
		return false;
	if (response.status == 202)
		return true;
	refusal_read(&response, "NAME_UNKNOWN", err);
	return false;
}

/* The Location with its own query kept, and the digest behind it. */
static char *upload_put_url(const char *location, const char *digest)
{
	struct buf url = {0};

	buf_printf(&url, "%s%cdigest=", location, strchr(location, '?') ? '&' : '?');
	url_encode(&url, str_of(digest));
	return buf_take(&url);
}

/* *again: it was not taken, and a new upload may be. */
static bool upload_put(struct remote *remote, const char *url, const char *scope, const struct http_request *content, bool *again, struct error *err)
{
	cleanup_http_response struct http_response response = {0};
	struct http_request request = *content;

	request.method = "PUT";
	request.url = url;
	request.headers = (const char *[]){"Content-Type: application/octet-stream", NULL};
	bool done = remote_exchange(remote, &request, scope, &response, err);
	*again = remote_may_pass(done, response.status, err);
	if (!done)
		return false;
	if (response.status == 201 || response.status == 204)
		return true;
	/* A session that the registry has lost, or in which it holds what a connection brought that was cut: libcurl repeats a PUT by itself then. */
	*again = *again || response.status == 404 || response.status == 416;
	refusal_read(&response, "BLOB_UPLOAD_UNKNOWN", err);
	return false;
}

bool remote_blob_push(struct remote *remote, const char *path, const struct digest *digest, const struct remote_content *content,
	struct remote_upload *upload, void (*sent)(void *argument, int64_t bytes), remote_waiting_function *waiting, void *argument,
	struct error *err)
{
	char text[DIGEST_TEXT_MAX];
	struct http_request body = {
		.body = content->bytes,
		.body_fd = content->fd,
		.body_offset = content->offset,
		.body_length = content->size_bytes,
		.sent = sent,
		.argument = argument,
	};

	if (!remote_connect(remote, err))
		return false;
	digest_format(digest, text);
	cleanup_free char *scope = remote_scope(path, "pull,push");
	for (unsigned int tries = 1;; tries++) {
		cleanup_error struct error failed = {0};
		cleanup_remote_upload struct remote_upload opened = {0};
		bool again;
		if (upload && upload->location) {
			opened = *upload;
			*upload = (struct remote_upload){0};
		} else if (!upload_open(remote, path, scope, &opened, err)) {
			return false;
		}
		cleanup_free char *url = upload_put_url(opened.location, text);
		if (upload_put(remote, url, scope, &body, &again, &failed))
			return true;
		if (!again || tries == REMOTE_TRIES)
			return error_move(err, &failed);
		if (!remote_wait(remote, tries, waiting, argument, err))
			return false;
	}
}
