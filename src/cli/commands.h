/* Every command there is; each in the file of its name. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/cli.h"

extern const struct cli_command command_container_ended, command_image_inspect, command_images, command_inspect, command_load, command_logs,
	command_ps, command_pull, command_push, command_rm, command_rmi, command_run, command_stop, command_tag, command_version;

/* What --format's help says wherever there is a table, and where there is none. */
#define CLI_FORMAT_LIST_HELP                                                                                                                         \
	"Format output using a custom template:\n"                                                                                                   \
	"'table':            Print output in table format with column headers (default)\n"                                                           \
	"'table TEMPLATE':   Print output in table format using the given Go template\n"                                                             \
	"'json':             Print in JSON format\n"                                                                                                 \
	"'TEMPLATE':         Print output using the given Go template.\n"                                                                            \
	"Refer to https://docs.docker.com/go/formatting/ for more information about formatting output with templates"
#define CLI_FORMAT_INSPECT_HELP                                                                                                                      \
	"Format output using a custom template:\n"                                                                                                   \
	"'json':             Print in JSON format\n"                                                                                                 \
	"'TEMPLATE':         Print output using the given Go template.\n"                                                                            \
	"Refer to https://docs.docker.com/go/formatting/ for more information about formatting output with templates"

/* `pull` as `run` needs it too: see pull.c. */
struct cli_pull {
	const struct reference *reference;
	const struct platform *platform; /* NULL: the host's */
	FILE *stream;                    /* where its lines go */
	bool quiet;
	bool one_of_many; /* no "Status:": its caller says one for all */
	bool newer;       /* out: set to true when something was downloaded */
};

/* Fetches one image with its lines up to "Status:". False with *err set; *begun says whether docker would print the error bare. */
bool cli_pull_image(struct cli *cli, struct cli_pull *pull, bool *begun, struct error *err);

#endif
