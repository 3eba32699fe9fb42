/* naru version */
#include "cli/commands.h"

#include "base/mem.h"
#include "cli/list.h"

static int run(struct cli *cli, const struct cli_args *args)
{
	cleanup_error struct error err = {0};
	cleanup_buf struct buf platform = {0};
	struct platform host = platform_host();
	const char *format = cli_flag_text(args, "format");
	bool done = true;

	platform_format(&host, &platform);
	if (format) {
		/* docker's shape, so that {{.Client.Version}} works; there is no server. */
		json_t *document = json_pack("[{s:{s:s, s:s}}]", "Client", "Version", NARU_VERSION, "Platform", platform.data);

		done = list_inspect(cli, format, document, &err);
		json_decref(document);
	} else {
		fprintf(cli->out, "Client:\n Version:           %s\n OS/Arch:           %s\n", NARU_VERSION, platform.data);
	}
	return done ? CLI_EXIT_OK : cli_fail_plain(cli, &err);
}

static const struct cli_flag flags[] = {
	{"format", 'f', CLI_FLAG_STRING, CLI_FORMAT_INSPECT_HELP, NULL, NULL},
};

const struct cli_command command_version = {
	.names = {"version"},
	.usage = "[OPTIONS]",
	.summary = "Show the version information",
	.flags = flags,
	.flags_count = ARRAY_SIZE(flags),
	.run = run,
};
