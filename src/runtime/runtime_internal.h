/* What the files of runtime/ share. */
#ifndef RUNTIME_RUNTIME_INTERNAL_H
#define RUNTIME_RUNTIME_INTERNAL_H

#include "base/file.h"
#include "base/mem.h"
#include "runtime/runtime.h"

/* Where the OCI runtime keeps what it knows of our containers; a tmpfs, empty after each boot. */
#define RUNTIME_RUN_FOLDER "/run/naru"
#define RUNTIME_STATE_FOLDER RUNTIME_RUN_FOLDER "/runtime"

struct runtime {
	char *home;   /* absolute */
	char *folder; /* HOME/containers */
	int folder_fd;
	struct db *db; /* borrowed */
};

/* The container's folder, opened; -1 with ERROR_NOT_FOUND when there is none. */
int container_folder_open(struct runtime *runtime, const char *id, struct error *err);
/* The folder as an absolute path, owned by the caller. */
char *container_folder_path(const struct runtime *runtime, const char *id);

/* ---- state.c ---- */

/* Does somebody hold the lock that conmon inherits? */
bool container_alive(int folder_fd);
/* The same, or, when its supervisor was killed, does its first process live? */
bool container_lives(int folder_fd, const char *id);
/* Fills status, exit code, times, pid and network from the folder. One without a folder counts as created. */
void container_read_state(struct container *container, int folder_fd);
/*
 * A pidfd of the first process, whose pid the file says; -1 with ERROR_CONFLICT "container … is not running". It is checked to be in the
 * container's cgroup, so that a pid that was given to somebody else since is never signalled.
 */
int container_pidfd(int folder_fd, const char *id, struct error *err);

/*
 * Who makes a container holds this from before its row until its program runs. A container that was not started and whose starter is gone is dead.
 * -1 with ERROR_CONFLICT when somebody else has it; it ends with the descriptor.
 */
int starter_lock(int folder_fd, struct error *err);
/* Its program runs, or ran. */
bool container_mark_started(int folder_fd, struct error *err);
bool container_was_started(int folder_fd);
/* Its files of an earlier run would be taken for the next one's. */
void container_forget_last_run(int folder_fd, const char *id);

/* ---- finish.c ---- */

/* The folder, locked: nobody else starts, ends or removes the container meanwhile. -1 when it cannot be opened or (not wait) is locked. */
int container_folder_lock(struct runtime *runtime, const char *id, bool wait, struct error *err);
/* What a container leaves on the host besides its folder. forgotten: the OCI runtime has been told already. */
void container_release(const char *id, int folder, bool forgotten);
/* In the locked folder of a container that has ended: releases it, and removes a throw-away one, or one without a row. */
bool container_finish(struct runtime *runtime, const char *id, int folder, bool forgotten, struct error *err);
/* Until conmon has let go (the exit code is written then) and no process of it lives. */
bool container_wait_for_end(int folder, const char *id, int64_t timeout_ms);

struct container_row {
	const char *id;
	bool there, throw_away;
};
/* A read: fills a struct container_row. */
bool container_row_ask(struct db_tx *tx, void *argument, struct error *err);
/* Takes the rows away; the folder follows. A throw-away container's need not be durable: after a power cut the next sweep takes them again. */
bool container_forget(struct runtime *runtime, const char *id, bool throw_away, struct error *err);

/* ---- sweep.c ---- */

/* One that its starter left behind: ends what was created, and removes a throw-away one. Waits for conmon when there is something to end. */
void container_settle(struct runtime *runtime, const char *id);

/* ---- attach.c ---- */

/*
 * Writes to our own standard output (or error). ERROR_CANCELED when its reader has gone; whatever else fails is said in docker's words: "write
 * /dev/stdout: no space left on device".
 */
bool output_write(int fd, bool is_err, const char *data, size_t len, struct error *err);

/* ---- program.c ---- */

/* The absolute path of a program in $PATH; NULL with *err set, which says what to install. */
char *program_find(const char *name, const char *package, struct error *err);
/*
 * Runs a program with NULL-ended args to its end, text on its standard input. Its standard error goes into complaint (may be NULL).
 * ERROR_SYSTEM with what it said when it fails.
 */
bool program_run(const char *const *args, struct str input, struct buf *complaint, struct error *err);
/* The OCI runtime with a verb: "start", "delete --force"; what it says goes into said (may be NULL). */
bool oci_runtime_run(const char *const *verb, const char *id, struct buf *said, struct error *err);
/* Begins "delete --force" and returns its pid, or 0 when it could not be begun; program_wait says whether it went well. */
pid_t oci_runtime_delete_begin(const char *id);
bool program_wait(pid_t pid);

#endif
