/*
 * One request to the registry and what may have to happen around it: a token before it, another after a 401, a redirect behind it, another try.
 * Everything asked of a registry here may be asked twice: content is named by its digest, and an upload that nobody ends is swept there.
 */
#include <string.h>

#include "base/mem.h"
#include "net/url.h"
#include "remote/remote_internal.h"

#define HEADERS_MAX 8

bool remote_may_pass(bool done, int status, const struct error *err)
{
	if (done)
		return status == 500 || status == 502 || status == 503 || status == 504;
	/* Corrupt is an answer that was cut short. */
	return err->kind == ERROR_UNAVAILABLE || err->kind == ERROR_CORRUPT;
}

bool remote_wait(struct remote *remote, unsigned int tries, remote_waiting_function *waiting, void *argument, struct error *err)
{
	unsigned int left_ms = remote->retry_delay_ms << (tries - 1);

	while (left_ms > 0) {
		/* So that what is said is whole seconds: the broken one comes first. */
		unsigned int seconds = (left_ms + 999) / 1000, slice_ms = left_ms - (seconds - 1) * 1000;

		if (waiting)
			waiting(argument, seconds);
		if (!http_client_wait(remote->client, slice_ms, err))
			return false;
		left_ms -= slice_ms;
	}
	return true;
}

bool remote_exchange_again(
	struct remote *remote, const struct http_request *request, const char *scope, struct http_response *response, struct error *err)
{
	for (unsigned int tries = 1;; tries++) {
		cleanup_error struct error failed = {0};
		bool done = remote_exchange(remote, request, scope, response, &failed);
		if (tries == REMOTE_TRIES || !remote_may_pass(done, response->status, &failed))
			return done || error_move(err, &failed);
		http_response_free(response);
		if (!remote_wait(remote, tries, NULL, NULL, err))
			return false;
	}
}

/* The request with one more header; url and certificates are those of where it goes. */
static bool send_to(struct remote *remote, const struct http_request *request, const char *url, const char *authorization,
	struct http_response *response, struct error *err)
{
	const char *headers[HEADERS_MAX + 2];
	struct http_request whole = *request;
	size_t count = 0;

	for (; request->headers && request->headers[count] && count < HEADERS_MAX; count++)
		headers[count] = request->headers[count];
	if (authorization)
		headers[count++] = authorization;
	headers[count] = NULL;
	whole.url = url;
	whole.headers = headers;
	whole.tls = remote_tls_for(remote, url);
	return http_do(remote->client, &whole, response, err);
}

static bool is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* From TLS to plain HTTP is a step that nobody asked for. */
static char *redirect_target(const struct remote *remote, const char *url, const struct http_response *response, struct error *err)
{
	struct str location;
	struct url_parts from, to;

	if (!http_response_header(response, "location", 0, &location)) {
		error_set(err, ERROR_INVALID, "%d response missing Location header", response->status);
		return NULL;
	}
	char *target = url_resolve(str_of(url), location, err);
	if (target && url_split(&from, str_of(url)) && url_split(&to, str_of(target)) && from.secure && !to.secure && !remote->insecure) {
		error_set(err, ERROR_INVALID, "redirected from HTTPS to plain HTTP: '%s'", target);
		free(target);
		return NULL;
	}
	return target;
}

/* To where the request goes first, with the credentials, and then where it is sent on to, with them only on the registry's own host. */
static bool follow(
	struct remote *remote, const struct http_request *request, const char *authorization, struct http_response *response, struct error *err)
{
	cleanup_free char *url = str_dup(str_of(request->url));
	bool may_follow = strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0;

	for (int redirects = 0;; redirects++) {
		bool ours = url_same_origin(str_of(url), str_of(remote->base));
		if (!send_to(remote, request, url, ours ? authorization : NULL, response, err))
			return false;
		if (!may_follow || !is_redirect(response->status))
			return true;
		if (redirects == REMOTE_REDIRECTS_MAX)
			return error_set(err, ERROR_INVALID, "stopped after %d redirects", REMOTE_REDIRECTS_MAX);
		char *target = redirect_target(remote, url, response, err);
		http_response_free(response);
		if (!target)
			return false;
		free(url);
		url = target;
	}
}

bool remote_exchange(struct remote *remote, const struct http_request *request, const char *scope, struct http_response *response, struct error *err)
{
	for (int tries = 0;; tries++) {
		cleanup_authorization struct authorization who = {0};
		if (!authorization_make(remote, scope, &who, err))
			return false;
		if (!follow(remote, request, who.header, response, err))
			return false;
		/* The second 401 is the answer; the first may be a token that has run out, or the first that we hear of tokens. */
		if (response->status != 401 || tries == 1)
			return true;
		if (!remote_challenged(remote, response, err))
			return false;
		if (who.token)
			token_cache_drop(&remote->tokens, scope ? scope : "", who.token);
		http_response_free(response);
	}
}

char *remote_url(struct remote *remote, const char *path, const char *rest, ...)
{
	struct buf url = {0};
	va_list args;

	buf_printf(&url, "%s/v2/%s/", remote->base, path);
	va_start(args, rest);
	buf_vprintf(&url, rest, args);
	va_end(args);
	return buf_take(&url);
}

char *remote_scope(const char *path, const char *actions)
{
	return mem_printf("repository:%s:%s", path, actions);
}

char *remote_location(const struct remote *remote, const char *url, const struct http_response *response, struct error *err)
{
	struct str header;

	if (!http_response_header(response, "location", 0, &header)) {
		error_set(err, ERROR_INVALID, "the registry's answer to \"%s\" has no Location", url);
		return NULL;
	}
	char *location = url_resolve(str_of(url), header, err);
	if (location && !url_same_origin(str_of(location), str_of(remote->base))) {
		error_set(err, ERROR_INVALID, "the registry %s names a place for an upload that is not its own: '%s'", remote->base, location);
		free(location);
		return NULL;
	}
	return location;
}
