/* naru pull, and the pull within `run` */
#include "cli/commands.h"

#include "base/mem.h"
#include "cli/progress.h"
#include "remote/remote.h"

static void status_line(FILE *stream, bool newer, const char *name)
{
	fprintf(stream, "Status: %s for %s\n", newer ? "Downloaded newer image" : "Image is up to date", name);
}

bool cli_pull_image(struct cli *cli, struct cli_pull *pull, bool *begun, struct error *err)
{
	struct progress *progress = progress_new(cli, pull->stream, PROGRESS_PULL, pull->quiet);
	struct local_pull asked = {
		.reference = pull->reference, .platform = pull->platform, .watch = progress_watch(progress), .cancel = &cli->cancel};
	struct local_pulled pulled;
	struct local *local = cli_local(cli, err);
	struct remote *remote = local ? cli_remote(cli, pull->reference->domain, err) : NULL;
	bool done = remote && local_pull(local, remote, &asked, &pulled, err);

	*begun = progress_begun(progress);
	progress_free(progress);
	pull->newer = pull->newer || (done && !pulled.was_there);
	if (done && !pull->quiet) {
		cleanup_free char *familiar = reference_familiar(pull->reference);
		char digest[DIGEST_TEXT_MAX];

		digest_format(&pulled.digest, digest);
		fprintf(pull->stream, "Digest: %s\n", digest);
		if (!pull->one_of_many)
			status_line(pull->stream, !pulled.was_there, familiar);
		fflush(pull->stream);
	}
	return done;
}

static bool platform_flag(const struct cli_args *args, struct platform *platform, bool *given, struct error *err)
{
	const char *text = cli_flag_text(args, "platform");

	if (!text)
		text = getenv("DOCKER_DEFAULT_PLATFORM");
	*given = text && text[0];
	return !*given || platform_parse(platform, str_of(text), err);
}

static int pull_failed(struct cli *cli, bool begun, const struct error *err)
{
	return begun ? cli_fail_plain(cli, err) : cli_fail(cli, err);
}

/* Every tag of the repository, one after another: the block of each, then one "Status:" for all. */
static int pull_all(struct cli *cli, struct reference *reference, struct cli_pull *pull)
{
	cleanup_remote_tags struct remote_tags tags = {0};
	cleanup_error struct error err = {0};
	struct remote *remote;
	bool begun;

	if (reference->tag || reference->has_digest) {
		error_set(&err, ERROR_INVALID, "tag can't be used with --all-tags/-a");
		return cli_fail_plain(cli, &err);
	}
	remote = cli_remote(cli, reference->domain, &err);
	if (!remote || !remote_tags_get(remote, reference->path, &tags, &err))
		return cli_fail(cli, &err);
	pull->one_of_many = true;
	for (size_t i = 0; i < tags.count; i++) {
		free(reference->tag);
		reference->tag = str_dup(str_of(tags.items[i]));
		if (!cli_pull_image(cli, pull, &begun, &err))
			return pull_failed(cli, begun, &err);
	}
	cleanup_free char *familiar = reference_familiar_name(reference);
	if (!pull->quiet)
		status_line(cli->out, pull->newer, familiar);
	fprintf(cli->out, "%s/%s\n", reference->domain, reference->path);
	return CLI_EXIT_OK;
}

static int pull_one(struct cli *cli, const struct cli_args *args, const char *name)
{
	bool quiet = cli_flag_bool(args, "quiet"), has_platform = false, begun = false;
	cleanup_reference struct reference reference = {0};
	cleanup_error struct error err = {0};
	cleanup_free char *full = NULL;
	struct platform platform;

	if (!reference_parse(&reference, str_of(name), cli_default_domain(cli), &err))
		return cli_fail_plain(cli, &err);
	if (!platform_flag(args, &platform, &has_platform, &err))
		return cli_fail(cli, &err);
	struct cli_pull pull = {.reference = &reference, .platform = has_platform ? &platform : NULL, .stream = cli->out, .quiet = quiet};
	if (cli_flag_bool(args, "all-tags"))
		return pull_all(cli, &reference, &pull);
	if (reference_add_latest(&reference) && !quiet)
		fprintf(cli->out, "Using default tag: latest\n");
	if (!cli_pull_image(cli, &pull, &begun, &err))
		return pull_failed(cli, begun, &err);
	full = reference_full(&reference);
	fprintf(cli->out, "%s\n", full);
	return CLI_EXIT_OK;
}

static int run(struct cli *cli, const struct cli_args *args)
{
	cleanup_error struct error err = {0};
	int code = CLI_EXIT_OK;

	if (!cli_signals_watch(cli, &err))
		return cli_fail(cli, &err);
	for (size_t i = 0; i < cli_args_count(args) && !atomic_load(&cli->cancel); i++) {
		int one = pull_one(cli, args, cli_arg(args, i));

		code = one == CLI_EXIT_OK ? code : one;
	}
	return code;
}

static const struct cli_flag flags[] = {
	{"all-tags", 'a', CLI_FLAG_BOOL, "Download all tagged images in the repository", NULL, NULL},
	{"platform", 0, CLI_FLAG_STRING, "Set platform if server is multi-platform capable", NULL, NULL},
	{"quiet", 'q', CLI_FLAG_BOOL, "Suppress verbose output", NULL, NULL},
};

const struct cli_command command_pull = {
	.names = {"image pull", "pull"},
	.usage = "[OPTIONS] NAME[:TAG|@DIGEST]",
	.summary = "Download an image from a registry",
	.flags = flags,
	.flags_count = ARRAY_SIZE(flags),
	.args_min = 1,
	.args_max = CLI_ARGS_ANY,
	.run = run,
};
