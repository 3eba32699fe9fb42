#include "runtime/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

#include "runtime/cgroup.h"
#include "runtime/runtime_internal.h"

#define NOT_FOUND "executable file not found in $PATH"
#define NO_FILE "no such file or directory"
#define NO_RIGHT "permission denied"
#define MESSAGE_MAX (64 * 1024)

/* Everything that the child needs, made before the fork: between fork and exec nothing is allocated. */
struct command {
	struct text_list args, env;
	int null_fd, log_fd;
	int keep[4]; /* what stays open besides the sockets, -1 at the end */
};

/*
 * `naru container-ended ID`. By way of util-linux's flock where there is one: a `run` that stays holds the lock and tidies up itself, being started
 * already, and then this ends at once.
 */
static void add_exit_command(struct text_list *args, const struct supervise *supervise, const char *self)
{
	cleanup_free char *flock = program_find("flock", "util-linux", NULL);

	text_list_take(args, mem_printf("--exit-command=%s", flock ? flock : self));
	if (flock) {
		text_list_add(args, STR("--exit-command-arg=--nonblock"));
		text_list_add(args, STR("--exit-command-arg=--conflict-exit-code=0"));
		text_list_add(args, STR("--exit-command-arg=--no-fork"));
		text_list_take(args, mem_printf("--exit-command-arg=%s/front", supervise->path));
		text_list_take(args, mem_printf("--exit-command-arg=%s", self));
	}
	text_list_add(args, STR("--exit-command-arg=container-ended"));
	text_list_take(args, mem_printf("--exit-command-arg=%s", supervise->container->id));
}

static void add_args(struct command *command, const struct supervise *supervise, const char *self)
{
	const struct container *container = supervise->container;
	struct text_list *args = &command->args;
	const char *const fixed[] = {"conmon", "--sync", "--full-attach", "--no-sync-log", "--cid", container->id, "--cuuid", container->id, "--name",
		container->name, "--runtime", supervise->program, "--runtime-arg", "--root", "--runtime-arg", RUNTIME_STATE_FOLDER, "--bundle",
		supervise->path, NULL};

	text_list_add_all(args, fixed);
	add_exit_command(args, supervise, self);
	text_list_add(args, STR("--container-pidfile"));
	text_list_take(args, mem_printf("%s/pid", supervise->path));
	text_list_add(args, STR("--exit-dir"));
	text_list_take(args, mem_printf("%s/exit", supervise->path));
	text_list_add(args, STR("--log-path"));
	text_list_take(args, mem_printf("k8s-file:%s/log", supervise->path));
	if (container->settings.log_max_bytes) {
		text_list_add(args, STR("--log-size-max"));
		text_list_take(args, mem_printf("%lld", (long long)container->settings.log_max_bytes));
	}
	if (container->settings.terminal)
		text_list_add(args, STR("--terminal"));
	if (container->settings.stdin_open)
		text_list_add(args, STR("--stdin"));
}

static void add_env(struct command *command, const struct supervise *supervise, int sync_fd)
{
	const char *path = getenv("PATH");

	text_list_take(&command->env, mem_printf("PATH=%s", path ? path : "/usr/sbin:/usr/bin:/sbin:/bin"));
	text_list_take(&command->env, mem_printf("NARU_HOME=%s", supervise->home));
	text_list_take(&command->env, mem_printf("_OCI_SYNCPIPE=%d", sync_fd));
}

/* In the child: no allocation, no lock. Signals are as a new program expects them. */
static void exec_conmon(const char *program, const struct command *command, const struct supervise *supervise) __attribute__((noreturn));
static void exec_conmon(const char *program, const struct command *command, const struct supervise *supervise)
{
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	if (chdir("/") == 0 && dup2(command->null_fd, STDIN_FILENO) >= 0 && dup2(command->null_fd, STDOUT_FILENO) >= 0 &&
		dup2(command->log_fd, STDERR_FILENO) >= 0) {
		/* What our caller left open is none of conmon's business: a pipe would never end while the container runs. */
		close_range(STDERR_FILENO + 1, UINT_MAX, CLOSE_RANGE_CLOEXEC);
		for (const int *fd = command->keep; *fd >= 0; fd++)
			fcntl(*fd, F_SETFD, 0);
		for (size_t i = 0; i < supervise->sockets_count; i++)
			fcntl(supervise->sockets[i], F_SETFD, 0);
		execve(program, command->args.items, command->env.items);
	}
	_exit(127);
}

/* What stands behind `exec "x": ` in docker's message; NULL when the words are about something else. */
static const char *exec_failure(struct str words)
{
	static const struct {
		const char *has, *means;
	} known[] = {
		{"not found in $PATH", NOT_FOUND},
		{"xecutable file", NOT_FOUND},
		/* What crun says of a folder and of all else that is no file. */
		{"open executable: Operation not permitted", NO_RIGHT},
		{"open executable: Permission denied", NO_RIGHT},
		{"exec: Permission denied", NO_RIGHT},
		{"Permission denied", NO_RIGHT},
		{"open executable: No such file", NO_FILE},
		{"exec: No such file", NO_FILE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (words.len && memmem(words.data, words.len, known[i].has, strlen(known[i].has)))
			return known[i].means;
	return NULL;
}

bool supervisor_complain(struct str words, const char *program, struct error *err)
{
	const char *why = exec_failure(words);

	if (why == NULL)
		return error_set(err, ERROR_SYSTEM, "failed to create task for container: %.*s", STR_ARG(words));
	/* A name with a slash is no matter of $PATH. */
	if (strchr(program, '/') && strcmp(why, NO_RIGHT) != 0)
		return error_set(err, ERROR_NOT_FOUND,
			"failed to create task for container: unable to start container process: exec: \"%s\": stat %s: " NO_FILE, program, program);
	return error_set(err, strcmp(why, NO_RIGHT) == 0 ? ERROR_DENIED : ERROR_NOT_FOUND,
		"failed to create task for container: unable to start container process: exec: \"%s\": %s", program, why);
}

int supervisor_failure_code(const struct error *err)
{
	if (!strstr(error_text(err), "unable to start container process"))
		return 125;
	return err->kind == ERROR_DENIED ? 126 : 127;
}

/* conmon says {"pid": N} or {"data": N}, with "message" when N is below 0. */
static bool read_sync(int fd, const struct supervise *supervise, struct error *err)
{
	cleanup_buf struct buf said = {0}, log = {0};
	char part[4096];
	ssize_t got;

	while (said.len < MESSAGE_MAX && !(said.len && said.data[said.len - 1] == '\n') &&
		((got = read(fd, part, sizeof part)) > 0 || (got < 0 && errno == EINTR)))
		if (got > 0)
			buf_add(&said, part, (size_t)got);
	json_t *json = json_loadb(said.data ? said.data : "", said.len, 0, NULL);
	json_t *pid = json_object_get(json, "data"), *message = json_object_get(json, "message");
	pid = pid ? pid : json_object_get(json, "pid");
	bool done = json_integer_value(pid) > 0;
	if (!done && json_is_string(message)) {
		supervisor_complain(str_trim(str_of(json_string_value(message))), supervise->container->settings.args.items[0], err);
	} else if (!done) {
		file_read_all(supervise->folder, "conmon.log", MESSAGE_MAX, &log, NULL);
		struct str words = str_trim(buf_str(&log));
		error_set(err, ERROR_SYSTEM, "conmon ended before the container stood: %.*s", STR_ARG(words));
	}
	json_decref(json);
	return done;
}

bool supervisor_start(const struct supervise *supervise, struct supervisor *out, struct error *err)
{
	cleanup_free char *conmon = program_find("conmon", "conmon", err);
	char self[4096];
	int ends[2];

	if (!conmon)
		return false;
	ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
	if (len < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return error_set_errno(err, errno, "start conmon");
	self[len] = '\0';
	cleanup_fd int read_end = ends[0], write_end = ends[1];
	cleanup_fd int null_fd = file_open(AT_FDCWD, "/dev/null", O_RDWR, 0, err);
	cleanup_fd int log_fd = file_open(supervise->folder, "conmon.log", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600, err);
	if (null_fd < 0 || log_fd < 0)
		return false;
	struct command command = {.null_fd = null_fd, .log_fd = log_fd, .keep = {write_end, supervise->alive, -1}};
	add_args(&command, supervise, self);
	add_env(&command, supervise, write_end);
	out->conmon = fork();
	if (out->conmon == 0)
		exec_conmon(conmon, &command, supervise);
	text_list_free(&command.args);
	text_list_free(&command.env);
	if (out->conmon < 0) {
		out->conmon = 0;
		return error_set_errno(err, errno, "start conmon");
	}
	file_cleanup(&write_end);
	cgroup_take_out(out->conmon);
	return read_sync(read_end, supervise, err);
}

void supervisor_abandon(struct supervisor *supervisor, const char *id)
{
	if (supervisor->conmon <= 0)
		return;
	/* Its first process waits to be started: without it conmon ends too. An error says that there was nothing to delete. */
	oci_runtime_run((const char *const[]){"delete", "--force", NULL}, id, NULL, NULL);
	while (waitpid(supervisor->conmon, NULL, 0) < 0 && errno == EINTR)
		;
	supervisor->conmon = 0;
}
