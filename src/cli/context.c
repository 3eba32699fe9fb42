/* What commands are given: streams, signals, the store and registries when they are first asked for, and how errors are told. */
#include "cli/cli_internal.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/thread.h"
#include "local/local.h"
#include "net/client.h"
#include "remote/remote.h"

void cli_begin(struct cli *cli, const char *called)
{
	const char *slash = strrchr(called, '/'), *no_colour = getenv("NO_COLOR");

	cli->program = strcmp(slash ? slash + 1 : called, "docker") == 0 ? "docker" : "naru";
	cli->out = stdout;
	cli->err = stderr;
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	cli->in_terminal = isatty(STDIN_FILENO);
	cli->out_terminal = isatty(STDOUT_FILENO);
	cli->err_terminal = isatty(STDERR_FILENO);
	cli->colour = cli->out_terminal && !(no_colour && no_colour[0]);
	cli->state = mem_alloc(1, sizeof *cli->state);
	signal(SIGPIPE, SIG_IGN);
}

/* A reader of our output that went away is no failure (docker: silent, 0); a full disk is one. */
static int output_end(struct cli *cli, int code)
{
	char words[128];

	if (fflush(cli->out) == 0 && !ferror(cli->out))
		return code;
	if (errno == EPIPE || code != CLI_EXIT_OK)
		return code;
	error_os_words(errno, words, sizeof words);
	fprintf(cli->err, "write /dev/stdout: %s\n", words);
	return CLI_EXIT_FAILED;
}

int cli_end(struct cli *cli, int code)
{
	code = output_end(cli, code);
	cli_signals_release(cli);
	for (size_t i = 0; i < cli->state->remotes_count; i++) {
		remote_close(cli->state->remotes[i].remote);
		free(cli->state->remotes[i].domain);
	}
	free(cli->state->remotes);
	http_client_free(cli->state->client);
	local_close(cli->state->local);
	free(cli->state);
	return code;
}

unsigned int cli_columns(const struct cli *cli, FILE *stream)
{
	struct winsize size = {0};

	(void)cli;
	if (ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return 80;
}

struct local *cli_local(struct cli *cli, struct error *err)
{
	cleanup_free char *home = NULL;

	if (!cli->state->local && local_home(&home, err))
		(void)local_open(&cli->state->local, home, err);
	return cli->state->local;
}

struct remote *cli_remote(struct cli *cli, const char *domain, struct error *err)
{
	struct http_client_settings settings = {.user_agent = "naru/" NARU_VERSION, .cancel = &cli->cancel};
	struct remote_settings remote_settings = {.domain = domain};
	struct cli_state *state = cli->state;
	struct remote *remote;

	for (size_t i = 0; i < state->remotes_count; i++) {
		if (strcmp(state->remotes[i].domain, domain) == 0)
			return state->remotes[i].remote;
	}
	if (!state->client && !http_client_new(&state->client, &settings, err))
		return NULL;
	if (!remote_open(&remote, state->client, &remote_settings, err))
		return NULL;
	state->remotes = mem_grow(state->remotes, state->remotes_count, &state->remotes_capacity, sizeof *state->remotes);
	state->remotes[state->remotes_count++] = (struct cli_remote){.domain = mem_printf("%s", domain), .remote = remote};
	return remote;
}

const char *cli_default_domain(const struct cli *cli)
{
	(void)cli;
	return REFERENCE_HUB;
}

/* ---- signals ---- */

static void watched_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
}

/* Waits for signals in place of a handler. SIGUSR2, sent to this thread alone, ends it. */
static void *signals_wait(void *argument)
{
	struct cli *cli = argument;
	sigset_t set;

	watched_signals(&set);
	sigaddset(&set, SIGUSR2);
	for (;;) {
		int number = 0;

		if (sigwait(&set, &number) != 0 || number == SIGUSR2)
			return NULL;
		if (atomic_load(&cli->cancel))
			_exit(CLI_EXIT_SIGNALED + number);
		atomic_store(&cli->signal, number);
		atomic_store(&cli->cancel, true);
	}
}

bool cli_signals_watch(struct cli *cli, struct error *err)
{
	sigset_t set;

	if (cli->state->watching)
		return true;
	watched_signals(&set);
	pthread_sigmask(SIG_BLOCK, &set, &cli->state->mask_before);
	if (!thread_start(&cli->state->watcher, "signals", signals_wait, cli, err)) {
		pthread_sigmask(SIG_SETMASK, &cli->state->mask_before, NULL);
		return false;
	}
	cli->state->watching = true;
	return true;
}

void cli_signals_release(struct cli *cli)
{
	if (!cli->state->watching)
		return;
	cli->state->watching = false;
	pthread_kill(cli->state->watcher, SIGUSR2);
	pthread_join(cli->state->watcher, NULL);
	pthread_sigmask(SIG_SETMASK, &cli->state->mask_before, NULL);
}

/* ---- errors ---- */

/* True when it is a signal's doing, and has been told by it: nothing is printed then. */
static bool ended_by_signal(const struct cli *cli)
{
	return atomic_load(&cli->cancel) && atomic_load(&cli->signal) != 0;
}

static int fail(struct cli *cli, const char *start, const struct error *err)
{
	if (ended_by_signal(cli))
		return CLI_EXIT_SIGNALED + atomic_load(&cli->signal);
	fflush(cli->out);
	fprintf(cli->err, "%s%s\n", start, error_text(err));
	return CLI_EXIT_FAILED;
}

int cli_fail(struct cli *cli, const struct error *err)
{
	return fail(cli, "Error: ", err);
}

int cli_fail_plain(struct cli *cli, const struct error *err)
{
	return fail(cli, "", err);
}

int cli_fail_usage(struct cli *cli, const struct cli_args *args, const struct error *err)
{
	if (ended_by_signal(cli))
		return CLI_EXIT_SIGNALED + atomic_load(&cli->signal);
	fflush(cli->out);
	fprintf(cli->err, "%s: %s\n\nRun '%s %s --help' for more information\n", cli->program, error_text(err), cli->program, args->name);
	return CLI_EXIT_USAGE;
}
