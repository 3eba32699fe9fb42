/* naru rmi, naru image rm */
#include "cli/commands.h"

#include "base/mem.h"

static void removed(void *argument, const char *line)
{
	struct cli *cli = argument;

	fprintf(cli->out, "%s\n", line);
}

static int run(struct cli *cli, const struct cli_args *args)
{
	cleanup_error struct error open_err = {0};
	struct local *local = cli_local(cli, &open_err);
	int code = CLI_EXIT_OK;

	if (!local)
		return cli_fail(cli, &open_err);
	for (size_t i = 0; i < cli_args_count(args); i++) {
		cleanup_error struct error err = {0};
		struct local_remove remove = {.name_or_id = cli_arg(args, i),
			.default_domain = cli_default_domain(cli),
			.force = cli_flag_bool(args, "force"),
			.removed = removed,
			.argument = cli};

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
