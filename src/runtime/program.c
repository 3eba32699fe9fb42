/* Programs that we run: crun, nft. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/runtime_internal.h"

#define COMPLAINT_MAX (16 * 1024)

extern char **environ;

char *program_find(const char *name, const char *package, struct error *err)
{
	const char *path = getenv("PATH");
	struct str rest = str_of(path && *path ? path : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");

	while (rest.len) {
		struct str folder;

		if (!str_cut(rest, ':', &folder, &rest)) {
			folder = rest;
			rest = (struct str){0};
		}
		char *full = mem_printf("%.*s/%s", STR_ARG(folder), name);
		if (full[0] == '/' && access(full, X_OK) == 0)
			return full;
		free(full);
	}
	error_set(err, ERROR_NOT_FOUND, "%s is not installed (Debian's package %s)", name, package);
	return NULL;
}

/* Starts it with its three streams; the signals that we block or ignore are its own again. */
static bool start(pid_t *pid, const char *const *args, int in, int out, struct error *err)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, standard;

	sigemptyset(&none);
	sigemptyset(&standard);
	sigaddset(&standard, SIGPIPE);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &standard);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDERR_FILENO);
	int problem = posix_spawn(pid, args[0], &actions, &attributes, (char *const *)args, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return problem == 0 || error_set_errno(err, problem, "start %s", args[0]);
}

/* What it says, up to a limit: the rest is read and dropped, so that it never waits for us. */
static void read_complaint(int fd, struct buf *complaint)
{
	char part[4096];
	ssize_t got;

	while ((got = read(fd, part, sizeof part)) > 0 || (got < 0 && errno == EINTR))
		if (got > 0 && complaint->len < COMPLAINT_MAX)
			buf_add(complaint, part, (size_t)got);
}

bool program_run(const char *const *args, struct str input, struct buf *complaint, struct error *err)
{
	cleanup_buf struct buf own = {0};
	cleanup_fd int in = memfd_create("input", MFD_CLOEXEC), read_end = -1, write_end = -1;
	int ends[2], status;
	pid_t pid;

	if (in < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return error_set_errno(err, errno, "run %s", args[0]);
	read_end = ends[0];
	write_end = ends[1];
	if (!file_write_at(in, input.data, input.len, 0, err) || !start(&pid, args, in, write_end, err))
		return false;
	file_cleanup(&write_end);
	complaint = complaint ? complaint : &own;
	read_complaint(read_end, complaint);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return error_set_errno(err, errno, "wait for %s", args[0]);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	struct str said = str_trim(buf_str(complaint));
	return error_set(err, ERROR_SYSTEM, "%s: %.*s", args[0], STR_ARG(said.len ? said : STR("failed without a word")));
}

bool program_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool oci_runtime_run(const char *const *verb, const char *id, struct buf *said, struct error *err)
{
	const char *args[8] = {NULL, "--root", RUNTIME_STATE_FOLDER};
	cleanup_free char *program = program_find("crun", "crun", err);
	size_t count = 3;

	if (!program)
		return false;
	args[0] = program;
	while (*verb && count < ARRAY_SIZE(args) - 2)
		args[count++] = *verb++;
	args[count++] = id;
	return program_run(args, (struct str){0}, said, err);
}

pid_t oci_runtime_delete_begin(const char *id)
{
	cleanup_free char *program = program_find("crun", "crun", NULL);
	const char *const args[] = {program, "--root", RUNTIME_STATE_FOLDER, "delete", "--force", id, NULL};
	cleanup_fd int null = file_open(AT_FDCWD, "/dev/null", O_RDWR, 0, NULL);
	pid_t pid = 0;

	return program && null >= 0 && start(&pid, args, null, null, NULL) ? pid : 0;
}
