/* What `naru-registry serve` was told on its command line. */
#ifndef REGISTRY_SETTINGS_H
#define REGISTRY_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define SETTINGS_LISTEN_MAX 16

struct settings {
	char *data;                              /* owned */
	const char *listen[SETTINGS_LISTEN_MAX]; /* borrowed from the arguments */
	size_t listen_count;
	bool open;
	bool log_requests; /* a line a request; on unless --no-request-log */
	bool help;
};

/*
 * Reads the arguments behind "serve". ERROR_INVALID for an unknown one or a bad value, and for what must not be: an address beyond loopback,
 * which needs TLS or a proxy in front; a registry without accounts that was not said to be open.
 */
bool settings_parse(struct settings *out, int argc, char **argv, struct error *err);
void settings_free(struct settings *settings);

extern const char settings_help[];

#endif
