/* What the files of this room share: where content lies. */
#ifndef BLOBS_BLOBS_INTERNAL_H
#define BLOBS_BLOBS_INTERNAL_H

#include "blobs/blobs.h"

struct blob_store {
	struct db *db;
	int uploads_fd;    /* the folder uploads/ */
	int content_fd[2]; /* blobs/sha256/ and blobs/sha512/, by enum digest_algorithm */
};

/* "ab/abcd…" below the algorithm's folder, and its NUL. */
#define BLOB_PATH_MAX 140
void blob_path(const struct digest *digest, char path[static BLOB_PATH_MAX]);

#endif
