#include "registry/server.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "db/db.h"
#include "db/sql.h"
#include "registry/context.h"
#include "registry/distribution/distribution.h"
#include "registry/listeners.h"
#include "registry/routes.h"
#include "registry/systemd.h"
#include "registry/watch/watch.h"

#define STOP_TIMEOUT_MS 30000
#define LOG_STOP_TIMEOUT_MS 2000
/* Descriptors for the database, the store and the loops. */
#define DESCRIPTORS_APART 48
#define CONNECTIONS_MIN 8
#define IDLE_UPLOADS_MAX 256
#define FOLDER_VERSION "1\n"
/* Memory for more than this goes back to the system when it is freed. Left to itself glibc keeps 4 MiB pieces for every worker. */
#define MAPPED_BYTES_MIN (256 * 1024)
/* So much that is free stays with an arena. */
#define KEPT_BYTES (1024 * 1024)

static const struct db_migration migrations[] = {
	{1, "blobs", sql_blobs},
	{2, "registry", sql_registry},
	{3, "wire", sql_wire},
	{4, "totals", sql_totals},
};

struct registry {
	int lock_fd, storage_lock_fd; /* of the folders; nobody else serves them while we have them */
	int argc;                     /* what was told at the start, for HUP */
	char **argv;
	const struct settings *settings; /* in force now */
	struct settings *reloaded;       /* what HUP brought last, or NULL */
	struct systemd_sockets sockets;
	struct listeners listeners;
	struct db *db;
	struct blob_store *store;
	struct distribution distribution;
	struct watch *watch;
	struct registry_context context;
	struct server *server;
	size_t descriptors; /* that it may have open */
};

/* Takes as many descriptors as it is allowed. */
static size_t raise_descriptors(void)
{
	struct rlimit limit = {0};

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &limit) < 0 || getrlimit(RLIMIT_NOFILE, &limit) < 0)
			log_warning("the limit of open files stays: %s", strerror(errno));
	}
	return (size_t)limit.rlim_cur;
}

/* How many uploads may keep their file open while no request has them. */
static size_t idle_uploads(const struct registry *registry)
{
	return registry->descriptors / 4 < IDLE_UPLOADS_MAX ? registry->descriptors / 4 : IDLE_UPLOADS_MAX;
}

/* One descriptor for a connection and one for what it reads or writes. */
static size_t connections(const struct registry *registry, const struct settings *settings)
{
	size_t apart = DESCRIPTORS_APART + idle_uploads(registry), most = settings->limits.server.connections, count = CONNECTIONS_MIN;

	if (registry->descriptors > apart + 2 * count)
		count = (registry->descriptors - apart) / 2;
	if (count >= most)
		return most;
	log_warning("%zu open files are allowed, which is enough for %zu connections at once: raise it with ulimit -n or LimitNOFILE",
		registry->descriptors, count);
	return count;
}

/* One owner: the folder is locked, and its version is one that we know. */
static bool own_folder(int *lock_fd, const char *folder, struct error *err)
{
	cleanup_free char *lock = mem_printf("%s/lock", folder), *version_path = mem_printf("%s/VERSION", folder);
	cleanup_buf struct buf version = {0};

	if (!folder_make(folder, 0755, err))
		return false;
	*lock_fd = file_open(AT_FDCWD, lock, O_RDWR | O_CREAT, 0644, err);
	if (*lock_fd < 0)
		return false;
	if (!file_lock(*lock_fd, true, false, err)) {
		if (err->kind == ERROR_CONFLICT)
			return error_set(err, ERROR_CONFLICT, "%s is served by another naru-registry", folder);
		return false;
	}
	if (!file_read_all(AT_FDCWD, version_path, 64, &version, err)) {
		if (err->kind != ERROR_NOT_FOUND)
			return false;
		error_clear(err);
		return file_replace(AT_FDCWD, version_path, FOLDER_VERSION, sizeof FOLDER_VERSION - 1, 0644, err);
	}
	if (!str_equal(buf_str(&version), STR(FOLDER_VERSION)))
		return error_set(err, ERROR_UNSUPPORTED, "%s has version %.*s, and this program knows 1: use a newer naru-registry", folder,
			STR_ARG(str_trim(buf_str(&version))));
	return true;
}

/* One a core. */
static size_t loops(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	return cores > 0 ? (size_t)cores : 1;
}

static bool open_data(struct registry *registry, const struct settings *settings, struct error *err)
{
	const char *folder = settings->data, *storage = settings->storage_folder ? settings->storage_folder : folder;
	cleanup_free char *where = mem_printf("sqlite:%s/registry.db", folder);
	struct db_settings db = {.where = where, .migrations = migrations, .migrations_count = ARRAY_SIZE(migrations), .readers_now = loops()};

	if (!own_folder(&registry->lock_fd, folder, err) || (settings->storage_folder && !own_folder(&registry->storage_lock_fd, storage, err)) ||
		!db_open(&registry->db, &db, err) || !blob_store_open(&registry->store, storage, registry->db, err))
		return false;
	return distribution_open(&registry->distribution, registry->db, registry->store, settings, idle_uploads(registry), loops(), err);
}

static void close_data(struct registry *registry)
{
	distribution_close(&registry->distribution);
	blob_store_close(registry->store);
	db_close(registry->db);
	file_cleanup(&registry->lock_fd);
	file_cleanup(&registry->storage_lock_fd);
}

static bool start_watch(struct registry *registry, const struct settings *settings, struct error *err)
{
	const struct watch_settings watch = {
		.routes = registry_routes,
		.routes_count = registry_routes_count,
		.loops = loops(),
		.db = registry->db,
		.distribution = &registry->distribution,
		.folder = settings->data,
		.storage_folder = settings->storage_folder,
		.log_requests = settings->log_requests,
	};

	registry->watch = watch_new(&watch);
	return watch_start(registry->watch, err);
}

/* The part of the settings that the server in front takes; *tls holds what it points to. */
static struct server_settings server_part(struct registry *registry, const struct settings *settings, struct server_tls *tls)
{
	struct server_settings server = {
		.listen = registry->listeners.list,
		.listen_count = registry->listeners.count,
		.trusted_proxies = (const char *const *)settings->trusted_proxies,
		.trusted_proxies_count = settings->trusted_proxies_count,
		.limits = settings->limits.server,
		.loops = loops(),
		.routes = registry_routes,
		.routes_count = registry_routes_count,
		.context = &registry->context,
		.refuse = distribution_refuse,
		.answered = watch_answered,
	};

	*tls = (struct server_tls){settings->tls_cert, settings->tls_key, settings->tls_only_1_3};
	server.tls = settings->tls_cert ? tls : NULL;
	server.limits.connections = connections(registry, settings);
	return server;
}

static void set_log(const struct settings *settings)
{
	log_set_format(settings->log_format);
	log_set_level(settings->log_level);
}

/* For systemctl status. */
static void notify_ready(const struct registry *registry)
{
	cleanup_buf struct buf addresses = {0};

	for (size_t i = 0; i < registry->listeners.count; i++)
		buf_printf(&addresses, "%s%s", i ? ", " : "", server_address(registry->server, i));
	systemd_notify("READY=1\nSTATUS=Serving %s on %s", registry->settings->data, addresses.data);
}

static bool start_server(struct registry *registry, struct error *err)
{
	const struct settings *settings = registry->settings;
	struct server_tls tls;

	if (!systemd_sockets_take(&registry->sockets, err) || !listeners_resolve(&registry->listeners, settings, &registry->sockets, err))
		return false;
	struct server_settings server = server_part(registry, settings, &tls);
	registry->context = (struct registry_context){&registry->distribution, registry->watch};
	if (!server_start(&registry->server, &server, err))
		return false;
	watch_set_server(registry->watch, registry->server);
	for (size_t i = 0; i < registry->listeners.count; i++) {
		const struct log_field fields[] = {{"address", str_of(server_address(registry->server, i)), false},
			{"tls", registry->listeners.list[i].tls ? STR("true") : STR("false"), true}, {"data", str_of(settings->data), false},
			LOG_FIELDS_END};

		log_line(LOG_LEVEL_INFO, fields, "listening");
	}
	notify_ready(registry);
	return true;
}

static void free_reloaded(struct registry *registry)
{
	if (registry->reloaded)
		settings_free(registry->reloaded);
	free(registry->reloaded);
}

/* Puts next in force; it is owned from here on. */
static void take_settings(struct registry *registry, struct settings *next)
{
	free_reloaded(registry);
	registry->settings = registry->reloaded = next;
	distribution_set(&registry->distribution, next);
	watch_set_log_requests(registry->watch, next->log_requests);
	set_log(next);
}

/* Reads arguments, configuration and certificates again. A mistake in any leaves all as it is. */
static void reload(struct registry *registry)
{
	cleanup_error struct error err = {0};
	cleanup_buf struct buf kept = {0};
	struct settings *next = mem_alloc(1, sizeof *next);
	struct server_tls tls;

	systemd_notify("RELOADING=1\nMONOTONIC_USEC=%lld", (long long)clock_monotonic_us());
	bool loaded = settings_load(next, registry->argc, registry->argv, &err);
	bool fits = loaded && settings_keep_running(registry->settings, next, &kept, &err);
	if (fits) {
		struct server_settings server = server_part(registry, next, &tls);
		fits = server_reload(registry->server, &server, &err);
	}
	if (fits) {
		take_settings(registry, next);
		if (kept.len)
			log_warning("changed in the configuration, and kept as before until the next start: %s", kept.data);
		log_info("configuration and certificates were read again");
	} else {
		struct str rest = str_of(error_text(&err)), line;

		while (str_next(&rest, '\n', &line))
			log_error("the configuration stays as it was: %.*s", STR_ARG(line));
		if (loaded)
			settings_free(next);
		free(next);
	}
	notify_ready(registry);
}

/* The signals are blocked in every thread and waited for here. */
static void wait_for_end(struct registry *registry, const sigset_t *signals)
{
	int number = 0;

	for (;;) {
		if (sigwait(signals, &number) != 0)
			continue;
		if (number != SIGHUP)
			break;
		reload(registry);
	}
	log_info("ending: signal %d", number);
	systemd_notify("STOPPING=1\nSTATUS=Finishing what runs");
}

bool registry_serve(const struct settings *settings, int argc, char **argv, struct error *err)
{
	struct registry registry = {
		.lock_fd = -1, .storage_lock_fd = -1, .argc = argc, .argv = argv, .settings = settings, .descriptors = raise_descriptors()};
	sigset_t signals, before;

	set_log(settings);
	mallopt(M_MMAP_THRESHOLD, MAPPED_BYTES_MIN);
	/* An arena a core, not one a worker: each keeps what was freed in it (forty referrers of 4 MB left 213 MB, now 66). */
	mallopt(M_ARENA_MAX, (int)loops());
	/* What small answers give back they take again at once: an arena's end that is unmapped each time costs more than the answer. */
	mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
	mallopt(M_TOP_PAD, KEPT_BYTES);
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &signals, &before);
	signal(SIGPIPE, SIG_IGN);

	bool served = log_start(err) && open_data(&registry, settings, err) && start_watch(&registry, settings, err) && start_server(&registry, err);
	if (served) {
		wait_for_end(&registry, &signals);
		watch_stopping(registry.watch);
		server_stop(registry.server, STOP_TIMEOUT_MS);
	}
	watch_free(registry.watch);
	close_data(&registry);
	free_reloaded(&registry);
	listeners_free(&registry.listeners);
	systemd_sockets_free(&registry.sockets);
	log_stop(LOG_STOP_TIMEOUT_MS);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return served;
}
