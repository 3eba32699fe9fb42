/* naru rmi, naru image rm */
#include "cli/commands.h"
#include "cli/containers.h"

#include "base/mem.h"

struct removal {
	struct cli *cli;
	struct runtime *runtime;
};

static void removed(void *argument, const char *line)
{
	struct removal *removal = argument;

	fprintf(removal->cli->out, "%s\n", line);
}

static bool running(void *argument, const char *container_id)
{
	struct removal *removal = argument;

	return container_is_running(removal->runtime, container_id);
}

static int run(struct cli *cli, const struct cli_args *args)
{
	cleanup_error struct error open_err = {0};
	struct local *local = cli_local(cli, &open_err);
	struct runtime *runtime cleanup_runtime = local ? cli_runtime(cli, &open_err) : NULL;
	struct removal removal = {cli, runtime};
	int code = CLI_EXIT_OK;

	if (!runtime)
		return cli_fail(cli, &open_err);
	for (size_t i = 0; i < cli_args_count(args); i++) {
		cleanup_error struct error err = {0};
		struct local_remove remove = {.name_or_id = cli_arg(args, i),
			.default_domain = cli_default_domain(cli),
			.force = cli_flag_bool(args, "force"),
			.running = running,
			.removed = removed,
			.argument = &removal};

		/* As docker: what is not there does not matter to -f. */
		if (local_image_remove(local, &remove, &err))
			continue;
		(void)cli_fail(cli, &err);
		if (err.kind != ERROR_NOT_FOUND || !remove.force)
			code = CLI_EXIT_FAILED;
	}
	return code;
}

static const struct cli_flag flags[] = {
	{"force", 'f', CLI_FLAG_BOOL, "Force removal of the image", NULL, NULL},
	{"no-prune", 0, CLI_FLAG_BOOL, "Do not delete untagged parents", NULL, NULL},
};

const struct cli_command command_rmi = {
	.names = {"image rm", "image remove", "rmi"},
	.usage = "[OPTIONS] IMAGE [IMAGE...]",
	.summary = "Remove one or more images",
	.flags = flags,
	.flags_count = ARRAY_SIZE(flags),
	.args_min = 1,
	.args_max = CLI_ARGS_ANY,
	.run = run,
};
