/* The thread that asks what may hang, and leaves what it found for the handlers. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"
#include "registry/distribution/distribution.h"
#include "registry/watch/process.h"
#include "registry/watch/watch_internal.h"

#define REST_S 2
#define CONTENT_TURNS 5 /* of the thread: so often is the content counted on */
#define CONTENT_MAX_US 200000
/* Less than that is no room for uploads any more, and soon none for the database. */
#define FREE_BYTES_MIN ((uint64_t)64 * 1024 * 1024)

/* False when the end has come. */
static bool begin_step(struct watch *watch, enum probe_step step)
{
	pthread_mutex_lock(&watch->lock);
	watch->step = step;
	watch->step_since_us = clock_monotonic_us();
	bool goes_on = !watch->ending;
	pthread_mutex_unlock(&watch->lock);
	return goes_on;
}

static uint64_t file_bytes(const struct watch *watch, const char *name)
{
	cleanup_free char *path = mem_printf("%s/%s", watch->folders[FOLDER_DATA], name);
	struct stat status;

	return stat(path, &status) == 0 ? (uint64_t)status.st_size : 0;
}

static void ask_files(struct watch *watch, struct findings *found)
{
	found->open_files = process_open_files();
	found->database_bytes = file_bytes(watch, "registry.db");
	found->wal_bytes = file_bytes(watch, "registry.db-wal");
}

/* What is wrong with the folder goes to problem, without its path: strangers read it too. */
static void ask_disk(const char *folder, struct disk *disk, char *problem, size_t size)
{
	struct statvfs status;

	if (statvfs(folder, &status) < 0 || access(folder, W_OK) < 0) {
		snprintf(problem, size, "the folder cannot be written to: %s", strerror(errno));
		return;
	}
	disk->free_bytes = (uint64_t)status.f_bavail * status.f_frsize;
	disk->size_bytes = (uint64_t)status.f_blocks * status.f_frsize;
	if (status.f_flag & ST_RDONLY)
		snprintf(problem, size, "the file system is read-only");
	else if (disk->free_bytes < FREE_BYTES_MIN)
		snprintf(problem, size, "%llu MiB are free, and %llu are wanted at least", (unsigned long long)disk->free_bytes >> 20,
			(unsigned long long)FREE_BYTES_MIN >> 20);
	else if (status.f_files && !status.f_favail)
		snprintf(problem, size, "the file system has room for no more files");
}

static bool read_anything(struct db_tx *tx, void *argument, struct error *err)
{
	int64_t id;
	bool found;

	(void)argument;
	return db_ask_int(tx, "SELECT id FROM repositories ORDER BY id LIMIT 1", DB_NONE, &id, &found, err);
}

static void ask_database(struct watch *watch, struct findings *found)
{
	cleanup_error struct error err = {0};

	found->database_problem[0] = '\0';
	if (!db_read(watch->settings.db, read_anything, NULL, &err))
		snprintf(found->database_problem, sizeof found->database_problem, "%s", error_text(&err));
}

/* Goes on where it stopped; after an upgrade of a large registry it takes minutes of these. On an error the old figures stay: others tell of it. */
static void ask_content(struct watch *watch, struct findings *found)
{
	int64_t started_us = clock_monotonic_us();
	bool complete = false;

	while (!complete && clock_monotonic_us() - started_us < CONTENT_MAX_US)
		if (!catalog_totals(watch->settings.distribution->catalog, &found->content, &complete, NULL))
			return;
	found->content_known = complete || found->content_known;
}

static void publish(struct watch *watch, const struct findings *found)
{
	pthread_mutex_lock(&watch->lock);
	watch->findings = *found;
	pthread_mutex_unlock(&watch->lock);
}

void *probe_run(void *argument)
{
	struct watch *watch = argument;
	struct findings found = {0};

	for (size_t turn = 0; begin_step(watch, PROBE_FILES); turn++) {
		ask_files(watch, &found);
		begin_step(watch, PROBE_DISK);
		found.disk_problem[0] = '\0';
		for (size_t i = 0; i < FOLDERS_COUNT; i++)
			if (watch->folders[i])
				ask_disk(watch->folders[i], &found.disks[i], found.disk_problem, sizeof found.disk_problem);
		begin_step(watch, PROBE_DATABASE);
		ask_database(watch, &found);
		found.complete = true;
		publish(watch, &found);
		if (turn % CONTENT_TURNS == 0 && begin_step(watch, PROBE_CONTENT)) {
			ask_content(watch, &found);
			publish(watch, &found);
		}
		begin_step(watch, PROBE_REST);
		thread_rest(&watch->lock, &watch->wake, &watch->ending, REST_S);
	}
	return NULL;
}
