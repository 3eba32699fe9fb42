/*
 * Containers, from create to remove, without a daemon. A container is a row (src/db/sql/local.sql, "containers") and a folder,
 * containers/<64 hex>/ of the store; while it runs, conmon supervises it and crun made it. What is true is asked of the kernel each time: who
 * lives holds a lock. docs/decisions/0006-containers.md.
 *
 *   config.json   the OCI bundle's          rootfs/       the overlay's mount point, in conmon's own mount namespace
 *   upper/ work/  what the container wrote  hosts hostname resolv.conf
 *   log           its output (k8s-file)     exit/<id>     its exit code, once it has ended
 *   alive         locked by conmon          network.json  its addresses and ports, from its start until it is tidied up
 *   pid           of its first process      front         locked by a `run` that stays and will tidy up itself
 *   starter       locked by who makes and starts it, until its program runs; then there is "started"
 */
#ifndef RUNTIME_RUNTIME_H
#define RUNTIME_RUNTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/str.h"
#include "db/db.h"
#include "local/local.h"
#include "runtime/port.h"
#include "runtime/settings.h"

struct runtime;

#define CONTAINER_ID_LENGTH 64
#define CONTAINER_SHORT_ID_LENGTH 12

/* Over a store's folder and its database, both borrowed. Makes containers/ in it. Free with runtime_close. */
bool runtime_open(struct runtime **out, const char *home, struct db *db, struct error *err);
void runtime_close(struct runtime *runtime);

/* ---- what there is ---- */

enum container_status { CONTAINER_CREATED, CONTAINER_RUNNING, CONTAINER_EXITED };

/* A port as it is published: host_first is what was bound. */
struct container_network {
	char address[INET6_ADDRSTRLEN], address6[INET6_ADDRSTRLEN]; /* "" for none */
	struct port_specs ports;                                    /* one an address: "0.0.0.0" and "::" are two */
};

struct container {
	char id[CONTAINER_ID_LENGTH + 1];
	char *name;       /* owned, likewise all below */
	char *image_name; /* as the user wrote it */
	struct digest image;
	int64_t created_at_us;
	struct settings settings;
	/* As of when it was read: */
	enum container_status status;
	int exit_code;          /* of CONTAINER_EXITED; 255 when nobody saw the end */
	int64_t started_at_us;  /* 0: never */
	int64_t finished_at_us; /* 0: not yet, or nobody saw it */
	pid_t pid;              /* of the first process while it runs, else 0 */
	struct container_network network;
};

void container_free(struct container *container);
#define cleanup_container __attribute__((cleanup(container_free)))

/* By name, ID or a unique prefix of the ID. ERROR_NOT_FOUND "No such container: x". */
bool container_find(struct runtime *runtime, const char *name_or_id, struct container *out, struct error *err);
/* All, newest first; owned, free with containers_free. */
bool containers_list(struct runtime *runtime, struct container **out, size_t *count, struct error *err);
void containers_free(struct container *containers, size_t count);
/* Is there a process of it? For local_image_remove's question; argument is the struct runtime. */
bool container_is_running(void *runtime, const char *id);
/*
 * Finishes what a crash left: throw-away containers that have ended, or whose starter was killed; those that were created and never started (they
 * stay as "Created", unless throw-away); folders without a row. Waits only for what it ends itself.
 */
void containers_sweep(struct runtime *runtime);

/* ---- from create to remove ---- */

struct container_create {
	const char *name; /* NULL: a random one */
	const char *image_name;
	const struct local_image *image;
	const struct settings *settings;
};

/*
 * Makes folder and row, and holds the image. ERROR_CONFLICT "Conflict. The container name …" ; ERROR_INVALID "Invalid container name …".
 * *starter is a descriptor that the caller keeps until the container was started, or is to stay as "Created": a throw-away one that nobody keeps so
 * is swept away.
 */
bool container_create(struct runtime *runtime, const struct container_create *create, struct container *out, int *starter, struct error *err);

struct container_start {
	const struct local_image *image;
	bool attach;                /* open a session's attach socket before the program starts: nothing of its output is lost */
	unsigned int rows, columns; /* of the terminal, 0: not known */
};

/* A container that was started, as its starter sees it. Free with session_end. */
struct session {
	char id[CONTAINER_ID_LENGTH + 1];
	int folder;     /* descriptors; -1 when there is none */
	int attach;     /* conmon's socket: packets out, bytes in */
	int front;      /* the lock that says that we tidy up */
	int pidfd;      /* of the first process */
	int supervisor; /* pidfd of conmon, our child: it ends with the container's exit code, after all has been tidied up */
	pid_t conmon;
	pid_t deleting; /* the OCI runtime, being told to forget it; 0 for none */
};

/*
 * Starts it. exit_code says what `run` ends with when this fails: 127 when the program is not found, 126 when it cannot be run, else 125.
 */
bool container_start(struct runtime *runtime, const struct container *container, const struct container_start *start, struct session *out,
	int *exit_code, struct error *err);
void session_end(struct session *session);
/*
 * After attaching: tidies up when the container has ended (the network is given back, a throw-away one removed), and leaves that to conmon's exit
 * command when it goes on.
 */
bool session_leave(struct runtime *runtime, struct session *session, struct error *err);
#define cleanup_session __attribute__((cleanup(session_end)))

/* SIGTERM (or the image's signal), then after timeout_s seconds SIGKILL; waits for the end. One that does not run is fine. */
bool container_stop(struct runtime *runtime, const struct container *container, int timeout_s, struct error *err);
/* Sends a signal to the first process; ERROR_CONFLICT when it does not run. */
bool container_signal(struct runtime *runtime, const struct container *container, int signal, struct error *err);
/* Row, folder and all; a running one is ERROR_CONFLICT unless force, which kills it. */
bool container_remove(struct runtime *runtime, const struct container *container, bool force, struct error *err);
/* What conmon calls when a container has ended: gives its network back, and removes a throw-away one. */
bool container_ended(struct runtime *runtime, const char *id, struct error *err);

/* ---- its output ---- */

struct attach {
	struct session *session;
	int in, out, err; /* in is -1 when nothing is passed on */
	bool terminal;    /* in is a terminal of ours in raw mode: the detach keys count, and its size is passed on */
	bool detach_keys;
};

enum attach_end { ATTACH_EXITED, ATTACH_DETACHED };

/* Passes bytes and signals until the container ends (*exit_code) or the user detaches. The signals must be blocked by the caller. */
bool container_attach(const struct attach *attach, enum attach_end *end, int *exit_code, struct error *err);

struct container_logs {
	bool follow, timestamps;
	int64_t tail;     /* the last lines; -1: all */
	int out, err;     /* descriptors */
	int64_t since_us; /* 0: all */
};

/* Writes the output so far, and while it runs what comes, with follow. */
bool container_logs(struct runtime *runtime, const struct container *container, const struct container_logs *logs, struct error *err);

#endif
