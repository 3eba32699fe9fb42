/* The frame's own: what its files share, and commands do not see. */
#ifndef CLI_CLI_INTERNAL_H
#define CLI_CLI_INTERNAL_H

#include <pthread.h>
#include <signal.h>

#include "cli/cli.h"

struct http_client;

struct cli_remote {
	char *domain;
	struct remote *remote;
};

struct cli_state {
	struct local *local;
	struct http_client *client;
	struct cli_remote *remotes; /* those asked for so far */
	size_t remotes_count, remotes_capacity;
	bool watching;
	pthread_t watcher;
	sigset_t mask_before;
};

/* Streams and terminal facts; cli_end closes what was opened and gives the exit code. */
void cli_begin(struct cli *cli, const char *called);
int cli_end(struct cli *cli, int code);

struct cli_value {
	bool given, boolean;
	int64_t integer;
	const char **list; /* owned, NULL-ended; the texts are the command line's */
	size_t count, capacity;
};

struct cli_args {
	const struct cli_command *command;
	char *name;               /* owned: how it is called in messages, "image ls" */
	struct cli_value *values; /* one a flag */
	const char **args;        /* NULL-ended */
	size_t count, capacity;
	bool help; /* --help was there */
};

/*
 * Reads what stands behind the command's name into out, which has its command and name. argv ends with NULL. ERROR_INVALID in docker's words.
 * *deprecated_help is set when help was asked for by -h.
 */
bool cli_args_read(struct cli_args *out, const char *const *argv, bool *deprecated_help, struct error *err);
/* Says what is wrong with the number of arguments: "requires 1 argument"; NULL when nothing is. Owned by the caller. */
char *cli_args_miscounted(const struct cli_args *args);
void cli_args_free(struct cli_args *args);
#define cleanup_args __attribute__((cleanup(cli_args_free)))

void cli_help_command(const struct cli *cli, const struct cli_args *args, FILE *to);
void cli_help_group(const struct cli *cli, const struct cli_group *group, FILE *to);
void cli_help_all(const struct cli *cli, FILE *to);
/* "Usage:  docker image ls [OPTIONS] …" */
void cli_help_usage(const struct cli *cli, const struct cli_args *args, FILE *to);

#endif
