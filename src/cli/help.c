/* Help texts in docker's layout (cobra's and pflag's). Wrapped at the terminal's width. */
#include "cli/cli_internal.h"

#include <string.h>

#include "base/mem.h"

void cli_help_usage(const struct cli *cli, const struct cli_args *args, FILE *to)
{
	fprintf(to, "Usage:  %s %s%s%s\n", cli->program, args->name, args->command->usage[0] ? " " : "", args->command->usage);
}

/* Where the line that begins text ends so that it takes at most width columns: at a newline, else at the last blank. */
static size_t line_end(const char *text, size_t width)
{
	size_t len = strcspn(text, "\n"), end = 0;

	if (len <= width)
		return len;
	for (size_t i = 0; i <= width; i++) {
		if (text[i] == ' ')
			end = i;
	}
	return end ? end : len;
}

/* A last line may be up to 5 columns longer, so that no short word stands alone; others stay that much below the width. */
static void text_wrap(FILE *to, const char *text, size_t indent, size_t columns)
{
	const size_t slack = 5;
	size_t width = columns > indent + 24 + slack ? columns - indent - slack : 1000;

	while (*text) {
		size_t len = strlen(text), end = len < width + slack ? line_end(text, width + slack) : line_end(text, width - 1);

		fprintf(to, "%.*s\n", (int)end, text);
		text += end + (text[end] != '\0');
		if (*text)
			fprintf(to, "%*s", (int)indent, "");
	}
}

static const char *value_name(const struct cli_flag *flag)
{
	static const char *const names[] = {[CLI_FLAG_BOOL] = "", [CLI_FLAG_STRING] = "string", [CLI_FLAG_LIST] = "list", [CLI_FLAG_INT] = "int"};

	return flag->value_name ? flag->value_name : names[flag->type];
}

static void flag_head(const struct cli_flag *flag, struct buf *out)
{
	if (flag->letter)
		buf_printf(out, "  -%c, --%s", flag->letter, flag->name);
	else
		buf_printf(out, "      --%s", flag->name);
	if (value_name(flag)[0])
		buf_printf(out, " %s", value_name(flag));
}

static void flags_print(const struct cli *cli, const struct cli_command *command, FILE *to)
{
	cleanup_buf struct buf head = {0};
	size_t widest = 0;

	for (size_t i = 0; i < command->flags_count; i++) {
		buf_clear(&head);
		flag_head(&command->flags[i], &head);
		if (command->flags[i].help && head.len > widest)
			widest = head.len;
	}
	if (widest == 0)
		return;
	fputs("\nOptions:\n", to);
	for (size_t i = 0; i < command->flags_count; i++) {
		if (!command->flags[i].help)
			continue;
		buf_clear(&head);
		flag_head(&command->flags[i], &head);
		fprintf(to, "%-*s", (int)(widest + 3), head.data);
		text_wrap(to, command->flags[i].help, widest + 3, cli_columns(cli, to));
	}
}

void cli_help_command(const struct cli *cli, const struct cli_args *args, FILE *to)
{
	const struct cli_command *command = args->command;

	cli_help_usage(cli, args, to);
	fprintf(to, "\n%s\n", command->summary);
	if (command->names[1]) {
		fputs("\nAliases:\n ", to);
		for (size_t i = 0; i < CLI_NAMES_MAX && command->names[i]; i++)
			fprintf(to, "%s %s %s", i ? "," : "", cli->program, command->names[i]);
		fputc('\n', to);
	}
	flags_print(cli, command, to);
}

/* The command's name below the group ("" is the root), or NULL when it has none there, or is not for people: without a summary. */
static const char *name_below(const struct cli_command *command, const char *group)
{
	size_t len = strlen(group);

	if (!command->summary)
		return NULL;
	for (size_t i = 0; i < CLI_NAMES_MAX && command->names[i]; i++) {
		const char *name = command->names[i];

		if (len == 0 && !strchr(name, ' '))
			return name;
		if (len > 0 && strncmp(name, group, len) == 0 && name[len] == ' ')
			return name + len + 1;
	}
	return NULL;
}

static void commands_print(const char *group, FILE *to)
{
	size_t widest = 0;

	for (size_t i = 0; i < cli_commands_count; i++) {
		const char *name = name_below(cli_commands[i], group);

		if (name && strlen(name) > widest)
			widest = strlen(name);
	}
	fputs("\nCommands:\n", to);
	for (size_t i = 0; i < cli_commands_count; i++) {
		const char *name = name_below(cli_commands[i], group);

		if (name)
			fprintf(to, "  %-*s %s\n", (int)widest + 1, name, cli_commands[i]->summary);
	}
}

void cli_help_group(const struct cli *cli, const struct cli_group *group, FILE *to)
{
	fprintf(to, "Usage:  %s %s COMMAND\n\n%s\n", cli->program, group->name, group->summary);
	commands_print(group->name, to);
	fprintf(to, "\nRun '%s %s COMMAND --help' for more information on a command.\n", cli->program, group->name);
}

void cli_help_all(const struct cli *cli, FILE *to)
{
	fprintf(to, "Usage:  %s [OPTIONS] COMMAND\n\nPull, keep, run and push container images, without a daemon\n", cli->program);
	fputs("\nManagement Commands:\n", to);
	for (size_t i = 0; i < cli_groups_count; i++)
		fprintf(to, "  %-11s %s\n", cli_groups[i].name, cli_groups[i].summary);
	commands_print("", to);
	fputs("\nGlobal Options:\n  -v, --version   Print version information and quit\n", to);
	fprintf(to, "\nRun '%s COMMAND --help' for more information on a command.\n", cli->program);
}
