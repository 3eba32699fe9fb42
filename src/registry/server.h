/* The registry as a process: its folder, database and content, the server in front, until a signal ends it. */
#ifndef REGISTRY_SERVER_H
#define REGISTRY_SERVER_H

#include "base/error.h"
#include "registry/settings.h"

/*
 * Serves until TERM or INT, then finishes what runs (up to 30 s) and returns true; HUP reads arguments, configuration and certificates again. A
 * folder that another process serves is ERROR_CONFLICT, a folder or database of a newer version ERROR_UNSUPPORTED. The line "listening" with the
 * address goes to the log once it answers.
 */
bool registry_serve(const struct settings *settings, int argc, char **argv, struct error *err);

#endif
