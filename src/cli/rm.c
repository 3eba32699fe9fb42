/* naru rm */
#include "cli/commands.h"
#include "cli/containers.h"

#include "base/mem.h"

static bool remove_one(struct runtime *runtime, const struct container *container, const struct cli_args *args, struct error *err)
{
	return container_remove(runtime, container, cli_flag_bool(args, "force"), err);
}

/* As docker: what is not there does not matter to -f. */
static int run(struct cli *cli, const struct cli_args *args)
{
	return cli_each_container(cli, args, remove_one, cli_flag_bool(args, "force"));
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
