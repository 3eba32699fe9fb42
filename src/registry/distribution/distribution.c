/* What the handlers work on: made, set, counted; and the thread that ends what nobody goes on with. */
#include "registry/distribution/distribution.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "registry/distribution/upload_sessions.h"

/* Uploads are looked at so often in the time that they may lie idle, but neither all the time nor once a week. */
#define LOOKS_AN_EXPIRY 8
#define LOOK_EVERY_MIN_S 1
#define LOOK_EVERY_MAX_S 600

void distribution_set(struct distribution *distribution, const struct settings *settings)
{
	struct distribution_limits *to = &distribution->limits;
	const struct settings_limits *from = &settings->limits;

	to->manifest_bytes = from->manifest_bytes;
	to->uploads = from->uploads;
	to->chunk_min_bytes = from->chunk_min_bytes;
	to->rehash_bytes = from->rehash_bytes;
	to->upload_expiry_s = from->upload_expiry_s;
	to->sparse = (int)from->sparse;
	to->deletes = settings->deletes;
}

static int64_t expired_before_us(const struct distribution *distribution)
{
	return clock_now_us() - (int64_t)distribution->limits.upload_expiry_s * 1000000;
}

static void sweep(struct distribution *distribution, bool at_start)
{
	cleanup_error struct error err = {0};
	int64_t before_us = expired_before_us(distribution);
	size_t in_memory = upload_sessions_expire(distribution->uploads, before_us), ended;

	/* A full disk must not keep content from being served. */
	if (!upload_sessions_sweep(distribution->uploads, before_us, at_start, &ended, &err))
		log_warning("leftovers of uploads stay for now: %s", error_text(&err));
	if (in_memory + ended)
		log_info("ended %zu uploads that nobody went on with", in_memory + ended);
	distribution->uploads_expired += in_memory + ended;
}

/* Waits for the next look; false when it shall end. */
static bool wait_for_look(struct distribution *distribution)
{
	unsigned int every_s = distribution->limits.upload_expiry_s / LOOKS_AN_EXPIRY;

	every_s = every_s < LOOK_EVERY_MIN_S ? LOOK_EVERY_MIN_S : every_s > LOOK_EVERY_MAX_S ? LOOK_EVERY_MAX_S : every_s;
	return thread_rest(&distribution->keeper_lock, &distribution->keeper_wake, &distribution->ending, every_s);
}

static void *keep(void *argument)
{
	struct distribution *distribution = argument;

	while (wait_for_look(distribution))
		sweep(distribution, false);
	return NULL;
}

bool distribution_open(struct distribution *distribution, struct db *db, struct blob_store *store, const struct settings *settings,
	size_t idle_uploads_max, size_t loops, struct error *err)
{
	distribution_set(distribution, settings);
	pthread_mutex_init(&distribution->large_manifest, NULL);
	pthread_mutex_init(&distribution->keeper_lock, NULL);
	pthread_mutex_init(&distribution->damage.lock, NULL);
	pthread_cond_init(&distribution->keeper_wake, NULL);
	distribution->store = store;
	distribution->catalog = catalog_new(db, store, loops);
	distribution->uploads = upload_sessions_new(distribution->catalog, store, idle_uploads_max);
	sweep(distribution, true);
	distribution->is_kept = thread_start(&distribution->keeper, "uploads", keep, distribution, err);
	return distribution->is_kept;
}

void distribution_counters(const struct distribution *distribution, struct distribution_counters *out)
{
	*out = (struct distribution_counters){
		.uploads_now = distribution->uploads_now,
		.upload_sessions = upload_sessions_count(distribution->uploads),
		.uploads_refused = distribution->uploads_refused,
		.uploads_expired = distribution->uploads_expired,
		.manifests_pushed = distribution->manifests_pushed,
		.blobs_pushed = distribution->blobs_pushed,
		.blobs_mounted = distribution->blobs_mounted,
		.contents_damaged = distribution->contents_damaged,
	};
}

void distribution_close(struct distribution *distribution)
{
	if (!distribution->catalog)
		return;
	pthread_mutex_lock(&distribution->keeper_lock);
	distribution->ending = true;
	pthread_cond_signal(&distribution->keeper_wake);
	pthread_mutex_unlock(&distribution->keeper_lock);
	if (distribution->is_kept)
		pthread_join(distribution->keeper, NULL);
	upload_sessions_free(distribution->uploads);
	catalog_free(distribution->catalog);
	pthread_cond_destroy(&distribution->keeper_wake);
	pthread_mutex_destroy(&distribution->keeper_lock);
	pthread_mutex_destroy(&distribution->damage.lock);
	pthread_mutex_destroy(&distribution->large_manifest);
}
