/* What the commands for containers share. */
#ifndef CLI_CONTAINERS_H
#define CLI_CONTAINERS_H

#include "cli/cli.h"
#include "runtime/runtime.h"

/* Containers of the store; NULL with *err set when they cannot be opened. Owned. */
struct runtime *cli_runtime(struct cli *cli, struct error *err);
void cli_runtime_cleanup(struct runtime **runtime);
#define cleanup_runtime __attribute__((cleanup(cli_runtime_cleanup)))

/*
 * Does something to each container that is named on the command line, as docker: the good ones are named on standard output, each bad one has a
 * line on standard error, and the exit code is 1 when one failed. With skip_missing what is not there is named too, and does not count.
 */
typedef bool cli_container_function(struct runtime *runtime, const struct container *container, const struct cli_args *args, struct error *err);
int cli_each_container(struct cli *cli, const struct cli_args *args, cli_container_function *function, bool skip_missing);

#endif
