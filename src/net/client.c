/*
 * The HTTP client's calls: a pool of curl's easy handles, each with its own kept connections, one taken for each exchange.
 * HTTP/1.1 only: transfers side by side are connections side by side, which is faster for large bodies than one multiplexed.
 */
#include "net/client.h"

#include <netdb.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "net/client_internal.h"
#include "net/url.h"

#define HANDLES_KEPT 16
#define HEADERS_MAX 256
#define ERROR_BODY_MAX ((size_t)1024 * 1024)
#define BODY_MAX_DEFAULT ((size_t)4 * 1024 * 1024)
#define RECEIVE_BUFFER_BYTES (512L * 1024)
#define SEND_BUFFER_BYTES (1024L * 1024)

struct http_client {
	const struct curl_library *curl;
	struct http_client_settings settings;
	char *user_agent;
	pthread_mutex_t lock; /* guards what is below */
	CURL *idle[HANDLES_KEPT];
	size_t idle_count;
};

bool http_client_new(struct http_client **out, const struct http_client_settings *settings, struct error *err)
{
	const struct curl_library *curl = curl_library(err);

	if (!curl)
		return false;
	/* Counted and safe between threads since curl 7.84. */
	if (curl->global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return error_set(err, ERROR_SYSTEM, "the HTTP client cannot be set up");

	struct http_client *client = mem_alloc(1, sizeof *client);
	client->curl = curl;
	client->settings = *settings;
	client->user_agent = str_dup(str_of(settings->user_agent));
	if (client->settings.connect_timeout_ms == 0)
		client->settings.connect_timeout_ms = 30000;
	if (client->settings.stall_timeout_ms == 0)
		client->settings.stall_timeout_ms = 60000;
	pthread_mutex_init(&client->lock, NULL);
	*out = client;
	return true;
}

void http_client_free(struct http_client *client)
{
	if (!client)
		return;
	for (size_t i = 0; i < client->idle_count; i++)
		client->curl->easy_cleanup(client->idle[i]);
	client->curl->global_cleanup();
	pthread_mutex_destroy(&client->lock);
	free(client->user_agent);
	free(client);
}

static bool client_canceled(const struct http_client *client)
{
	return client->settings.cancel && atomic_load(client->settings.cancel);
}

bool http_client_wait(struct http_client *client, unsigned int ms, struct error *err)
{
	int64_t until_us = clock_monotonic_us() + (int64_t)ms * 1000;

	for (;;) {
		int64_t left_us = until_us - clock_monotonic_us();
		if (client_canceled(client))
			return error_set(err, ERROR_CANCELED, "context canceled");
		if (left_us <= 0)
			return true;
		int64_t slice_us = left_us < 50000 ? left_us : 50000;
		nanosleep(&(struct timespec){.tv_nsec = slice_us * 1000}, NULL);
	}
}

/* The last one given back is the likeliest to have a connection to where this one goes. */
static CURL *handle_take(struct http_client *client)
{
	CURL *easy = NULL;

	pthread_mutex_lock(&client->lock);
	if (client->idle_count > 0)
		easy = client->idle[--client->idle_count];
	pthread_mutex_unlock(&client->lock);
	return easy ? easy : client->curl->easy_init();
}

static void handle_give_back(struct http_client *client, CURL *easy)
{
	client->curl->easy_reset(easy);
	pthread_mutex_lock(&client->lock);
	if (client->idle_count < HANDLES_KEPT) {
		client->idle[client->idle_count++] = easy;
		easy = NULL;
	}
	pthread_mutex_unlock(&client->lock);
	client->curl->easy_cleanup(easy);
}

/* ---- what curl calls while it runs ---- */

/* Which callback a 0 came from curl does not say: what it was stands in exchange->failed. */
static bool exchange_fail(struct exchange *exchange, struct error *err)
{
	return error_move(&exchange->failed, err);
}

/* As exchange_fail, for what the server did to us and not to our caller. */
static bool exchange_refuse(struct exchange *exchange, enum error_kind kind, const char *what)
{
	error_set(&exchange->failed, kind, "%s", what);
	return client_error_prefix(exchange, &exchange->failed);
}

/* A status line begins a new head: what an interim answer (100, 103) said is dropped. */
static bool head_begin(struct exchange *exchange, struct str line)
{
	struct http_response *response = exchange->response;
	struct str version, rest, reason = {0}, number;
	uint64_t status;

	http_response_free(response);
	if (!str_cut(line, ' ', &version, &rest))
		return false;
	if (!str_cut(rest, ' ', &number, &reason))
		number = rest;
	if (number.len != 3 || !str_to_u64(number, &status))
		return false;
	response->status = (int)status;
	reason = str_head(str_trim(reason), sizeof response->reason - 1);
	for (size_t i = 0; i < reason.len; i++)
		response->reason[i] = reason.data[i] >= ' ' && reason.data[i] < 127 ? reason.data[i] : '?';
	return true;
}

static void head_add(struct http_response *response, struct str name, struct str value)
{
	struct http_header *header;

	response->headers = mem_resize(response->headers, response->headers_count + 1, sizeof *response->headers);
	header = &response->headers[response->headers_count++];
	header->name = str_dup(str_trim(name));
	header->value = str_dup(str_trim(value));
	for (char *c = header->name; *c; c++)
		*c = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
}

static bool head_end(struct exchange *exchange)
{
	const struct http_request *request = exchange->request;
	cleanup_error struct error err = {0};

	if (exchange->response->status < 200)
		return true;
	exchange->head_complete = true;
	if (request->head && !request->head(request->argument, exchange->response, &err))
		return exchange_fail(exchange, &err);
	return true;
}

/* Gets one line of the head, its end included. Trailers of a chunked body come here too, and are dropped. */
static size_t on_header(char *data, size_t size, size_t count, void *argument)
{
	struct exchange *exchange = argument;
	struct str line = {data, size * count}, name, value;

	exchange->moved_at_us = clock_monotonic_us();
	if (exchange->head_complete)
		return line.len;
	exchange->head_bytes += line.len;
	if (exchange->head_bytes > HTTP_HEAD_MAX || exchange->response->headers_count >= HEADERS_MAX) {
		exchange_refuse(exchange, ERROR_TOO_LARGE, "net/http: server response headers exceeded their limit; aborted");
		return 0;
	}

	struct str text = str_trim(line);
	if (text.len == 0)
		return head_end(exchange) ? line.len : 0;
	if (str_starts(line, STR("HTTP/"))) {
		if (head_begin(exchange, text))
			return line.len;
		exchange_refuse(exchange, ERROR_INVALID, "malformed HTTP status line");
		return 0;
	}
	/* A line that continues the one before it (RFC 9112, 5.2, obsolete) is dropped: no header of ours is long enough. */
	if (line.data[0] != ' ' && line.data[0] != '\t' && str_cut(line, ':', &name, &value))
		head_add(exchange->response, name, value);
	return line.len;
}

static size_t on_body(char *data, size_t size, size_t count, void *argument)
{
	struct exchange *exchange = argument;
	const struct http_request *request = exchange->request;
	struct http_response *response = exchange->response;
	struct str bytes = {data, size * count};
	cleanup_error struct error err = {0};
	bool good = response->status >= 200 && response->status < 300;

	if (good && request->received) {
		if (!request->received(request->argument, bytes, &err))
			exchange_fail(exchange, &err);
		/* However long the receiver took: the other side was not at fault. */
		exchange->moved_at_us = clock_monotonic_us();
		return exchange->failed.kind == ERROR_NONE ? bytes.len : 0;
	}

	exchange->moved_at_us = clock_monotonic_us();
	size_t limit = !good ? ERROR_BODY_MAX : request->body_max ? request->body_max : BODY_MAX_DEFAULT;
	if (bytes.len <= limit - response->body.len) {
		buf_add_str(&response->body, bytes);
		return bytes.len;
	}
	if (good) {
		exchange_refuse(exchange, ERROR_TOO_LARGE, "the answer is larger than it may be");
	} else {
		buf_add_str(&response->body, str_head(bytes, limit - response->body.len));
		exchange->body_cut = true;
	}
	return 0;
}

static size_t on_send(char *data, size_t size, size_t count, void *argument)
{
	struct exchange *exchange = argument;
	const struct http_request *request = exchange->request;
	int64_t left = exchange->body_total - exchange->body_sent;
	size_t len = size * count;
	cleanup_error struct error err = {0};

	exchange->moved_at_us = clock_monotonic_us();
	if (request->sent)
		request->sent(request->argument, exchange->body_sent);
	if ((int64_t)len > left)
		len = (size_t)left;
	if (request->body.data) {
		memcpy(data, request->body.data + exchange->body_sent, len);
	} else if (len > 0) {
		size_t got;
		if (file_read_at(request->body_fd, data, len, request->body_offset + exchange->body_sent, &got, &err) && got == 0)
			error_set(&err, ERROR_SYSTEM, "the file to send is shorter than it was");
		if (err.kind != ERROR_NONE) {
			exchange_fail(exchange, &err);
			return CURL_READFUNC_ABORT;
		}
		len = got;
	}
	exchange->body_sent += (int64_t)len;
	return len;
}

/* curl sends a body again when a kept connection turns out to be closed. */
static int on_seek(void *argument, curl_off_t offset, int origin)
{
	struct exchange *exchange = argument;

	if (origin != SEEK_SET || offset < 0 || offset > exchange->body_total)
		return CURL_SEEKFUNC_CANTSEEK;
	exchange->body_sent = offset;
	return CURL_SEEKFUNC_OK;
}

/* Called at least once a second. */
static int on_progress(void *argument, curl_off_t down_total, curl_off_t down, curl_off_t up_total, curl_off_t up)
{
	struct exchange *exchange = argument;
	int64_t now_us = clock_monotonic_us();

	(void)down_total;
	(void)down;
	(void)up_total;
	if (up != exchange->uploaded) {
		exchange->uploaded = up;
		exchange->moved_at_us = now_us;
	}
	exchange->canceled = client_canceled(exchange->client);
	exchange->stalled = now_us - exchange->moved_at_us > (int64_t)exchange->client->settings.stall_timeout_ms * 1000;
	return exchange->canceled || exchange->stalled;
}

/* Remembers where to, for the error's words, and lets curl have its socket. */
static curl_socket_t on_open_socket(void *argument, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct exchange *exchange = argument;
	char host[64], port[8];

	(void)purpose;
	exchange->moved_at_us = clock_monotonic_us();
	if (getnameinfo(&address->addr, address->addrlen, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) == 0)
		snprintf(exchange->tried_peer, sizeof exchange->tried_peer, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* ---- setting up ---- */

static void easy_set_method(struct exchange *exchange)
{
	const struct http_request *request = exchange->request;
	const struct curl_library *curl = exchange->curl;
	CURL *easy = exchange->easy;
	struct str method = str_of(request->method);

	if (str_equal(method, STR("HEAD"))) {
		curl->easy_setopt(easy, CURLOPT_NOBODY, 1L);
		return;
	}
	if (str_equal(method, STR("GET")))
		return;
	if (!str_equal(method, STR("DELETE"))) {
		/* With a length of 0 too: a POST that opens an upload says Content-Length: 0. */
		curl->easy_setopt(easy, CURLOPT_UPLOAD, 1L);
		curl->easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)exchange->body_total);
		curl->easy_setopt(easy, CURLOPT_READFUNCTION, on_send);
		curl->easy_setopt(easy, CURLOPT_READDATA, exchange);
		curl->easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
		curl->easy_setopt(easy, CURLOPT_SEEKDATA, exchange);
		curl->easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, SEND_BUFFER_BYTES);
	}
	curl->easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
}

static void easy_set(struct exchange *exchange, struct curl_slist *headers)
{
	const struct http_client_settings *settings = &exchange->client->settings;
	const struct http_request *request = exchange->request;
	const struct curl_library *curl = exchange->curl;
	CURL *easy = exchange->easy;

	curl->easy_setopt(easy, CURLOPT_URL, request->url);
	curl->easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl->easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl->easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	curl->easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl->easy_setopt(easy, CURLOPT_USERAGENT, exchange->client->user_agent);
	curl->easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	curl->easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl->easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl->easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
	curl->easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl->easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)settings->connect_timeout_ms);
	curl->easy_setopt(easy, CURLOPT_BUFFERSIZE, RECEIVE_BUFFER_BYTES);
	curl->easy_setopt(easy, CURLOPT_ERRORBUFFER, exchange->words);
	/* As Go: a proxy of the environment is not for this machine itself. */
	if (url_is_loopback(str_of(request->url)))
		curl->easy_setopt(easy, CURLOPT_PROXY, "");

	curl->easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl->easy_setopt(easy, CURLOPT_HEADERDATA, exchange);
	curl->easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl->easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
	curl->easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
	curl->easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl->easy_setopt(easy, CURLOPT_XFERINFODATA, exchange);
	curl->easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
	curl->easy_setopt(easy, CURLOPT_OPENSOCKETDATA, exchange);
	easy_set_method(exchange);
}

/* A header of ours that holds a line's end would become two. */
static bool headers_make(const struct curl_library *curl, struct curl_slist **out, const struct http_request *request, struct error *err)
{
	*out = curl->slist_append(NULL, "Expect:");
	for (size_t i = 0; request->headers && request->headers[i]; i++) {
		if (strpbrk(request->headers[i], "\r\n"))
			return error_set(err, ERROR_INVALID, "a header to send has a line's end in it");
		*out = curl->slist_append(*out, request->headers[i]);
	}
	/* curl would add its own. */
	*out = curl->slist_append(*out, "Accept-Encoding:");
	return true;
}

static bool exchange_run(struct exchange *exchange, struct error *err)
{
	struct curl_slist *headers = NULL;
	bool done = false;

	if (headers_make(exchange->curl, &headers, exchange->request, err)) {
		easy_set(exchange, headers);
		CURLcode code = client_tls_set(exchange) ? CURLE_OK : CURLE_SSL_CACERT_BADFILE;
		exchange->moved_at_us = clock_monotonic_us();
		if (code == CURLE_OK)
			code = exchange->curl->easy_perform(exchange->easy);
		/* An error's body that is longer than anyone reads is still an answer. */
		done = code == CURLE_OK || (code == CURLE_WRITE_ERROR && exchange->body_cut);
		/* curl takes a head that just ends for a whole one. */
		if (done && !exchange->head_complete) {
			code = CURLE_PARTIAL_FILE;
			done = false;
		}
		if (!done)
			client_error(exchange, code, err);
		else if (exchange->request->sent && exchange->response->status < 300)
			exchange->request->sent(exchange->request->argument, exchange->body_sent);
	}
	exchange->curl->slist_free_all(headers);
	return done;
}

bool http_do(struct http_client *client, const struct http_request *request, struct http_response *response, struct error *err)
{
	struct exchange exchange = {.client = client, .curl = client->curl, .request = request, .response = response};

	*response = (struct http_response){0};
	if (client_canceled(client))
		return error_set(err, ERROR_CANCELED, "context canceled");
	exchange.easy = handle_take(client);
	if (!exchange.easy)
		return error_set(err, ERROR_SYSTEM, "the HTTP client has no memory");
	exchange.body_total = request->body.data ? (int64_t)request->body.len : request->body_length;

	bool done = exchange_run(&exchange, err);
	handle_give_back(client, exchange.easy);
	error_clear(&exchange.failed);
	return done;
}

/* ---- the answer ---- */

void http_response_free(struct http_response *response)
{
	for (size_t i = 0; i < response->headers_count; i++) {
		free(response->headers[i].name);
		free(response->headers[i].value);
	}
	free(response->headers);
	buf_free(&response->body);
	*response = (struct http_response){0};
}

bool http_response_header(const struct http_response *response, const char *name, size_t index, struct str *value)
{
	for (size_t i = 0; i < response->headers_count; i++) {
		if (str_equal_nocase(str_of(response->headers[i].name), str_of(name)) && index-- == 0) {
			*value = str_of(response->headers[i].value);
			return true;
		}
	}
	*value = (struct str){0};
	return false;
}
