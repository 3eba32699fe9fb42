/* naru load */
#include "cli/commands.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

static void loaded(void *argument, const char *familiar, const struct digest *id)
{
	struct cli *cli = argument;
	char text[DIGEST_TEXT_MAX];

	digest_format(id, text);
	if (familiar)
		fprintf(cli->out, "Loaded image: %s\n", familiar);
	else
		fprintf(cli->out, "Loaded image ID: %s\n", text);
}

static int run(struct cli *cli, const struct cli_args *args)
{
	const char *input = cli_flag_text(args, "input");
	cleanup_error struct error err = {0};
	cleanup_fd int fd = -1;
	struct local *local;

	if (!input && cli->in_terminal) {
		error_set(&err, ERROR_INVALID, "requested load from stdin, but stdin is empty");
		return cli_fail_plain(cli, &err);
	}
	if (input) {
		fd = file_open(AT_FDCWD, input, O_RDONLY, 0, &err);
		if (fd < 0)
			return cli_fail_plain(cli, &err);
	}
	local = cli_signals_watch(cli, &err) ? cli_local(cli, &err) : NULL;
	struct local_load load = {.fd = input ? fd : STDIN_FILENO,
		.default_domain = cli_default_domain(cli),
		.loaded = loaded,
		.argument = cli,
		.cancel = &cli->cancel};
	if (!local || !local_load(local, &load, &err))
		return cli_fail(cli, &err);
	return CLI_EXIT_OK;
}

static const struct cli_flag flags[] = {
	{"input", 'i', CLI_FLAG_STRING, "Read from tar archive file, instead of STDIN", NULL, NULL},
	{"quiet", 'q', CLI_FLAG_BOOL, "Suppress the load output", NULL, NULL},
};

const struct cli_command command_load = {
	.names = {"image load", "load"},
	.usage = "[OPTIONS]",
	.summary = "Load an image from a tar archive or STDIN",
	.flags = flags,
	.flags_count = ARRAY_SIZE(flags),
	.run = run,
};
