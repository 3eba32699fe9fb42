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

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "db/db.h"
#include "db/sql.h"
#include "registry/context.h"
#include "registry/distribution/distribution.h"
#include "registry/routes.h"
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

static const struct db_migration migrations[] = {
	{1, "blobs", sql_blobs},
	{2, "registry", sql_registry},
	{3, "wire", sql_wire},
};

struct registry {
	int lock_fd; /* the folder's; nobody else serves it while we have it */
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
static bool own_folder(struct registry *registry, const char *folder, struct error *err)
{
	cleanup_free char *lock = mem_printf("%s/lock", folder), *version_path = mem_printf("%s/VERSION", folder);
	cleanup_buf struct buf version = {0};

	if (!folder_make(folder, 0755, err))
		return false;
	registry->lock_fd = file_open(AT_FDCWD, lock, O_RDWR | O_CREAT, 0644, err);
	if (registry->lock_fd < 0)
		return false;
	if (!file_lock(registry->lock_fd, true, false, err)) {
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

static bool open_data(struct registry *registry, const struct settings *settings, struct error *err)
{
	const char *folder = settings->data;
	cleanup_free char *where = mem_printf("sqlite:%s/registry.db", folder);
	struct db_settings db = {.where = where, .migrations = migrations, .migrations_count = ARRAY_SIZE(migrations)};

	if (!own_folder(registry, folder, err) || !db_open(&registry->db, &db, err) || !blob_store_open(&registry->store, folder, registry->db, err))
		return false;
	return distribution_open(&registry->distribution, registry->db, registry->store, settings, idle_uploads(registry), err);
}

static void close_data(struct registry *registry)
{
	distribution_close(&registry->distribution);
	blob_store_close(registry->store);
	db_close(registry->db);
	file_cleanup(&registry->lock_fd);
}

static bool start_watch(struct registry *registry, const struct settings *settings, struct error *err)
{
	const struct watch_settings watch = {
		.routes = registry_routes,
		.routes_count = registry_routes_count,
		.db = registry->db,
		.distribution = &registry->distribution,
		.folder = settings->data,
		.log_requests = settings->log_requests,
	};

	registry->watch = watch_new(&watch);
	return watch_start(registry->watch, err);
}

static bool start_server(struct registry *registry, const struct settings *settings, struct error *err)
{
	struct server_listener listen[SETTINGS_LISTEN_MAX] = {0};
	struct server_settings server = {
		.listen = listen,
		.listen_count = settings->listen_count,
		.limits = settings->limits.server,
		.routes = registry_routes,
		.routes_count = registry_routes_count,
		.context = &registry->context,
		.refuse = distribution_refuse,
		.answered = watch_answered,
	};

	for (size_t i = 0; i < settings->listen_count; i++)
		listen[i] = (struct server_listener){settings->listen[i].address, settings->listen[i].tls};
	server.limits.connections = connections(registry, settings);
	registry->context = (struct registry_context){&registry->distribution, registry->watch};
	if (!server_start(&registry->server, &server, err))
		return false;
	watch_set_server(registry->watch, registry->server);
	for (size_t i = 0; i < settings->listen_count; i++) {
		const struct log_field fields[] = {
			{"address", str_of(server_address(registry->server, i)), false}, {"data", str_of(settings->data), false}, LOG_FIELDS_END};

		log_line(LOG_LEVEL_INFO, fields, "listening");
	}
	return true;
}

/* The signals that end it are blocked in every thread and waited for here. */
static void wait_for_end(const sigset_t *signals)
{
	int number;

	while (sigwait(signals, &number) != 0)
		continue;
	log_info("ending: signal %d", number);
}

bool registry_serve(const struct settings *settings, struct error *err)
{
	struct registry registry = {.lock_fd = -1, .descriptors = raise_descriptors()};
	sigset_t signals, before;

	mallopt(M_MMAP_THRESHOLD, MAPPED_BYTES_MIN);
	/* An arena a core, not one a worker: each keeps what was freed in it (forty referrers of 4 MB left 213 MB, now 66). */
	mallopt(M_ARENA_MAX, (int)sysconf(_SC_NPROCESSORS_ONLN));
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	pthread_sigmask(SIG_BLOCK, &signals, &before);
	signal(SIGPIPE, SIG_IGN);

	bool served = log_start(err) && open_data(&registry, settings, err) && start_watch(&registry, settings, err) &&
		      start_server(&registry, settings, err);
	if (served) {
		wait_for_end(&signals);
		watch_stopping(registry.watch);
		server_stop(registry.server, STOP_TIMEOUT_MS);
	}
	watch_free(registry.watch);
	close_data(&registry);
	log_stop(LOG_STOP_TIMEOUT_MS);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return served;
}
