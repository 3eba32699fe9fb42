/* conmon: the one process of ours that stays while a container runs. It holds the log, the streams, the lock "alive" and the published ports. */
#ifndef RUNTIME_SUPERVISOR_H
#define RUNTIME_SUPERVISOR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "runtime/runtime.h"

struct supervise {
	const struct container *container;
	const char *home, *path; /* the store, the container's folder */
	const char *program;     /* the OCI runtime */
	int folder;
	int alive;          /* locked: conmon inherits it */
	const int *sockets; /* likewise */
	size_t sockets_count;
};

struct supervisor {
	pid_t conmon; /* our child, or 0 */
};

/*
 * Starts conmon in this thread's namespaces, which has the runtime create the container, and returns when it stands (not yet started).
 * What the runtime complains of comes in docker's words where they are known.
 */
bool supervisor_start(const struct supervise *supervise, struct supervisor *out, struct error *err);
/* After a failure: the runtime forgets the container, conmon ends. */
void supervisor_abandon(struct supervisor *supervisor, const char *id);
/* 127 when the error says that the program was not found, 126 when it could not be run, else 125. */
int supervisor_failure_code(const struct error *err);
/* The runtime's words for a program that cannot be run as docker says them, in place in the message; program is what was to run. */
bool supervisor_complain(struct str words, const char *program, struct error *err);

#endif
