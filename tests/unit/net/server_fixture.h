/*
 * A real server on a free port of 127.0.0.1 with routes that do what the tests want, and a client that sends bytes as they are. Reads of the client
 * give up after ten seconds, so that a server that hangs fails the test.
 */
#ifndef TESTS_UNIT_NET_SERVER_FIXTURE_H
#define TESTS_UNIT_NET_SERVER_FIXTURE_H

#include "tests/unit/unit.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "net/server.h"

#define FIXTURE_FILE_SIZE ((size_t)6 * 1024 * 1024 + 17)

struct fixture {
	struct server *server;
	struct server_settings settings; /* that it was started with */
	size_t port_of;                  /* the listener that clients connect to */
	char *file;                      /* the bytes of the file that /file answers */
	int file_fd;
	atomic_int begun, whole, broken; /* sinks that began, and how they ended */
	atomic_int answered;
	pthread_mutex_t lock; /* guards held */
	pthread_cond_t changed;
	bool held, holding; /* /hold waits while held; holding: it does */
};

/*
 * Its routes:
 *   GET /small            on the loop: "hello"
 *   GET /echo-query?x=    on a worker: the value of x; on the loop: /loop-query
 *   GET /file             the file; /cut: promises ten bytes more than it has; /parts: "<" its first three bytes "|" its last three ">"
 *   GET /peer             "PEER SCHEME HOST"
 *   GET /inject           a header with CR LF in its value
 *   GET /hold             waits until fixture_release
 *   GET /handed           on the loop, handed over to a worker
 *   POST /memory          the body, up to 1000 bytes; POST /large: "dropped", up to 4 MiB; POST /drop: "dropped", whatever the body
 *   PUT /up/{mode}        a sink: take answers the number of bytes and their sum; refuse answers 403 in begin; early answers 409 at its first chunk;
 *                         slow takes a while for each chunk
 *   GET /closed           admit answers 401
 */
void fixture_start(struct fixture *fixture, const struct server_limits *limits);
/* The same on these addresses. */
void fixture_start_listening(struct fixture *fixture, const struct server_limits *limits, const struct server_listener *listen, size_t listen_count,
	const struct server_tls *tls);
/* The same, believing these proxies. */
void fixture_start_trusting(struct fixture *fixture, const struct server_limits *limits, const char *const *proxies, size_t count);
void fixture_stop(struct fixture *fixture);
void fixture_release(struct fixture *fixture);
/* Waits until /hold is held. */
void fixture_wait_holding(struct fixture *fixture);
/* Waits until the counter is at least that; fails after ten seconds. */
void fixture_wait_count(atomic_int *counter, int value);
int fixture_port(const struct fixture *fixture);

struct client {
	int fd;
	struct buf in;   /* not used yet */
	struct buf body; /* of the last answer */
	struct buf head;
	int status;
};

void client_open(struct client *client, const struct fixture *fixture);
/* From another address of 127.0.0.0/8. */
void client_open_from(struct client *client, const struct fixture *fixture, const char *from);
void client_close(struct client *client);
void client_send(struct client *client, struct str bytes);
/* As client_send; false when the server does not take them. */
bool client_try_send(struct client *client, struct str bytes);
/* Reads the next answer; of one to HEAD only the head. False at the end of the connection, or when the body is cut short. */
bool client_answer(struct client *client, bool of_head);
/* Sends, reads the answer, and fails unless it has that status. */
void client_ask(struct client *client, struct str request, int status);
/* Whether the server closed the connection, with nothing more sent. */
bool client_ended(struct client *client);
bool client_header(const struct client *client, const char *name, struct str *value);

#endif
