/* What the files of upload_sessions.h share. */
#ifndef REGISTRY_DISTRIBUTION_UPLOAD_SESSIONS_INTERNAL_H
#define REGISTRY_DISTRIBUTION_UPLOAD_SESSIONS_INTERNAL_H

#include <pthread.h>

#include "registry/distribution/upload_sessions.h"

struct upload_sessions {
	struct catalog *catalog;
	struct blob_store *store;
	size_t open_max;
	pthread_mutex_t lock; /* guards what follows */
	struct upload_session *all;
	size_t open_count;
};

#endif
