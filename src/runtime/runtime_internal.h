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

/* Does somebody hold the lock that conmon inherits? */
bool container_alive(int folder_fd);
/* Fills status, exit code, times, pid and network from the folder. One without a folder counts as created. */
void container_read_state(struct container *container, int folder_fd);
/*
 * A pidfd of the first process, whose pid the file says; -1 with ERROR_CONFLICT "container … is not running". It is checked to be in the
 * container's cgroup, so that a pid that was given to somebody else since is never signalled.
 */
int container_pidfd(int folder_fd, const char *id, struct error *err);

/* Takes the rows away; the folder follows. */
bool container_forget(struct runtime *runtime, const char *id, struct error *err);

/* The absolute path of a program in $PATH; NULL with *err set, which says what to install. */
char *program_find(const char *name, const char *package, struct error *err);
/*
 * Runs a program with NULL-ended args to its end, text on its standard input. Its standard error goes into complaint (may be NULL).
 * ERROR_SYSTEM with what it said when it fails.
 */
bool program_run(const char *const *args, struct str input, struct buf *complaint, struct error *err);
/* The OCI runtime with a verb: "start", "delete --force". */
bool oci_runtime_run(const char *const *verb, const char *id, struct error *err);

#endif
