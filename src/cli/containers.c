#include "cli/containers.h"

struct runtime *cli_runtime(struct cli *cli, struct error *err)
{
	struct local *local = cli_local(cli, err);
	struct runtime *runtime = NULL;

	if (local)
		(void)runtime_open(&runtime, local_folder(local), local_db(local), err);
	return runtime;
}

void cli_runtime_cleanup(struct runtime **runtime)
{
	runtime_close(*runtime);
}

int cli_each_container(struct cli *cli, const struct cli_args *args, cli_container_function *function, bool skip_missing)
{
	cleanup_error struct error open_err = {0};
	struct runtime *runtime cleanup_runtime = cli_runtime(cli, &open_err);
	int code = CLI_EXIT_OK;

	if (!runtime)
		return cli_fail(cli, &open_err);
	for (size_t i = 0; i < cli_args_count(args); i++) {
		cleanup_error struct error err = {0};
		struct container container cleanup_container = {0};

		if (container_find(runtime, cli_arg(args, i), &container, &err) && function(runtime, &container, args, &err)) {
			fprintf(cli->out, "%s\n", cli_arg(args, i));
			continue;
		}
		int failed = cli_fail(cli, &err);
		if (!skip_missing || err.kind != ERROR_NOT_FOUND)
			code = failed;
	}
	return code;
}
