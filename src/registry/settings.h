/*
 * The registry's settings: the defaults, over them the configuration file (YAML), over that the arguments.
 * The one table of them, with each key's name, type, default and meaning, is in settings_keys.c; docs/configuration.md is held to it by a test.
 */
#ifndef REGISTRY_SETTINGS_H
#define REGISTRY_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/log.h"
#include "net/server.h"

#define SETTINGS_LISTEN_MAX 16
/* Read when it is there and no other is named. */
#define SETTINGS_FILE "/etc/naru/registry.yml"

struct settings_listener {
	char *address; /* "127.0.0.1:5000", "[::1]:0", "unix:/run/naru-registry.sock"; "fd:3" or "fd:NAME": a socket that systemd opened */
	bool tls;
	bool tls_said; /* else tls follows from whether there is a certificate */
};

/* What may name content that is missing. */
enum settings_sparse { SETTINGS_SPARSE_NONE, SETTINGS_SPARSE_INDEXES, SETTINGS_SPARSE_ALL };

struct settings_limits {
	struct server_limits server;
	size_t manifest_bytes;        /* of one manifest */
	size_t uploads;               /* whose bodies are coming in at once; 0: no limit */
	unsigned int upload_expiry_s; /* an upload that nobody went on with for so long is dropped */
	int64_t rehash_bytes;         /* the largest upload that is hashed again as sha512 at its end */
	enum settings_sparse sparse;
	size_t chunk_min_bytes; /* OCI-Chunk-Min-Length; 0: none is named */
};

struct settings_origin;

struct settings {
	char *data;           /* the folder */
	char *storage_folder; /* where content and uploads are; NULL: in data */
	char *database;       /* "sqlite:" */
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
	enum log_format log_format;
	enum log_level log_level;
	bool log_requests; /* a line a request */

	bool help;                       /* --help was asked for; the rest is not checked then */
	char *file;                      /* the configuration file that was read; NULL: none */
	bool open_in_file;               /* access.open stands in the file; an argument alone opens no more than loopback */
	struct settings_origin *origins; /* of each key */
};

/*
 * Reads the arguments behind "serve", and the configuration file. ERROR_INVALID with a line for each mistake, "FILE:LINE:COLUMN: KEY: what is wrong
 * and what is allowed" for those of the file; also for what must not be: an address beyond loopback without TLS and without a proxy in front, a
 * registry without accounts that was not said to be open. All it points to is owned by it. Reading them again is how they are reloaded.
 */
bool settings_load(struct settings *out, int argc, char **argv, struct error *err);
/* Nothing told: the defaults. */
void settings_defaults(struct settings *out);
/* Only the text of a configuration file, called file in messages: for those who test it. */
bool settings_load_text(struct settings *out, const char *file, struct str text, struct error *err);
void settings_free(struct settings *settings);

/*
 * Whether address (for the message) may be listened on: on loopback, or with TLS, or for a proxy in front; and when there are no accounts, beyond
 * loopback only when the file says so too. For sockets that come from outside, whose address is known late.
 */
bool settings_may_listen(const struct settings *settings, const char *address, bool is_loopback, bool tls, struct error *err);
/* Whether a listener on address has TLS when nothing was said: when there is a certificate, but on a unix socket. */
bool settings_default_tls(const struct settings *settings, bool is_unix);
bool settings_listen_is_default(const struct settings *settings);

/*
 * What of running has to stay while the process runs (data, listen …) is put into next in place of what it says; changed gets the names of those that
 * differ, separated by ", ". ERROR_INVALID when the two do not go together: a listener with TLS stays, and the certificate is gone.
 */
bool settings_keep_running(const struct settings *running, struct settings *next, struct buf *changed, struct error *err);

/* The effective settings as a configuration file, each with where it came from in a comment. */
void settings_show(const struct settings *settings, struct buf *out);
/* The text of `serve --help`. */
void settings_help(struct buf *out);

#endif
