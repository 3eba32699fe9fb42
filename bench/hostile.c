/*
 * Clients that mean no good, for a server that has to serve others beside them: each connection is of one kind and stays as it is, or is opened anew
 * when the server has ended it. Every connection is seen to once in a second, so that this takes little of the machine itself. It prints "open" when
 * all are, and ends after the seconds that it was told, or when its standard input ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench/http.h"

enum kind {
	IDLE,
	SLOW_HEAD, /* a byte of a header at a time */
	SLOW_BODY, /* of an upload */
	NO_READER, /* of a large answer */
	RESET,     /* in the middle of a head */
	HALF_CLOSED,
	GARBAGE,
	FLOOD, /* of headers without end */
	KINDS_COUNT,
};

struct hostile {
	const struct http_server *server;
	const char *blob;   /* a large one to ask for */
	const char *upload; /* where uploads begin */
};

static bool say(int fd, const char *text, size_t len)
{
	return send(fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)len || errno == EAGAIN;
}

/* What it says when it has just been opened. */
static bool greet(const struct hostile *hostile, enum kind kind, int fd)
{
	static const char garbage[] = "\x16\x03\x01\0\xff\r\n\r\nGET\0 / \n\n\r\r{}";
	char text[512];
	int len = 0;

	if (kind == SLOW_HEAD || kind == RESET || kind == FLOOD)
		len = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: r\r\nX-More: ", hostile->blob);
	else if (kind == SLOW_BODY)
		len = snprintf(
			text, sizeof text, "POST %s?digest=sha256:%064d HTTP/1.1\r\nHost: r\r\nContent-Length: 1000000\r\n\r\n", hostile->upload, 0);
	else if (kind == NO_READER || kind == HALF_CLOSED)
		len = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: r\r\n\r\n", hostile->blob);
	else if (kind == GARBAGE)
		return say(fd, garbage, sizeof garbage);
	return say(fd, text, (size_t)len) && (kind != HALF_CLOSED || shutdown(fd, SHUT_WR) == 0);
}

static int open_one(const struct hostile *hostile, enum kind kind)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), small = 4096;
	struct pollfd ready = {.fd = fd, .events = POLLOUT};

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	if ((connect(fd, (const struct sockaddr *)&hostile->server->address, sizeof hostile->server->address) < 0 && errno != EINPROGRESS) ||
		poll(&ready, 1, 1000) != 1 || !greet(hostile, kind, fd)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* One second later. False when it has to be opened anew. */
static bool go_on(enum kind kind, int fd)
{
	static char flood[4096];
	const struct linger reset = {1, 0};
	char answer[4096];

	if (kind == SLOW_HEAD || kind == SLOW_BODY)
		return say(fd, "a", 1);
	if (kind == FLOOD) {
		memset(flood, 'a', sizeof flood);
		return say(fd, flood, sizeof flood);
	}
	if (kind == RESET) {
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
		return false;
	}
	if (kind == NO_READER || kind == HALF_CLOSED) /* whether it still stands, without reading what came */
		return recv(fd, answer, 1, MSG_PEEK | MSG_DONTWAIT) > 0 || errno == EAGAIN;
	ssize_t got = recv(fd, answer, sizeof answer, MSG_DONTWAIT);
	return got > 0 || (got < 0 && errno == EAGAIN);
}

static bool told_to_end(void)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
	char byte;

	return poll(&input, 1, 0) == 1 && read(STDIN_FILENO, &byte, 1) == 0;
}

static void attack(const struct hostile *hostile, int *fds, size_t count, long seconds)
{
	const struct timespec pause = {0, 10 * 1000000};
	size_t each = count / 100 + 1;

	for (long turn = 0, at = 0; turn < seconds * 100 && !told_to_end(); turn++) {
		for (size_t i = 0; i < each; i++, at = (at + 1) % (long)count) {
			enum kind kind = (enum kind)(at % KINDS_COUNT);
			if (fds[at] >= 0 && go_on(kind, fds[at]))
				continue;
			if (fds[at] >= 0)
				close(fds[at]);
			fds[at] = open_one(hostile, kind);
		}
		nanosleep(&pause, NULL);
	}
}

int main(int argc, char **argv)
{
	struct http_server server;
	struct hostile hostile = {.server = &server};
	size_t open = 0;

	if (argc != 6 || !http_server_parse(&server, argv[1])) {
		fputs("usage: hostile IPV4:PORT CONNECTIONS SECONDS BLOB-PATH UPLOADS-PATH\n", stderr);
		return 2;
	}
	long count = strtol(argv[2], NULL, 10), seconds = strtol(argv[3], NULL, 10);
	hostile.blob = argv[4];
	hostile.upload = argv[5];
	if (count < 1 || count > 100000 || seconds < 1)
		return 2;
	int *fds = calloc((size_t)count, sizeof *fds);
	for (long i = 0; i < count; i++) {
		fds[i] = open_one(&hostile, (enum kind)(i % KINDS_COUNT));
		open += fds[i] >= 0;
	}
	printf("open %zu\n", open);
	fflush(stdout);
	attack(&hostile, fds, (size_t)count, seconds);
	free(fds);
	return open == (size_t)count ? 0 : 1;
}
