/* From the command line to a command. The words of every refusal here were captured from docker 28.2. */
#include "cli/cli_internal.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "local/local.h"

static const struct cli_command *command_find(const char *name)
{
	for (size_t i = 0; i < cli_commands_count; i++) {
		for (size_t j = 0; j < CLI_NAMES_MAX && cli_commands[i]->names[j]; j++) {
			if (strcmp(cli_commands[i]->names[j], name) == 0)
				return cli_commands[i];
		}
	}
	return NULL;
}

static const struct cli_group *group_find(const char *name)
{
	for (size_t i = 0; i < cli_groups_count; i++) {
		if (strcmp(cli_groups[i].name, name) == 0)
			return &cli_groups[i];
	}
	return NULL;
}

/* The first name that the command has in the group of the typed one: "image list" is "image ls", "images" is itself. */
static const char *name_shown(const struct cli_command *command, const char *typed)
{
	const char *blank = strrchr(typed, ' ');
	size_t group = blank ? (size_t)(blank - typed) + 1 : 0;

	for (size_t i = 0; i < CLI_NAMES_MAX && command->names[i]; i++) {
		if (strncmp(command->names[i], typed, group) == 0 && !strchr(command->names[i] + group, ' '))
			return command->names[i];
	}
	return typed;
}

/* WHAT, blank, usage, blank, where more is said. name is "" for the program itself; more is docker's "Run" or "See". */
static void usage_report(const struct cli *cli, const char *what, const char *name, const char *usage, const char *more)
{
	const char *gap = name[0] ? " " : "";

	fprintf(cli->err, "%s\n\nUsage:  %s%s%s%s%s\n\n", what, cli->program, gap, name, usage[0] ? " " : "", usage);
	fprintf(cli->err, "%s '%s%s%s --help' for more information\n", more, cli->program, gap, name);
}

static int command_run(struct cli *cli, const struct cli_command *command, const char *typed, const char *const *argv)
{
	cleanup_args struct cli_args args = {.command = command, .name = mem_printf("%s", name_shown(command, typed))};
	cleanup_error struct error err = {0};
	cleanup_free char *miscounted = NULL, *what = NULL;
	bool deprecated_help = false;

	if (!cli_args_read(&args, argv, &deprecated_help, &err)) {
		usage_report(cli, error_text(&err), args.name, command->usage, "Run");
		return CLI_EXIT_USAGE;
	}
	if (args.help) {
		if (deprecated_help)
			fputs("Flag shorthand -h has been deprecated, use --help\n", cli->err);
		cli_help_command(cli, &args, cli->out);
		return CLI_EXIT_OK;
	}
	miscounted = cli_args_miscounted(&args);
	if (miscounted) {
		what = mem_printf("%s: '%s %s' %s", cli->program, cli->program, args.name, miscounted);
		usage_report(cli, what, args.name, command->usage, command->args_max == CLI_ARGS_ANY ? "See" : "Run");
		return CLI_EXIT_FAILED;
	}
	return command->run(cli, &args);
}

static int group_run(struct cli *cli, const struct cli_group *group, const char *const *argv)
{
	cleanup_free char *name = NULL, *what = NULL;
	const struct cli_command *command;

	if (!argv[0] || strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0) {
		cli_help_group(cli, group, argv[0] ? cli->out : cli->err);
		return CLI_EXIT_OK;
	}
	if (argv[0][0] == '-') {
		what = argv[0][1] == '-' ? mem_printf("unknown flag: %.*s", (int)strcspn(argv[0], "="), argv[0])
					 : mem_printf("unknown shorthand flag: '%c' in %s", argv[0][1], argv[0]);
		usage_report(cli, what, group->name, "", "Run");
		return CLI_EXIT_USAGE;
	}
	name = mem_printf("%s %s", group->name, argv[0]);
	command = command_find(name);
	if (command)
		return command_run(cli, command, name, argv + 1);
	what = mem_printf("%s: unknown command: %s %s", cli->program, cli->program, name);
	usage_report(cli, what, group->name, "", "Run");
	return CLI_EXIT_FAILED;
}

/* `help`, `help pull`, `help image ls`: the same as --help behind it. */
static int help_run(struct cli *cli, const char *const *argv)
{
	const char *const help[] = {"--help", NULL}, *const group_help[] = {argv[0] ? argv[1] : NULL, "--help", NULL};

	if (!argv[0]) {
		cli_help_all(cli, cli->out);
		return CLI_EXIT_OK;
	}
	if (group_find(argv[0]))
		return group_run(cli, group_find(argv[0]), argv[1] ? group_help : help);
	if (command_find(argv[0]))
		return command_run(cli, command_find(argv[0]), argv[0], help);
	fprintf(cli->err, "unknown help topic: %s\n", argv[0]);
	return CLI_EXIT_FAILED;
}

static int program_run(struct cli *cli, const char *const *argv)
{
	cleanup_free char *what = NULL;

	if (!argv[0] || strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0) {
		cli_help_all(cli, argv[0] ? cli->out : cli->err);
		return CLI_EXIT_OK;
	}
	if (strcmp(argv[0], "--version") == 0 || strcmp(argv[0], "-v") == 0) {
		fprintf(cli->out, "naru version %s\n", NARU_VERSION);
		return CLI_EXIT_OK;
	}
	if (argv[0][0] == '-' && argv[0][1]) {
		what = argv[0][1] == '-' ? mem_printf("unknown flag: %.*s", (int)strcspn(argv[0], "="), argv[0])
					 : mem_printf("unknown shorthand flag: '%c' in %s", argv[0][1], argv[0]);
		usage_report(cli, what, "", "[OPTIONS] COMMAND [ARG...]", "Run");
		return CLI_EXIT_USAGE;
	}
	if (strcmp(argv[0], "help") == 0)
		return help_run(cli, argv + 1);
	if (group_find(argv[0]))
		return group_run(cli, group_find(argv[0]), argv + 1);
	if (!strchr(argv[0], ' ') && command_find(argv[0]))
		return command_run(cli, command_find(argv[0]), argv[0], argv + 1);
	fprintf(cli->err, "%s: unknown command: %s %s\n\nRun '%s --help' for more information\n", cli->program, cli->program, argv[0], cli->program);
	return CLI_EXIT_FAILED;
}

int cli_main(int argc, char **argv)
{
	struct cli cli = {0};
	int code;

	cli_begin(&cli, argc > 0 ? argv[0] : "naru");
	code = program_run(&cli, (const char *const *)argv + (argc > 0));
	return cli_end(&cli, code);
}
