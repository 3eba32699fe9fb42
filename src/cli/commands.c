/* The table. A new command is its file, a line in commands.h and one here, in the order of the help text. */
#include "cli/commands.h"

#include "base/mem.h"

const struct cli_command *const cli_commands[] = {
	&command_run,
	&command_ps,
	&command_logs,
	&command_stop,
	&command_rm,
	&command_container_ended,
	&command_images,
	&command_image_inspect,
	&command_inspect,
	&command_load,
	&command_pull,
	&command_push,
	&command_rmi,
	&command_tag,
	&command_version,
};
const size_t cli_commands_count = ARRAY_SIZE(cli_commands);

const struct cli_group cli_groups[] = {
	{"container", "Manage containers"},
	{"image", "Manage images"},
};
const size_t cli_groups_count = ARRAY_SIZE(cli_groups);
