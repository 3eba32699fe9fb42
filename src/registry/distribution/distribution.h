/*
 * The handlers of /v2/: OCI distribution-spec 1.1 and what clients depend on beyond it.
 */
#ifndef REGISTRY_DISTRIBUTION_DISTRIBUTION_H
#define REGISTRY_DISTRIBUTION_DISTRIBUTION_H

#include <pthread.h>

#include "net/server.h"
#include "registry/catalog/catalog.h"
#include "registry/settings.h"

struct upload_sessions;

/* What the handlers work on; request_context gives it to them. */
struct distribution {
	struct catalog *catalog;
	struct blob_store *store;
	struct upload_sessions *uploads;
	const struct settings *settings; /* as they were at the start */
	pthread_mutex_t large_manifest;  /* held while a large manifest is read: JSON takes many times its bytes, so one at a time */
};

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
