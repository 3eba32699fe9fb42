/* What the files of this room share. */
#ifndef REGISTRY_WATCH_WATCH_INTERNAL_H
#define REGISTRY_WATCH_WATCH_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "registry/catalog/catalog.h"
#include "registry/watch/request_counts.h"
#include "registry/watch/watch.h"

/* What the thread does in turn; each may hang. */
enum probe_step { PROBE_REST, PROBE_FILES, PROBE_DISK, PROBE_DATABASE, PROBE_CONTENT };

enum { FOLDER_DATA, FOLDER_STORAGE, FOLDERS_COUNT };

/* Of a file system; 0 until it was asked. */
struct disk {
	uint64_t free_bytes, size_bytes;
};

/* What the thread found. */
struct findings {
	bool complete;                                 /* everything was asked once */
	char disk_problem[128], database_problem[128]; /* empty: none */
	struct disk disks[FOLDERS_COUNT];
	uint64_t database_bytes, wal_bytes;
	size_t open_files;
	bool content_known; /* totals has all there is */
	struct catalog_totals content;
};

struct watch {
	struct watch_settings settings;
	char *folders[FOLDERS_COUNT]; /* owned; the second is NULL when it is the first */
	struct request_counts *requests;
	_Atomic(const struct server *) server; /* NULL until it runs */
	atomic_bool log_requests, stopping;

	pthread_t thread;
	bool has_thread;
	pthread_mutex_t lock; /* guards what follows; held for no more than a copy */
	pthread_cond_t wake;
	bool ending;
	enum probe_step step;
	int64_t step_since_us;
	struct findings findings;
};

/* A copy, and which step the thread is at for how long. */
struct findings watch_findings(struct watch *watch, enum probe_step *step, int64_t *step_us);
struct watch *request_watch(const struct request *request);

/* probe.c: the thread; argument is the watch. */
void *probe_run(void *argument);

/* health.c: what keeps the registry from its work. */
enum check { CHECK_DATABASE, CHECK_WRITER, CHECK_STORAGE, CHECK_SERVER, CHECKS_COUNT };
struct problem {
	char text[160]; /* empty: none */
};
extern const char *const health_names[CHECKS_COUNT];
void health_check(struct watch *watch, struct problem problems[static CHECKS_COUNT]);

/* access_log.c */
void access_log(const struct request *request, int status, int64_t sent_bytes, int64_t took_us);

#endif
