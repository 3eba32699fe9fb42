/* naru push */
#include "cli/commands.h"

#include "base/mem.h"
#include "cli/progress.h"

static int run(struct cli *cli, const struct cli_args *args)
{
	bool quiet = cli_flag_bool(args, "quiet");
	cleanup_reference struct reference reference = {0};
	cleanup_error struct error err = {0};
	cleanup_free char *name = NULL;
	char digest[DIGEST_TEXT_MAX];
	struct local_pushed pushed;
	struct progress *progress;
	struct local *local;
	struct remote *remote;
	bool done;

	if (!reference_parse(&reference, str_of(cli_arg(args, 0)), cli_default_domain(cli), &err) || !cli_signals_watch(cli, &err))
		return cli_fail_plain(cli, &err);
	if (reference.has_digest) {
		error_set(&err, ERROR_INVALID, "cannot push a digest reference");
		return cli_fail_plain(cli, &err);
	}
	if (reference_add_latest(&reference) && !quiet)
		fprintf(cli->out, "Using default tag: latest\n");
	if (!quiet)
		fprintf(cli->out, "The push refers to repository [%s/%s]\n", reference.domain, reference.path);

	progress = progress_new(cli, cli->out, PROGRESS_PUSH, quiet);
	struct local_push push = {.reference = &reference, .watch = progress_watch(progress), .cancel = &cli->cancel};
	local = cli_local(cli, &err);
	remote = local ? cli_remote(cli, reference.domain, &err) : NULL;
	done = remote && local_push(local, remote, &push, &pushed, &err);
	progress_free(progress);
	if (!done)
		return cli_fail_plain(cli, &err);

	name = reference_full(&reference);
	digest_format(&pushed.digest, digest);
	if (quiet)
		fprintf(cli->out, "%s\n", name);
	else
		fprintf(cli->out, "%s: digest: %s size: %lld\n", reference.tag, digest, (long long)pushed.size_bytes);
	return CLI_EXIT_OK;
}

static const struct cli_flag flags[] = {
	{"quiet", 'q', CLI_FLAG_BOOL, "Suppress verbose output", NULL, NULL},
};

const struct cli_command command_push = {
	.names = {"image push", "push"},
	.usage = "[OPTIONS] NAME[:TAG]",
	.summary = "Upload an image to a registry",
	.flags = flags,
	.flags_count = ARRAY_SIZE(flags),
	.args_min = 1,
	.args_max = 1,
	.run = run,
};
