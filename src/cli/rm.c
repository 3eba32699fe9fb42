/* naru rm */
#include "cli/commands.h"
#include "cli/containers.h"

#include "base/mem.h"

static int run(struct cli *cli, const struct cli_args *args)
{
	cleanup_error struct error open_err = {0};
	struct runtime *runtime cleanup_runtime = cli_runtime(cli, &open_err);
	bool force = cli_flag_bool(args, "force");
	int code = CLI_EXIT_OK;

	if (!runtime)
		return cli_fail(cli, &open_err);
	for (size_t i = 0; i < cli_args_count(args); i++) {
		cleanup_error struct error err = {0};
		struct container container cleanup_container = {0};

		if (container_find(runtime, cli_arg(args, i), &container, &err) && container_remove(runtime, &container, force, &err)) {
			fprintf(cli->out, "%s\n", cli_arg(args, i));
			continue;
		}
		/* As docker: what is not there does not matter to -f. */
		int failed = cli_fail(cli, &err);
		code = force && err.kind == ERROR_NOT_FOUND ? code : failed;
	}
	return code;
}

static const struct cli_flag flags[] = {
	{"force", 'f', CLI_FLAG_BOOL, "Force the removal of a running container (uses SIGKILL)", NULL, NULL},
	{"volumes", 'v', CLI_FLAG_BOOL, "Remove anonymous volumes associated with the container", NULL, NULL},
};

const struct cli_command command_rm = {
	.names = {"container rm", "container remove", "rm"},
	.usage = "[OPTIONS] CONTAINER [CONTAINER...]",
	.summary = "Remove one or more containers",
	.flags = flags,
	.flags_count = ARRAY_SIZE(flags),
	.args_min = 1,
	.args_max = CLI_ARGS_ANY,
	.run = run,
};
