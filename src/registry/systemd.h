/*
 * What systemd and a service tell each other: sockets that it opened, sd_listen_fds(3), and how things go, sd_notify(3). Both protocols are a few
 * lines and documented as stable there, so libsystemd is not needed. Without systemd all of it is nothing.
 */
#ifndef REGISTRY_SYSTEMD_H
#define REGISTRY_SYSTEMD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define SYSTEMD_SOCKETS_MAX 16

struct systemd_socket {
	int fd;
	char *name;       /* FileDescriptorName= of its unit; "unknown" when none came with it */
	bool is_unix;     /* no network */
	bool is_loopback; /* unix, 127.0.0.0/8 or ::1 */
};

struct systemd_sockets {
	struct systemd_socket list[SYSTEMD_SOCKETS_MAX];
	size_t count;
};

/* Takes those that were opened for this process, and the variables that say so out of the environment. Call it before threads start. */
bool systemd_sockets_take(struct systemd_sockets *out, struct error *err);
void systemd_sockets_free(struct systemd_sockets *sockets);

/* Sends lines like "READY=1\nSTATUS=…" to whoever started us; nothing when nobody asked for them. What goes wrong is a line in the log. */
void systemd_notify(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
