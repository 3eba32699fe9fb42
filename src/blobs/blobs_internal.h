/* What the files of this room share: where content lies. */
#ifndef BLOBS_BLOBS_INTERNAL_H
#define BLOBS_BLOBS_INTERNAL_H

#include <pthread.h>

#include "base/thread.h"
#include "blobs/blobs.h"

struct blob_store {
	struct db *db;
	int uploads_fd;              /* the folder uploads/ */
	int content_fd[2];           /* blobs/sha256/ and blobs/sha512/, by enum digest_algorithm */
	pthread_mutex_t behind_lock; /* guards the next two, and what write_behind.h says */
	pthread_cond_t behind_done;
	struct thread_pool *behind; /* NULL until something is written */
};

/* "ab/abcd…" below the algorithm's folder, and its NUL. */
#define BLOB_PATH_MAX 140
void blob_path(const struct digest *digest, char path[static BLOB_PATH_MAX]);

#endif
