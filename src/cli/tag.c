/* naru tag */
#include "cli/commands.h"

#include "base/mem.h"

static int run(struct cli *cli, const struct cli_args *args)
{
	cleanup_error struct error err = {0};
	cleanup_reference struct reference name = {0};
	cleanup_local_image struct local_image image = {0};
	struct local *local;

	if (!reference_parse(&name, str_of(cli_arg(args, 1)), cli_default_domain(cli), &err)) {
		error_prefix(&err, "Error parsing reference: \"%s\" is not a valid repository/tag", cli_arg(args, 1));
		return cli_fail_plain(cli, &err);
	}
	if (name.has_digest) {
		error_set(&err, ERROR_INVALID, "refusing to create a tag with a digest reference");
		return cli_fail_plain(cli, &err);
	}
	reference_add_latest(&name);
	local = cli_local(cli, &err);
	if (!local || !local_image_find(local, cli_arg(args, 0), cli_default_domain(cli), &image, &err) || !local_tag(local, &image.id, &name, &err))
		return cli_fail(cli, &err);
	return CLI_EXIT_OK;
}

const struct cli_command command_tag = {
	.names = {"image tag", "tag"},
	.usage = "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
	.summary = "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE",
	.args_min = 2,
	.args_max = 2,
	.run = run,
};
