/*
 * The handlers of /v2/: OCI distribution-spec 1.1 and what clients depend on beyond it.
 */
#ifndef REGISTRY_DISTRIBUTION_DISTRIBUTION_H
#define REGISTRY_DISTRIBUTION_DISTRIBUTION_H

#include <pthread.h>
#include <stdatomic.h>

#include "net/server.h"
#include "registry/catalog/catalog.h"
#include "registry/settings.h"

struct upload_sessions;

/* What the settings say of the wire; their meaning is settings.h's. Requests read them while distribution_set changes them. */
struct distribution_limits {
	atomic_size_t manifest_bytes, uploads, chunk_min_bytes;
	_Atomic int64_t rehash_bytes;
	atomic_uint upload_expiry_s;
	atomic_int sparse; /* enum settings_sparse */
	atomic_bool deletes;
};

/* For the metrics; each only grows, but for those that say "now". */
struct distribution_counters {
	uint64_t uploads_now;      /* bodies of uploads that are coming in */
	uint64_t upload_sessions;  /* held in memory now */
	uint64_t uploads_refused;  /* 429: over limits.uploads */
	uint64_t uploads_expired;  /* sessions that nobody went on with */
	uint64_t manifests_pushed; /* stored, whether new or not */
	uint64_t blobs_pushed;     /* uploads closed */
	uint64_t blobs_mounted;
	uint64_t contents_damaged; /* answers refused because a stored file is short or cannot be read */
};

/* Damaged content that was told of already, so that each is an event once. */
#define DAMAGE_TOLD_MAX 64
struct damage {
	pthread_mutex_t lock;
	char told[DAMAGE_TOLD_MAX][DIGEST_TEXT_MAX];
	size_t count;
};

/* What the handlers work on; request_context gives it to them. */
struct distribution {
	struct catalog *catalog;
	struct blob_store *store;
	struct upload_sessions *uploads;
	struct distribution_limits limits;
	pthread_mutex_t large_manifest; /* held while a large manifest is read: JSON takes many times its bytes, so one at a time */
	struct damage damage;
	_Atomic uint64_t uploads_now, uploads_refused, uploads_expired, manifests_pushed, blobs_pushed, blobs_mounted, contents_damaged;
	pthread_t keeper; /* ends uploads that nobody goes on with; runs while is_kept */
	bool is_kept;
	pthread_mutex_t keeper_lock; /* guards ending */
	pthread_cond_t keeper_wake;
	bool ending;
};

/*
 * Sets up what the handlers need and clears away what earlier uploads left; the database and the store are the caller's. idle_uploads_max: so many
 * uploads may keep their file open between two requests.
 */
bool distribution_open(struct distribution *distribution, struct db *db, struct blob_store *store, const struct settings *settings,
	size_t idle_uploads_max, size_t loops, struct error *err);
/* Takes the settings' limits over, while it serves too. */
void distribution_set(struct distribution *distribution, const struct settings *settings);
/* From any thread. */
void distribution_counters(const struct distribution *distribution, struct distribution_counters *out);
/* No request may be running. */
void distribution_close(struct distribution *distribution);

/* Handlers and sinks, for the route table. */
void distribution_ping(struct request *request);
void distribution_blob_get(struct request *request);
void distribution_blob_delete(struct request *request);
void distribution_upload_status(struct request *request);
void distribution_upload_cancel(struct request *request);
extern const struct body_sink distribution_upload_start; /* POST */
extern const struct body_sink distribution_upload_patch; /* PATCH */
extern const struct body_sink distribution_upload_close; /* PUT */
void distribution_manifest_get(struct request *request); /* on a loop */
void distribution_manifest_put(struct request *request);
void distribution_manifest_delete(struct request *request);
void distribution_tags(struct request *request);
void distribution_catalog(struct request *request);
void distribution_referrers(struct request *request);

/* Answers what the server itself refuses, in the specification's form. */
void distribution_refuse(struct request *request, int status, const char *why);

#endif
