/*
 * The HTTP/1.1 server: epoll loops, a guard and llhttp before every request, workers for whatever may wait.
 *
 * A request lives on one loop. Its handler runs on the loop or on a worker, as the route says; a handler on the loop never waits.
 * A body that streams is handed to the route's sink on workers, piece by piece, never two calls of one request at a time; while no buffer is
 * free the loop does not read that socket, so memory is bounded whatever comes. Every request is answered exactly once, by one of the
 * request_answer functions, from any thread; after that call the request may be gone.
 */
#ifndef NET_SERVER_H
#define NET_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

struct server;
struct request;

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_PUT, HTTP_PATCH, HTTP_DELETE, HTTP_OPTIONS, HTTP_METHODS_COUNT };
/* "GET". */
const char *http_method_name(enum http_method method);

enum route_place {
	ROUTE_ON_LOOP,   /* memory only; may go on with request_hand_over */
	ROUTE_ON_WORKER, /* may wait */
};

/*
 * Where a streamed body goes. All three run on workers. begin looks at the request's head: it returns true to take the body, or answers and returns
 * false (the connection then closes if the body is large; nothing more is called). chunk gets the bytes in order; when it has answered it returns
 * false and gets no more. end comes exactly once after a begin that returned true: complete is false when the client went away, the body was
 * malformed or chunk returned false; only then nobody needs to answer, and the request may be gone when end returns.
 */
struct body_sink {
	bool (*begin)(struct request *request);
	bool (*chunk)(struct request *request, struct str bytes);
	void (*end)(struct request *request, bool complete);
};

struct route {
	unsigned int methods;   /* bits 1 << HTTP_GET …; a route with GET answers HEAD too: the server keeps the body back */
	const char *pattern;    /* "/v2/{name}/blobs/{digest}": {name} takes one or more path parts, any other one part; matched from the right end */
	enum route_place place; /* of handle */
	void (*handle)(struct request *request); /* NULL when sink is set */
	const struct body_sink *sink;            /* the body streams; NULL: it is read into memory before handle runs */
	size_t body_max;                         /* bytes of a body read into memory; more is 413. 0: a body is drained and dropped */
	int access;                              /* for the one who admits; the server does not look at it */
};

/* Where connections come in. */
struct server_listener {
	/* "127.0.0.1:5000", "[::1]:0" (port 0 takes a free one), "unix:/run/x.sock", or "fd:3": a socket that somebody opened and listens on for us.
	 */
	const char *address;
	bool tls;
};

struct server_tls {
	const char *cert_file; /* PEM: the certificate, then its chain */
	const char *key_file;  /* PEM, without a passphrase */
	bool only_1_3;         /* else TLS 1.2 and 1.3 */
};

struct server_limits {
	size_t connections;           /* open at once; more wait in the kernel */
	size_t header_bytes;          /* request line and headers: 431 */
	size_t buffers;               /* of 128 KiB, for all bodies together */
	unsigned int head_timeout_ms; /* from a connection's or request's first byte to the end of its head: 408 */
	unsigned int idle_timeout_ms; /* between requests */
	unsigned int body_timeout_ms; /* without a byte moving, in either direction */

	/* Of these 0 is no limit. An address is the client's: behind a trusted proxy the one that it names. */
	size_t connections_per_address;   /* open at once; more are closed at accept */
	unsigned int requests_per_second; /* of one address; more: 429 with Retry-After */
	unsigned int requests_burst;      /* … and how many it may be ahead */
	unsigned int body_rate_min;       /* bytes a second, over any 30 s or so, that a body has to move; slower: 408 and close */
};
/* 10,000 connections, 32 KiB, 64 buffers, 20 s, 120 s, 60 s; the others 0. */
extern const struct server_limits server_limits_default;

struct server_settings {
	const struct server_listener *listen;
	size_t listen_count;
	const struct server_tls *tls;       /* NULL: no listener has tls */
	const char *const *trusted_proxies; /* "10.0.0.0/8", "::1", "unix": whose Forwarded and X-Forwarded-* are believed */
	size_t trusted_proxies_count;
	size_t loops;   /* 0: one a core */
	size_t workers; /* 0: 16 */
	struct server_limits limits;
	const struct route *routes; /* kept: must outlive the server */
	size_t routes_count;
	void *context; /* request_context gives it back */
	/* Asked on the loop before a handler or sink runs; false: it has answered. NULL: everybody is let in. */
	bool (*admit)(struct request *request, const struct route *route);
	/* Answers what the server itself refuses (404 no route, 405, 413, 431 …), so that its body is in the house's form. NULL: plain text. */
	void (*refuse)(struct request *request, int status, const char *why);
	/* Told on the loop when an answer has left or failed, for the log and the counters. May be NULL. */
	void (*answered)(const struct request *request, int status, int64_t sent_bytes, int64_t took_us);
};

/*
 * Binds, starts loops and workers and accepts. An address that is taken is ERROR_CONFLICT and names it; a certificate or key that cannot be used is
 * ERROR_INVALID or the reading's own error, and names the file. Of the settings only the routes are kept by reference.
 */
bool server_start(struct server **out, const struct server_settings *settings, struct error *err);
/* The address of listener index as text, "127.0.0.1:5000" with the real port, or "unix:/run/x.sock". Borrowed. */
const char *server_address(const struct server *server, size_t index);
/*
 * Reads certificate and key again, and takes limits (but buffers) and trusted proxies from settings; routes and listeners stay. New connections use
 * them, open ones keep the certificate that they began with. On an error everything stays as it was. From any thread, one at a time.
 */
bool server_reload(struct server *server, const struct server_settings *settings, struct error *err);

/* What has happened since the start; open and buffers_free are of this moment. */
struct server_counters {
	uint64_t accepted, open;
	uint64_t refused_connections;               /* how often a loop paused because all places were taken: who comes then waits in the kernel */
	uint64_t refused_per_address, refused_rate; /* beyond connections_per_address, requests_per_second */
	uint64_t timeouts;                          /* of a head, a body, or an answer's way out; not idle connections */
	uint64_t tls_handshakes, tls_failures,
		tls_resumed;                 /* handshakes that came to their end, those that did not, and how many of the first used a ticket */
	uint64_t received_bytes, sent_bytes; /* within TLS where there is some */
	size_t buffers_free;
	int64_t tls_not_after_s; /* when the first certificate of the chain in use ends, seconds since 1970; 0: no TLS */
};
/* From any thread. The figures are each right, and not of quite the same moment. */
void server_counters(const struct server *server, struct server_counters *out);

/* Accepts no more, lets what runs finish for up to timeout_ms, then closes everything, ends the threads and frees it. */
void server_stop(struct server *server, unsigned int timeout_ms);

/* ---- a request; all borrowed, valid until it is answered ---- */

void *request_context(const struct request *request);
enum http_method request_method(const struct request *request);
/* Path and query as sent, "/v2/x/tags/list?n=2". */
struct str request_target(const struct request *request);
/* The path alone, percent-decoded. */
struct str request_path(const struct request *request);
/* What a {part} of the pattern took, percent-decoded; empty when the pattern has none of that name. */
struct str request_part(const struct request *request, const char *name);
/* The first query parameter of that name, decoded; false when there is none. */
bool request_query(const struct request *request, const char *name, struct str *value);
/* The index-th one of several of the same name. */
bool request_query_at(const struct request *request, const char *name, size_t index, struct str *value);
/* A header by name, any case; the first one, or the index-th of several. Empty and false when there is none. */
bool request_header(const struct request *request, const char *name, struct str *value);
bool request_header_at(const struct request *request, const char *name, size_t index, struct str *value);
/* Content-Length; -1 when the body is chunked, 0 when there is none. */
int64_t request_body_length(const struct request *request);
/* The body, when the route had it read into memory. */
struct str request_body(const struct request *request);
/* The client, "127.0.0.1:43210" or "unix"; behind trusted proxies the address that they name. */
struct str request_peer(const struct request *request);
/* "http" or "https", as the client sees it: its proxy's word when that is trusted. */
struct str request_scheme(const struct request *request);
/* host[:port] as the client sees it; empty when it sent none (HTTP/1.0). */
struct str request_host(const struct request *request);
/* The route that it has; NULL when the server refuses it before one is found. */
const struct route *request_route(const struct request *request);
/* The index of its loop, 0 …: for what is counted by each loop apart. */
size_t request_loop(const struct request *request);
/* 16 hex digits, given by the server; answered as X-Request-Id. */
struct str request_id(const struct request *request);
/* A pointer of the handler's own; a sink keeps its state here. NULL at first. */
void request_set_state(struct request *request, void *state);
void *request_state(const struct request *request);

/* ---- its answer ---- */

/* Adds a header to the answer to come. Content-Length, Connection, Date and X-Request-Id are the server's. CR, LF and NUL in the value become blanks.
 */
void request_answer_header(struct request *request, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* A piece of an answer's body: memory or a range of a file. */
struct body_part {
	struct str bytes;                /* used when fd is -1 */
	void (*release)(void *argument); /* called when the bytes are no longer needed, on any thread; NULL: the bytes are copied now */
	void *argument;
	int fd;                 /* a file, or -1; the server closes it with the last part that has it */
	int64_t offset, length; /* bytes of the file */
};

/* Answers with these parts, one after the other. */
void request_answer_parts(struct request *request, int status, const struct body_part *parts, size_t count);
/* Answers with a copy of these bytes, or none. */
void request_answer(struct request *request, int status, struct str body);
/* Answers a HEAD, or any answer that has a length and no body. */
void request_answer_head(struct request *request, int status, int64_t length);
/* Answers with length bytes of the file from offset on; takes fd over. On plain TCP the kernel sends it. */
void request_answer_file(struct request *request, int status, int fd, int64_t offset, int64_t length);

/* From a handler on the loop: goes on with handle on a worker. Nothing may touch the request after this call. */
void request_hand_over(struct request *request, void (*handle)(struct request *request));

#endif
