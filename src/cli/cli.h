/*
 * The tool's frame: the table of commands, their flags, and what every command is given. Words, streams and exit codes are docker 28's
 * (its messages were captured, "docker" being our program's name). A command is one file with one `struct cli_command`, and one line in
 * commands.c. Nothing here knows what a command does.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "local/local.h"

enum cli_exit {
	CLI_EXIT_OK = 0,
	CLI_EXIT_FAILED = 1,
	CLI_EXIT_USAGE = 125,    /* a bad flag; and whatever keeps `run` from starting the program */
	CLI_EXIT_SIGNALED = 128, /* plus the signal's number */
};

/* ---- what a command is ---- */

enum cli_flag_type {
	CLI_FLAG_BOOL,   /* --quiet, --quiet=false */
	CLI_FLAG_STRING, /* --name x, --name=x; the last one counts */
	CLI_FLAG_LIST,   /* may be given many times, each value kept as it is */
	CLI_FLAG_INT,    /* decimal, may be negative */
};

struct cli_flag {
	const char *name; /* "quiet" */
	char letter;      /* 'q', or 0 */
	enum cli_flag_type type;
	const char *help;       /* "Suppress verbose output"; NULL keeps the flag out of the help */
	const char *value_name; /* in the help: "string", "list"; NULL: by type */
	/*
	 * Says whether a value will do; false with *err set to what is wrong with it ("invalid size: 'abc'"), which becomes
	 * `invalid argument "abc" for "-m, --memory" flag: invalid size: 'abc'`. May be NULL.
	 */
	bool (*check)(struct str value, struct error *err);
};

struct cli;
struct remote; /* remote/remote.h */
struct cli_args;

#define CLI_NAMES_MAX 6
#define CLI_ARGS_ANY (-1)

struct cli_command {
	/* Every way to call it, the first one under a word being that word's own name for it: {"image ls", "image list", "images"}. */
	const char *names[CLI_NAMES_MAX];
	const char *usage;   /* what follows the name: "[OPTIONS] [REPOSITORY[:TAG]]" */
	const char *summary; /* "List images" */
	const struct cli_flag *flags;
	size_t flags_count;
	int args_min, args_max; /* CLI_ARGS_ANY: no upper bound */
	bool flags_first;       /* the first argument ends the flags (`run`, `exec`) */
	/* Returns the exit code. Messages are its own to write, with cli_fail and its kin. */
	int (*run)(struct cli *cli, const struct cli_args *args);
};

/* ---- the table (commands.c) ---- */

extern const struct cli_command *const cli_commands[];
extern const size_t cli_commands_count;

/* A word that has commands below it: "image". */
struct cli_group {
	const char *name, *summary;
};
extern const struct cli_group cli_groups[];
extern const size_t cli_groups_count;

/* ---- what was typed ---- */

/* Of a flag that the command has; asking for another is our own mistake. Borrowed, as long as the args. */
bool cli_flag_bool(const struct cli_args *args, const char *name);
const char *cli_flag_text(const struct cli_args *args, const char *name);                       /* NULL when it was not given */
const char *const *cli_flag_list(const struct cli_args *args, const char *name, size_t *count); /* NULL-ended; NULL when it was not given */
int64_t cli_flag_int(const struct cli_args *args, const char *name, int64_t otherwise);
bool cli_flag_given(const struct cli_args *args, const char *name);

size_t cli_args_count(const struct cli_args *args);
const char *cli_arg(const struct cli_args *args, size_t index);
/* All of them, NULL-ended; the first cli_args_count are arguments. For what is handed on to a container. */
const char *const *cli_args_from(const struct cli_args *args, size_t index);

/* ---- what every command is given ---- */

struct cli {
	const char *program; /* "docker" when it was called so, else "naru"; in usage lines */
	FILE *out, *err;     /* standard output and error; out is line-buffered */
	bool in_terminal, out_terminal, err_terminal;
	bool colour; /* on out: a terminal, and no NO_COLOR */
	/* Set when SIGINT, SIGTERM or SIGHUP came while cli_signals_watch was on; signal is its number. */
	atomic_bool cancel;
	atomic_int signal;
	struct cli_state *state; /* the frame's own */
};

/* Columns of the terminal on that stream; 80 when it does not say. */
unsigned int cli_columns(const struct cli *cli, FILE *stream);

/* The store (NARU_HOME), opened on first use and closed by the frame; NULL with *err set when it cannot be. */
struct local *cli_local(struct cli *cli, struct error *err);
/* A registry ("127.0.0.1:5000"), likewise. Its calls end when cancel is set. */
struct remote *cli_remote(struct cli *cli, const char *domain, struct error *err);
/* Where names without a registry belong; "docker.io". Borrowed. */
const char *cli_default_domain(const struct cli *cli);

/*
 * From here on SIGINT, SIGTERM and SIGHUP set cancel instead of ending the process; a second one ends it. For what has to leave things
 * whole (pull, push, load). cli_signals_release gives them back, as they were, before a container is started. SIGPIPE is ignored in the
 * whole program: who execs another resets it and the mask.
 */
bool cli_signals_watch(struct cli *cli, struct error *err);
void cli_signals_release(struct cli *cli);

/* `Error: TEXT` on standard error, as docker's daemon errors; nothing for ERROR_CANCELED by a signal. Returns the exit code, 1 or 128 + signal. */
int cli_fail(struct cli *cli, const struct error *err);
/* TEXT alone, where docker prints it so (references, push, flags). */
int cli_fail_plain(struct cli *cli, const struct error *err);
/* As `run` and `create` report: `docker: TEXT`, blank, "Run 'docker run --help' for more information". Returns 125. */
int cli_fail_usage(struct cli *cli, const struct cli_args *args, const struct error *err);

/* Runs the program: finds the command, reads its flags, runs it. Returns the exit code. Owned by main. */
int cli_main(int argc, char **argv);

#endif
