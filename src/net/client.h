/*
 * The HTTP client, over libcurl: calls that wait, from any number of threads, over a pool of handles that keep their connections.
 * It follows no redirect by itself: who asks decides what of its headers another host may see.
 */
#ifndef NET_CLIENT_H
#define NET_CLIENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

struct http_client;
struct http_response;

struct http_client_settings {
	const char *user_agent;          /* "naru/0.1" */
	unsigned int connect_timeout_ms; /* 0: 30 s */
	unsigned int stall_timeout_ms;   /* no byte in either direction; 0: 60 s */
	/* Set by a signal or another thread to end every call with ERROR_CANCELED; may be NULL. */
	const atomic_bool *cancel;
};

/* settings is copied. The program has to ignore SIGPIPE: OpenSSL writes to sockets that the other side has closed. */
bool http_client_new(struct http_client **out, const struct http_client_settings *settings, struct error *err);
/* No call may be running. NULL is fine. */
void http_client_free(struct http_client *client);
/* Waits so long before another try; false with ERROR_CANCELED as soon as the cancel flag is set. */
bool http_client_wait(struct http_client *client, unsigned int ms, struct error *err);

/* TLS of one registry; NULL members mean the system's. Borrowed during the call. */
struct http_tls {
	const char *ca_folder_or_file; /* added to the system's; of a folder its *.crt files */
	const char *client_cert, *client_key;
	bool insecure; /* certificates are not checked */
};

struct http_request {
	const char *method;         /* "GET" */
	const char *url;            /* absolute, http or https */
	const char *const *headers; /* "Name: value", NULL-ended; NULL for none */
	const struct http_tls *tls;
	/* The body: memory; or bytes of a file; or none. */
	struct str body;
	int body_fd; /* used when body_length > 0 and body.data is NULL */
	int64_t body_offset, body_length;
	/* Bytes sent so far, for progress; may be NULL. Called on the caller's thread. */
	void (*sent)(void *argument, int64_t bytes);
	/*
	 * Gets the body of a 2xx answer as it comes, on the caller's thread; false with *err set ends the call with that error.
	 * NULL: the body is kept in the response. The body of any other status is always kept there, up to 1 MiB.
	 */
	bool (*received)(void *argument, struct str bytes, struct error *err);
	/* Told the head of the answer before its body; false with *err set ends the call. May be NULL. */
	bool (*head)(void *argument, const struct http_response *response, struct error *err);
	void *argument;
	size_t body_max; /* of a body that is kept: over it ERROR_TOO_LARGE; 0: 4 MiB */
};

struct http_header {
	char *name; /* lower case */
	char *value;
};

struct http_response {
	int status;
	char reason[64];             /* "Not Found", as the server says it; may be empty */
	struct http_header *headers; /* owned */
	size_t headers_count;
	struct buf body;
};

/* Over this an answer's head is refused: bytes of all its headers. */
#define HTTP_HEAD_MAX ((size_t)64 * 1024)

/*
 * Does one exchange. True when an answer came, whatever its status. Errors are in Go's words, as docker prints them
 * (`Get "https://h/v2/": dial tcp 127.0.0.1:5999: connect: connection refused`): ERROR_UNAVAILABLE for name, connection, time;
 * ERROR_CANCELED; ERROR_CORRUPT for a body cut short; or what a callback said. Free *response with http_response_free in either case.
 */
bool http_do(struct http_client *client, const struct http_request *request, struct http_response *response, struct error *err);
void http_response_free(struct http_response *response);
#define cleanup_http_response __attribute__((cleanup(http_response_free)))

/* The index-th header of that name (any case), or false. Borrowed. */
bool http_response_header(const struct http_response *response, const char *name, size_t index, struct str *value);

#endif
