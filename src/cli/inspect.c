/* naru inspect: whatever has that name. */
#include "cli/commands.h"

#include <string.h>

#include "base/mem.h"
#include "cli/image_inspect.h"
#include "cli/list.h"

/* The kinds of things that a name is tried as, in docker's order. */
static const struct {
	const char *type;
	list_find_function *find; /* ERROR_NOT_FOUND when there is none of that name */
} kinds[] = {
	{"image", image_inspect_find},
};

static bool thing_find(struct cli *cli, const struct cli_args *args, const char *name, json_t **out, struct error *err)
{
	const char *type = cli_flag_text(args, "type");

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		cleanup_error struct error why = {0};

		if (type && strcmp(type, kinds[i].type) != 0)
			continue;
		if (kinds[i].find(cli, args, name, out, &why))
			return true;
		if (why.kind != ERROR_NOT_FOUND && why.kind != ERROR_INVALID)
			return error_move(err, &why);
	}
	return error_set(err, ERROR_NOT_FOUND, "No such %s: %s", type ? type : "object", name);
}

static bool type_known(const char *type)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strcmp(type, kinds[i].type) == 0)
			return true;
	}
	return false;
}

static int run(struct cli *cli, const struct cli_args *args)
{
	const char *type = cli_flag_text(args, "type");
	cleanup_error struct error err = {0};

	if (type && !type_known(type)) {
		error_set(&err, ERROR_INVALID, "unknown type: \"%s\"", type);
		return cli_fail_plain(cli, &err);
	}
	return list_inspect_each(cli, args, thing_find);
}

static const struct cli_flag flags[] = {
	{"format", 'f', CLI_FLAG_STRING, CLI_FORMAT_INSPECT_HELP, NULL, NULL},
	{"size", 's', CLI_FLAG_BOOL, "Display total file sizes if the type is container", NULL, NULL},
	{"type", 0, CLI_FLAG_STRING, "Only inspect objects of the given type", NULL, NULL},
};

const struct cli_command command_inspect = {
	.names = {"inspect"},
	.usage = "[OPTIONS] NAME|ID [NAME|ID...]",
	.summary = "Return low-level information on images and containers",
	.flags = flags,
	.flags_count = ARRAY_SIZE(flags),
	.args_min = 1,
	.args_max = CLI_ARGS_ANY,
	.run = run,
};
