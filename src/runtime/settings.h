/*
 * What a container was created with: the user's options joined with the image's configuration. Kept as JSON in the container's row, so that
 * `start` and `ps` need nothing else.
 */
#ifndef RUNTIME_SETTINGS_H
#define RUNTIME_SETTINGS_H

#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"
#include "oci/image_config.h"
#include "runtime/port.h"
#include "runtime/text_list.h"
#include "runtime/volume.h"

enum network_mode { NETWORK_BRIDGE, NETWORK_NONE, NETWORK_HOST };

struct settings {
	struct text_list args; /* the program and its arguments */
	struct text_list env;  /* "NAME=value" */
	char *working_dir;     /* owned, absolute */
	char *user;            /* owned: "", "name", "uid", "user:group" */
	char *hostname;        /* owned; "" for the short ID (bridge, none) or the host's (host) */
	char *stop_signal;     /* owned; "" for SIGTERM */
	enum network_mode network;
	struct port_specs ports;
	struct port_specs exposed; /* host ports are 0; without those of ports */
	struct volumes volumes;
	struct text_list cap_add, cap_drop; /* "CAP_NET_ADMIN", "ALL" */
	struct text_list labels;            /* "key=value" */
	int64_t log_max_bytes;              /* of its output that is kept; 0: no limit */
	bool terminal, stdin_open, remove, read_only, privileged;
};

#define cleanup_settings __attribute__((cleanup(settings_free)))
void settings_free(struct settings *settings);

/* What the user asked for; borrowed texts, NULL or empty where nothing was. */
struct settings_request {
	const char *const *command; /* NULL-ended; empty: the image's */
	const char *entrypoint;     /* NULL: the image's; "": none */
	const char *const *env;     /* "K=V", or "K" for the value that this process has; NULL-ended, likewise the next ones */
	const char *const *ports;   /* "8080:80" */
	const char *const *volumes;
	const char *const *cap_add;
	const char *const *cap_drop;
	const char *const *labels;
	const char *const *log_options; /* "max-size=10m", "max-file=3" */
	const char *user;
	const char *working_dir;
	const char *hostname;
	const char *network; /* "bridge", "none", "host" */
	bool publish_all, terminal, stdin_open, remove, read_only, privileged;
};

/* Joins request and image. ERROR_INVALID in docker's words; ERROR_NOT_FOUND "network nosuch not found". Free with settings_free. */
bool settings_make(struct settings *out, const struct settings_request *request, const struct image_config *image, struct error *err);

/* "10m", "512", "1gb" in bytes, base 1024 as docker counts memory and logs; ERROR_INVALID "invalid size: 'abc'". */
bool size_parse(struct str text, int64_t *bytes, struct error *err);
/* docker's --log-opt of its default driver: how much is kept in all. NULL-ended; NULL is no option. */
bool log_options_parse(const char *const *options, int64_t *max_bytes, struct error *err);

/* As text for the row, owned by the caller; and back. */
char *settings_format(const struct settings *settings);
bool settings_parse(struct settings *out, struct str text, struct error *err);

/* "net_admin" or "CAP_NET_ADMIN" as "CAP_NET_ADMIN", "all" as "ALL": a literal; NULL when there is no such capability. */
const char *capability_find(struct str name);
/* The capabilities that the settings leave, a list of literals ended by NULL, in out. */
#define CAPABILITIES_MAX 64
void settings_capabilities(const struct settings *settings, const char *out[static CAPABILITIES_MAX]);

/* The same as a set: bit N is the kernel's capability N. */
uint64_t capabilities_mask(const char *const *names);
/* "TERM", "SIGTERM", "15" → 15; 0 when there is no such signal. */
int signal_parse(struct str text);

#endif
