/* naru logs */
#include "cli/commands.h"
#include "cli/containers.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/format.h"

static bool check_tail(struct str value, struct error *err)
{
	int64_t lines;

	/* docker takes anything else for "all", and so would hide a mistake. */
	return str_equal(value, STR("all")) || str_to_i64(value, &lines) || error_set(err, ERROR_INVALID, "not a number of lines, nor \"all\"");
}

static bool check_since(struct str value, struct error *err)
{
	int64_t at_us;

	return format_point_parse(value, clock_now_us(), &at_us, err);
}

static int run(struct cli *cli, const struct cli_args *args)
{
	cleanup_error struct error err = {0};
	struct container container cleanup_container = {0};
	struct runtime *runtime cleanup_runtime = cli_runtime(cli, &err);
	struct container_logs logs = {
		.follow = cli_flag_bool(args, "follow"),
		.timestamps = cli_flag_bool(args, "timestamps"),
		.tail = -1,
		.out = STDOUT_FILENO,
		.err = STDERR_FILENO,
	};
	const char *tail = cli_flag_text(args, "tail"), *since = cli_flag_text(args, "since");

	if (tail && !str_to_i64(str_of(tail), &logs.tail))
		logs.tail = -1;
	if (since)
		(void)format_point_parse(str_of(since), clock_now_us(), &logs.since_us, NULL);
	if (!runtime || !container_find(runtime, cli_arg(args, 0), &container, &err))
		return cli_fail(cli, &err);
	if (container_logs(runtime, &container, &logs, &err) || err.kind == ERROR_CANCELED)
		return CLI_EXIT_OK;
	return cli_fail_plain(cli, &err);
}

static const struct cli_flag flags[] = {
	{"follow", 'f', CLI_FLAG_BOOL, "Follow log output", NULL, NULL},
	{"since", 0, CLI_FLAG_STRING, "Show logs since timestamp (e.g. \"2013-01-02T13:23:37Z\") or relative (e.g. \"42m\" for 42 minutes)", NULL,
		check_since},
	{"tail", 'n', CLI_FLAG_STRING, "Number of lines to show from the end of the logs (default \"all\")", NULL, check_tail},
	{"timestamps", 't', CLI_FLAG_BOOL, "Show timestamps", NULL, NULL},
};

const struct cli_command command_logs = {
	.names = {"container logs", "logs"},
	.usage = "[OPTIONS] CONTAINER",
	.summary = "Fetch the logs of a container",
	.flags = flags,
	.flags_count = ARRAY_SIZE(flags),
	.args_min = 1,
	.args_max = 1,
	.run = run,
};
