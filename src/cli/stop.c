/* naru stop */
#include "cli/commands.h"
#include "cli/containers.h"

#include "base/mem.h"

#define DEFAULT_TIMEOUT_S 10

static bool stop(struct runtime *runtime, const struct container *container, const struct cli_args *args, struct error *err)
{
	int64_t timeout_s = cli_flag_int(args, "timeout", cli_flag_int(args, "time", DEFAULT_TIMEOUT_S));

	return container_stop(runtime, container, timeout_s > INT32_MAX ? INT32_MAX : timeout_s < 0 ? -1 : (int)timeout_s, err);
}

static int run(struct cli *cli, const struct cli_args *args)
{
	return cli_each_container(cli, args, stop, false);
}

static const struct cli_flag flags[] = {
	{"timeout", 't', CLI_FLAG_INT, "Seconds to wait before killing the container", NULL, NULL},
	{"time", 0, CLI_FLAG_INT, NULL, NULL, NULL}, /* its name until docker 28 */
};

const struct cli_command command_stop = {
	.names = {"container stop", "stop"},
	.usage = "[OPTIONS] CONTAINER [CONTAINER...]",
	.summary = "Stop one or more running containers",
	.flags = flags,
	.flags_count = ARRAY_SIZE(flags),
	.args_min = 1,
	.args_max = CLI_ARGS_ANY,
	.run = run,
};
