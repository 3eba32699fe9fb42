/*
 * A server for tests of clients: it says byte for byte what a test tells it to, on a free port of 127.0.0.1, a thread a connection.
 * A TLS hello is answered in plain text, as servers without TLS do, and is no request.
 */
#ifndef TESTS_UNIT_NET_FAKE_SERVER_H
#define TESTS_UNIT_NET_FAKE_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct fake_server;

struct fake_request {
	size_t index;      /* of all requests, from 0 */
	size_t connection; /* which connection it came on, from 0 */
	const char *head;  /* "GET /x HTTP/1.1\r\n…", NUL-ended, without the empty line */
	struct str body;   /* of a body with Content-Length, up to 8 MiB */
};

/* Answers on fd; false closes the connection. Called on the connection's thread. */
typedef bool fake_answer(void *argument, const struct fake_request *request, int fd);

/* Ends the program when there is no socket to be had. */
struct fake_server *fake_server_start(fake_answer *answer, void *argument);
/* "127.0.0.1:12345"; borrowed. */
const char *fake_server_address(const struct fake_server *server);
/* How many requests came so far. */
size_t fake_server_requests(struct fake_server *server);
/* Closes every connection and ends its threads. */
void fake_server_stop(struct fake_server *server);

/* Sends all of it; what the client no longer reads is dropped. Returns true, for `return fake_send(…)`: the connection stays. */
bool fake_send(int fd, struct str bytes);
bool fake_printf(int fd, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A header's value within a head, owned by the caller; NULL when it is not there. name in the case that the client writes. */
char *fake_header(const struct fake_request *request, const char *name);
/* Closes with a reset instead of an end. Returns false. */
bool fake_reset(int fd);

#endif
