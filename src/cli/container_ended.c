/* naru container-ended: not for people. conmon calls it when a container has ended. */
#include "cli/commands.h"
#include "cli/containers.h"

#include "base/mem.h"

static int run(struct cli *cli, const struct cli_args *args)
{
	cleanup_error struct error err = {0};
	struct runtime *runtime cleanup_runtime = cli_runtime(cli, &err);

	/* Never fails: conmon would end with our exit code in place of the container's. Somebody may have removed it already. */
	if (runtime && container_ended(runtime, cli_arg(args, 0), &err))
		containers_sweep(runtime);
	else if (err.kind != ERROR_NOT_FOUND)
		(void)cli_fail(cli, &err);
	return CLI_EXIT_OK;
}

const struct cli_command command_container_ended = {
	.names = {"container-ended"},
	.usage = "ID",
	.args_min = 1,
	.args_max = 1,
	.run = run,
};
