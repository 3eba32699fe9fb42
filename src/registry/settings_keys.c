/* The one table of settings. What stands here is in `serve --help`, `config show` and docs/configuration.md; the unit test holds the last to it. */
#include "base/mem.h"
#include "oci/manifest.h"
#include "registry/settings_internal.h"

#define MEMBER(member) offsetof(struct settings, member), sizeof(((struct settings *)NULL)->member)
#define SERVER_LIMIT(member) MEMBER(limits.server.member)

#define MIB (1024ULL * 1024)
#define GIB (1024 * MIB)

static const char *const versions[] = {"1.2", "1.3", NULL};
static const char *const sparse_choices[] = {"none", "indexes", "all", NULL};
static const char *const format_choices[] = {"logfmt", "json", NULL};
static const char *const level_choices[] = {"debug", "info", "warning", "error", NULL};

/* clang-format off */
const struct settings_key settings_keys[] = {
	{"listen", "127.0.0.1:5000", NULL,
		"Where to listen: `ADDR:PORT` (port 0 takes a free one), `unix:PATH`, or `fd:NAME` for a socket of that name from systemd. One, or a list; an entry that "
		"is a mapping has `address` and `tls` (true or false; when it is not said: true where there is a certificate, but on unix sockets). "
		"Beyond loopback an address needs TLS, or `access.trusted_proxies`. Without this key, sockets from systemd take the place of the default.",
		"--listen", "ADDR:PORT", SETTINGS_LISTENERS, true, 0, MEMBER(listen), NULL, 0, 0},
	{"tls.cert", NULL, NULL, "PEM file with the certificate and its chain. Read again on HUP.",
		"--tls-cert", "FILE", SETTINGS_PATH, false, 0, MEMBER(tls_cert), NULL, 0, 0},
	{"tls.key", NULL, NULL, "PEM file with the certificate's key, without a passphrase. Read again on HUP.",
		"--tls-key", "FILE", SETTINGS_PATH, false, 0, MEMBER(tls_key), NULL, 0, 0},
	{"tls.minimum", "1.2", NULL, "The oldest version of TLS that is spoken.",
		NULL, NULL, SETTINGS_CHOICE, false, 0, MEMBER(tls_only_1_3), versions, 0, 0},
	{"external_url", NULL, "as each request says",
		"How clients reach the registry, when that is not what their requests say: scheme, name and port, without a path. "
		"So far all addresses in answers are relative, so nothing needs it yet.",
		NULL, NULL, SETTINGS_URL, false, 0, MEMBER(external_url), NULL, 0, 0},
	{"data", NULL, "/var/lib/naru-registry; $STATE_DIRECTORY under systemd, else $XDG_DATA_HOME/naru-registry for others than root",
		"Folder that holds everything. One process serves it at a time.",
		"--data", "DIR", SETTINGS_PATH, true, 0, MEMBER(data), NULL, 0, 0},
	{"database", "sqlite:", NULL, "`\"sqlite:\"` (YAML wants the quotes) is the file `registry.db` in `data`. There is no other yet.",
		NULL, NULL, SETTINGS_DATABASE, true, 0, MEMBER(database), NULL, 0, 0},
	{"storage.folder", NULL, "as `data`", "Folder for content of more than 64 KiB and for uploads, when it is to be on another disk than the database.",
		NULL, NULL, SETTINGS_PATH, true, 0, MEMBER(storage_folder), NULL, 0, 0},
	{"storage.deletes", "true", NULL, "Whether clients may delete content, manifests and tags. `false`: they are told 405 UNSUPPORTED.",
		NULL, NULL, SETTINGS_BOOL, false, 0, MEMBER(deletes), NULL, 0, 0},
	{"access.open", "false", NULL,
		"Whoever reaches the registry may push and pull without an account; as an argument for loopback and unix sockets only. "
		"Beyond those it has to stand in the configuration file. There are no accounts yet, so it has to be said.",
		"--open", NULL, SETTINGS_BOOL, true, 0, MEMBER(open), NULL, 0, 0},
	{"access.trusted_proxies", NULL, "none",
		"Proxies in front, whose `Forwarded` and `X-Forwarded-*` headers are believed: addresses, ranges like `10.0.0.0/8`, or `unix` for whoever comes through a unix socket. "
		"One, or a list. Naming one also says that TLS is the proxy's, so that listening beyond loopback without it is allowed.",
		NULL, NULL, SETTINGS_NETWORKS, false, 0, MEMBER(trusted_proxies), NULL, 0, 0},
	{"limits.connections", "10000", NULL, "Connections open at once; more wait in the kernel. Each needs two open files: see LimitNOFILE.",
		NULL, NULL, SETTINGS_COUNT, false, 0, SERVER_LIMIT(connections), NULL, 1, 1000000},
	{"limits.connections_per_address", "0", NULL, "Connections of one client's address open at once; more are closed. 0: no limit.",
		NULL, NULL, SETTINGS_COUNT, false, 0, SERVER_LIMIT(connections_per_address), NULL, 0, 1000000},
	{"limits.requests_per_second", "0", NULL, "Requests of one client's address in a second; more are answered 429 with `Retry-After`. 0: no limit.",
		NULL, NULL, SETTINGS_COUNT, false, 0, SERVER_LIMIT(requests_per_second), NULL, 0, 1000000},
	{"limits.requests_burst", "100", NULL, "How many requests an address may be ahead of `requests_per_second`: clients ask for many things at once, and then pause.",
		NULL, NULL, SETTINGS_COUNT, false, 0, SERVER_LIMIT(requests_burst), NULL, 0, 1000000},
	{"limits.header_bytes", "32KiB", NULL, "A request's line and headers; more is 431.",
		NULL, NULL, SETTINGS_SIZE, false, 0, SERVER_LIMIT(header_bytes), NULL, 1024, MIB},
	{"limits.buffers", "64", NULL, "Pieces of 128 KiB for all request bodies together: memory that uploads may take.",
		NULL, NULL, SETTINGS_COUNT, true, 0, SERVER_LIMIT(buffers), NULL, 2, 65536},
	{"limits.head_timeout", "20s", NULL, "From the first byte of a connection or request to the end of its headers; then 408.",
		NULL, NULL, SETTINGS_TIME, false, 1, SERVER_LIMIT(head_timeout_ms), NULL, 100, 3600000},
	{"limits.idle_timeout", "2m", NULL, "A connection without a request is closed after it.",
		NULL, NULL, SETTINGS_TIME, false, 1, SERVER_LIMIT(idle_timeout_ms), NULL, 100, 86400000},
	{"limits.body_timeout", "1m", NULL, "A body, in either direction, of which no byte moves for so long ends its connection.",
		NULL, NULL, SETTINGS_TIME, false, 1, SERVER_LIMIT(body_timeout_ms), NULL, 100, 3600000},
	{"limits.body_rate_min", "0", NULL, "Bytes a second that a body has to move, over half a minute or so; slower is 408. 0: no limit.",
		NULL, NULL, SETTINGS_SIZE, false, 0, SERVER_LIMIT(body_rate_min), NULL, 0, GIB},
	{"limits.manifest_bytes", "4MiB", NULL, "The largest manifest; more is 413. Not over 4 MiB, which is what clients read.",
		NULL, NULL, SETTINGS_SIZE, false, 0, MEMBER(limits.manifest_bytes), NULL, 1024, MANIFEST_SIZE_MAX},
	{"limits.uploads", "10000", NULL, "Uploads whose bodies are coming in at the same time; more are answered 429. 0: no limit.",
		NULL, NULL, SETTINGS_COUNT, false, 0, MEMBER(limits.uploads), NULL, 0, 1000000},
	{"limits.upload_expiry", "7d", NULL, "An upload that nobody went on with for so long is dropped.",
		NULL, NULL, SETTINGS_TIME, false, 1000, MEMBER(limits.upload_expiry_s), NULL, 1, 366 * 86400},
	{"limits.rehash_bytes", "1GiB", NULL, "The largest upload that may turn out at its end to be named by sha512, and is then hashed again.",
		NULL, NULL, SETTINGS_SIZE, false, 0, MEMBER(limits.rehash_bytes), NULL, 0, 1024 * GIB},
	{"limits.sparse", "indexes", NULL,
		"What may name content that is missing: `none`; `indexes`, whose manifests may come later; or `all`, manifests without their layers too.",
		NULL, NULL, SETTINGS_CHOICE, false, 0, MEMBER(limits.sparse), sparse_choices, 0, 0},
	{"limits.chunk_min_bytes", "0", NULL, "The smallest piece of an upload but for the last (`OCI-Chunk-Min-Length`). 0: any.",
		NULL, NULL, SETTINGS_SIZE, false, 0, MEMBER(limits.chunk_min_bytes), NULL, 0, GIB},
	{"log.format", "logfmt", NULL, "How a line of the log is written, on standard error.",
		NULL, NULL, SETTINGS_CHOICE, false, 0, MEMBER(log_format), format_choices, 0, 0},
	{"log.level", "info", NULL, "The least that is logged.",
		NULL, NULL, SETTINGS_CHOICE, false, 0, MEMBER(log_level), level_choices, 0, 0},
	{"log.requests", "true", NULL, "A line for each request that was answered.",
		NULL, NULL, SETTINGS_BOOL, false, 0, MEMBER(log_requests), NULL, 0, 0},
};
/* clang-format on */
const size_t settings_keys_count = ARRAY_SIZE(settings_keys);

const struct settings_key *settings_key_find(struct str name)
{
	for (size_t i = 0; i < settings_keys_count; i++)
		if (str_equal(str_of(settings_keys[i].name), name))
			return &settings_keys[i];
	return NULL;
}
