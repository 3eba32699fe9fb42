/* naru run: find the image or pull it, create, start, and stay with it unless -d says otherwise. */
#include "cli/commands.h"
#include "cli/containers.h"

#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

/* As docker: none is "missing", and a wrong one is no matter of the command line's form. */
static bool check_pull(const struct cli_args *args, struct error *err)
{
	const char *pull = cli_flag_text(args, "pull");

	if (!pull || !*pull || strcmp(pull, "always") == 0 || strcmp(pull, "missing") == 0 || strcmp(pull, "never") == 0)
		return true;
	return error_set(err, ERROR_INVALID, "invalid pull option: '%s': must be one of \"always\", \"missing\" or \"never\"", pull);
}

static bool check_publish(struct str value, struct error *err)
{
	struct port_specs specs = {0};
	bool good = port_specs_add(&specs, value, err);

	port_specs_free(&specs);
	return good;
}

/* Its lines go to standard error: standard output is the container's alone. */
static bool pull_image(struct cli *cli, const struct cli_args *args, const char *name, bool always, struct error *err)
{
	cleanup_reference struct reference reference = {0};
	bool begun, quiet = cli_flag_bool(args, "quiet");

	if (!reference_parse(&reference, str_of(name), cli_default_domain(cli), err))
		return false;
	reference_add_latest(&reference);
	if (!always && !quiet) {
		cleanup_free char *familiar = reference_familiar(&reference);
		fprintf(cli->err, "Unable to find image '%s' locally\n", familiar);
	}
	struct cli_pull pull = {.reference = &reference, .stream = cli->err, .quiet = quiet};
	bool done = cli_signals_watch(cli, err) && cli_pull_image(cli, &pull, &begun, err);
	cli_signals_release(cli);
	return done;
}

/* In docker's order: the image here, or pulled with its lines on standard error. */
static bool find_image(struct cli *cli, const struct cli_args *args, struct local_image *image, struct error *err)
{
	const char *name = cli_arg(args, 0), *pull = cli_flag_text(args, "pull");
	struct local *local = cli_local(cli, err);
	struct error problem = {0};

	if (!local)
		return false;
	if (!pull || strcmp(pull, "always") != 0) {
		if (local_image_find(local, name, cli_default_domain(cli), image, &problem))
			return true;
		if (problem.kind != ERROR_NOT_FOUND || (pull && strcmp(pull, "never") == 0))
			return error_move(err, &problem);
		error_clear(&problem);
	}
	return pull_image(cli, args, name, pull && strcmp(pull, "always") == 0, err) &&
	       local_image_find(local, name, cli_default_domain(cli), image, err);
}

static bool join_settings(const struct cli_args *args, const struct local_image *image, struct settings *out, struct error *err)
{
	size_t count;
	struct settings_request request = {
		.command = cli_args_from(args, 1),
		.entrypoint = cli_flag_text(args, "entrypoint"),
		.env = cli_flag_list(args, "env", &count),
		.ports = cli_flag_list(args, "publish", &count),
		.volumes = cli_flag_list(args, "volume", &count),
		.cap_add = cli_flag_list(args, "cap-add", &count),
		.cap_drop = cli_flag_list(args, "cap-drop", &count),
		.labels = cli_flag_list(args, "label", &count),
		.log_options = cli_flag_list(args, "log-opt", &count),
		.user = cli_flag_text(args, "user"),
		.working_dir = cli_flag_text(args, "workdir"),
		.hostname = cli_flag_text(args, "hostname"),
		.network = cli_flag_text(args, "network"),
		.publish_all = cli_flag_bool(args, "publish-all"),
		.terminal = cli_flag_bool(args, "tty"),
		.stdin_open = cli_flag_bool(args, "interactive"),
		.remove = cli_flag_bool(args, "rm"),
		.read_only = cli_flag_bool(args, "read-only"),
		.privileged = cli_flag_bool(args, "privileged"),
	};

	return settings_make(out, &request, &image->parsed, err);
}

/* All that is passed on to the program, blocked: container_attach reads them. */
static void block_signals(sigset_t *before)
{
	static const int passed[] = {SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGTERM, SIGCONT, SIGWINCH};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(passed); i++)
		sigaddset(&set, passed[i]);
	pthread_sigmask(SIG_BLOCK, &set, before);
}

/* Stays with it until it ends or the user detaches. */
static int stay(struct cli *cli, struct runtime *runtime, const struct container *container, struct session *session)
{
	cleanup_error struct error err = {0};
	const struct settings *settings = &container->settings;
	bool raw = settings->terminal && settings->stdin_open && cli->in_terminal;
	struct attach attach = {session, settings->stdin_open ? STDIN_FILENO : -1, STDOUT_FILENO, STDERR_FILENO, raw, raw};
	struct termios before, wanted;
	enum attach_end end;
	int code = CLI_EXIT_FAILED;

	if (raw && tcgetattr(STDIN_FILENO, &before) == 0) {
		wanted = before;
		cfmakeraw(&wanted);
		tcsetattr(STDIN_FILENO, TCSADRAIN, &wanted);
	} else {
		raw = false;
	}
	bool done = container_attach(&attach, &end, &code, &err);
	if (raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
	/* The program's exit code counts, whatever becomes of its leftovers. */
	cleanup_error struct error leave_err = {0};
	if (!session_leave(runtime, session, &leave_err) && leave_err.kind != ERROR_NOT_FOUND)
		(void)cli_fail(cli, &leave_err);
	if (!done)
		return cli_fail_plain(cli, &err);
	return end == ATTACH_DETACHED ? CLI_EXIT_OK : code;
}

static int start(struct cli *cli, const struct cli_args *args, struct runtime *runtime, const struct container *container,
	const struct local_image *image, int *starter)
{
	cleanup_error struct error err = {0};
	struct session session cleanup_session = {.folder = -1, .attach = -1, .front = -1, .pidfd = -1, .supervisor = -1};
	struct container_start start = {.image = image, .attach = !cli_flag_bool(args, "detach")};
	struct winsize size;
	int code;
	sigset_t before;

	if (container->settings.terminal && ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0) {
		start.rows = size.ws_row;
		start.columns = size.ws_col;
	}
	if (start.attach)
		block_signals(&before);
	if (!container_start(runtime, container, &start, &session, &code, &err)) {
		/* As docker: the ID all the same with -d; and what never ran stays as "Created", unless --rm. */
		if (!start.attach)
			fprintf(cli->out, "%s\n", container->id);
		(void)cli_fail_usage(cli, args, &err);
		if (container->settings.remove)
			(void)container_remove(runtime, container, true, NULL);
		return code;
	}
	file_cleanup(starter);
	if (!start.attach) {
		fprintf(cli->out, "%s\n", container->id);
		return CLI_EXIT_OK;
	}
	code = stay(cli, runtime, container, &session);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return code;
}

static int run(struct cli *cli, const struct cli_args *args)
{
	cleanup_error struct error err = {0};
	cleanup_local_image struct local_image image = {0};
	struct settings settings cleanup_settings = {0};
	struct container container cleanup_container = {0};
	bool detach = cli_flag_bool(args, "detach");

	if (!detach && cli_flag_bool(args, "tty") && cli_flag_bool(args, "interactive") && !cli->in_terminal) {
		error_set(&err, ERROR_INVALID, "the input device is not a TTY");
		return cli_fail_plain(cli, &err);
	}
	struct runtime *runtime cleanup_runtime = cli_runtime(cli, &err);
	if (!runtime || !check_pull(args, &err) || !find_image(cli, args, &image, &err) || !local_image_ready(cli_local(cli, &err), &image, &err) ||
		!join_settings(args, &image, &settings, &err))
		return cli_fail_usage(cli, args, &err);
	struct container_create create = {cli_flag_text(args, "name"), cli_arg(args, 0), &image, &settings};
	cleanup_fd int starter = -1;
	/* A leftover may hold the name, or a port. */
	containers_sweep(runtime);
	if (!container_create(runtime, &create, &container, &starter, &err))
		return cli_fail_usage(cli, args, &err);
	return start(cli, args, runtime, &container, &image, &starter);
}

static const struct cli_flag flags[] = {
	{"cap-add", 0, CLI_FLAG_LIST, "Add Linux capabilities", NULL, NULL},
	{"cap-drop", 0, CLI_FLAG_LIST, "Drop Linux capabilities", NULL, NULL},
	{"detach", 'd', CLI_FLAG_BOOL, "Run container in background and print container ID", NULL, NULL},
	{"entrypoint", 0, CLI_FLAG_STRING, "Overwrite the default ENTRYPOINT of the image", NULL, NULL},
	{"env", 'e', CLI_FLAG_LIST, "Set environment variables", NULL, NULL},
	{"hostname", 'h', CLI_FLAG_STRING, "Container host name", NULL, NULL},
	{"interactive", 'i', CLI_FLAG_BOOL, "Keep STDIN open even if not attached", NULL, NULL},
	{"label", 'l', CLI_FLAG_LIST, "Set meta data on a container", NULL, NULL},
	{"log-opt", 0, CLI_FLAG_LIST, "Log driver options: max-size, max-file", NULL, NULL},
	{"name", 0, CLI_FLAG_STRING, "Assign a name to the container", NULL, NULL},
	{"network", 0, CLI_FLAG_STRING, "Connect a container to a network: bridge, none or host", "network", NULL},
	{"privileged", 0, CLI_FLAG_BOOL, "Give extended privileges to this container", NULL, NULL},
	{"publish", 'p', CLI_FLAG_LIST, "Publish a container's port(s) to the host", NULL, check_publish},
	{"publish-all", 'P', CLI_FLAG_BOOL, "Publish all exposed ports to random ports", NULL, NULL},
	{"pull", 0, CLI_FLAG_STRING, "Pull image before running (\"always\", \"missing\", \"never\")", NULL, NULL},
	{"quiet", 'q', CLI_FLAG_BOOL, "Suppress the pull output", NULL, NULL},
	{"read-only", 0, CLI_FLAG_BOOL, "Mount the container's root filesystem as read only", NULL, NULL},
	{"rm", 0, CLI_FLAG_BOOL, "Automatically remove the container when it exits", NULL, NULL},
	{"tty", 't', CLI_FLAG_BOOL, "Allocate a pseudo-TTY", NULL, NULL},
	{"user", 'u', CLI_FLAG_STRING, "Username or UID (format: <name|uid>[:<group|gid>])", NULL, NULL},
	{"volume", 'v', CLI_FLAG_LIST, "Bind mount a volume", NULL, NULL},
	{"workdir", 'w', CLI_FLAG_STRING, "Working directory inside the container", NULL, NULL},
};

const struct cli_command command_run = {
	.names = {"container run", "run"},
	.usage = "[OPTIONS] IMAGE [COMMAND] [ARG...]",
	.summary = "Create and run a new container from an image",
	.flags = flags,
	.flags_count = ARRAY_SIZE(flags),
	.args_min = 1,
	.args_max = CLI_ARGS_ANY,
	.flags_first = true,
	.run = run,
};
