/* What the handlers work on: made, set and counted. */
#include "registry/distribution/distribution.h"

#include "base/log.h"
#include "registry/distribution/upload_sessions.h"

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

bool distribution_open(struct distribution *distribution, struct db *db, struct blob_store *store, const struct settings *settings,
	size_t idle_uploads_max, struct error *err)
{
	cleanup_error struct error left = {0};

	(void)err;
	distribution_set(distribution, settings);
	pthread_mutex_init(&distribution->large_manifest, NULL);
	distribution->store = store;
	distribution->catalog = catalog_new(db, store);
	distribution->uploads = upload_sessions_new(distribution->catalog, store, idle_uploads_max);
	/* A full disk must not keep content from being served. */
	if (!upload_sessions_sweep(distribution->catalog, store, &left))
		log_warning("leftovers of uploads stay until the next start: %s", error_text(&left));
	return true;
}

void distribution_counters(const struct distribution *distribution, struct distribution_counters *out)
{
	*out = (struct distribution_counters){
		.uploads_now = distribution->uploads_now,
		.uploads_refused = distribution->uploads_refused,
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
	upload_sessions_free(distribution->uploads);
	catalog_free(distribution->catalog);
	pthread_mutex_destroy(&distribution->large_manifest);
}
