/*
 * The registry's settings: defaults, then the configuration file (YAML), then the arguments; the later wins.
 * One table, in settings_keys.c, has each key's name, type, default and meaning.
 */
#ifndef REGISTRY_SETTINGS_H
#define REGISTRY_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/log.h"
#include "net/server.h"

#define SETTINGS_LISTEN_MAX 16

struct settings_listener {
	char *address; /* "127.0.0.1:5000", "[::1]:0", "unix:/run/naru-registry.sock", "fd:3" */
	bool tls;
};

/* What may name content that is missing. */
enum settings_sparse { SETTINGS_SPARSE_NONE, SETTINGS_SPARSE_INDEXES, SETTINGS_SPARSE_ALL };

enum settings_log_format { SETTINGS_LOG_LOGFMT, SETTINGS_LOG_JSON };

struct settings_limits {
	struct server_limits server;
	size_t manifest_bytes;        /* of one manifest; 4 MiB */
	size_t uploads;               /* in flight at once; 0: no limit; 10,000 */
	unsigned int upload_expiry_s; /* an upload that nobody went on with for so long is dropped; a week */
	int64_t rehash_bytes;         /* the largest upload that is hashed again as sha512 at its end; 1 GiB */
	enum settings_sparse sparse;  /* INDEXES */
	size_t chunk_min_bytes;       /* OCI-Chunk-Min-Length; 0: none is named; 0 */
};

struct settings {
	char *data; /* the folder */
	struct settings_listener *listen;
	size_t listen_count;
	char *tls_cert, *tls_key; /* PEM files; NULL: no listener has tls */
	bool tls_only_1_3;
	char *external_url; /* "https://registry.example.com", without a slash at its end; NULL: as the client's request says */
	bool open;          /* no accounts */
	bool deletes;       /* false: DELETE of content, manifests and tags is 405 UNSUPPORTED */
	struct settings_limits limits;
	char **trusted_proxies; /* "10.0.0.0/8", "::1", "unix" */
	size_t trusted_proxies_count;
	enum settings_log_format log_format;
	enum log_level log_level;
	bool log_requests; /* a line a request */
	bool help;         /* --help was asked for; the rest is not checked then */
};

/*
 * Reads the arguments behind "serve". ERROR_INVALID for an unknown one or a bad value, and for what must not be: an address beyond loopback,
 * which needs TLS or a proxy in front; a registry without accounts that was not said to be open. All it points to is owned by it.
 */
bool settings_parse(struct settings *out, int argc, char **argv, struct error *err);
/* Nothing told: the defaults. */
void settings_defaults(struct settings *out);
void settings_free(struct settings *settings);

extern const char settings_help[];

#endif
