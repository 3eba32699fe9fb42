/*
 * How a pull or push is shown: docker's lines, one for each change of state, where nobody watches; on a terminal a line with a bar for each
 * layer, redrawn in place, and below them one in total with speed and time left.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "cli/cli.h"

struct progress;

enum progress_kind { PROGRESS_PULL, PROGRESS_PUSH };

/* Writes to stream (out; `run` uses err). quiet: nothing is written. Owned; free with progress_free, which leaves the cursor below the lines. */
struct progress *progress_new(struct cli *cli, FILE *stream, enum progress_kind kind, bool quiet);
void progress_free(struct progress *progress);
/* What local_pull and local_push are given. Borrowed, as long as the progress. */
const struct local_watch *progress_watch(struct progress *progress);
/* Did the transfer get as far as its layers? docker words errors differently from there on. */
bool progress_begun(const struct progress *progress);

#endif
