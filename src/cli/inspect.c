/* naru inspect: whatever has that name. */
#include "cli/commands.h"

#include <string.h>

#include "base/mem.h"
#include "cli/image_inspect.h"
#include "cli/list.h"

static bool image_find(struct cli *cli, const char *name, json_t **out, struct error *err)
{
	cleanup_local_image struct local_image image = {0};
	struct local *local = cli_local(cli, err);

	if (!local || !local_image_find(local, name, cli_default_domain(cli), &image, err))
		return false;
	*out = image_document(&image);
	return true;
}

/* The kinds of things that a name is tried as, in docker's order. */
static const struct {
	const char *type;
	/* *out is a new reference; ERROR_NOT_FOUND when there is none of that name. */
	bool (*find)(struct cli *cli, const char *name, json_t **out, struct error *err);
} kinds[] = {
	{"image", image_find},
};

static bool thing_find(struct cli *cli, const char *type, const char *name, json_t **out, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		cleanup_error struct error why = {0};

		if (type && strcmp(type, kinds[i].type) != 0)
			continue;
		if (kinds[i].find(cli, name, out, &why))
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
	cleanup_buf struct buf missing = {0};
	json_t *documents;
	int code = CLI_EXIT_OK;

	if (type && !type_known(type)) {
		error_set(&err, ERROR_INVALID, "unknown type: \"%s\"", type);
		return cli_fail_plain(cli, &err);
	}
	documents = json_array();
	for (size_t i = 0; i < cli_args_count(args); i++) {
		cleanup_error struct error why = {0};
		json_t *document = NULL;

		if (thing_find(cli, type, cli_arg(args, i), &document, &why))
			json_array_append_new(documents, document);
		else
			buf_printf(&missing, "Error: %s\n", error_text(&why));
	}
	if (!list_inspect(cli, cli_flag_text(args, "format"), documents, &err))
		code = cli_fail_plain(cli, &err);
	if (missing.len) {
		fflush(cli->out);
		fputs(missing.data, cli->err);
		code = CLI_EXIT_FAILED;
	}
	json_decref(documents);
	return code;
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
