/* What the files of local/ share. */
#ifndef LOCAL_LOCAL_INTERNAL_H
#define LOCAL_LOCAL_INTERNAL_H

#include "local/local.h"

#define LOCAL_BOOT_ID_SIZE 64

struct local {
	char *folder;
	int folder_fd;
	struct db *db;
	struct blob_store *blobs;
	char boot_id[LOCAL_BOOT_ID_SIZE];
};

/* store.lock: ends when the descriptor is closed. Shared while content gets its name and row, exclusive while what has no row is removed. */
int local_lock(struct local *local, bool exclusive, struct error *err);

/* Gives a full disk docker's words, wherever it was noticed; leaves every other error as it is. */
void local_space_words(const struct local *local, struct error *err);

/* A folder of this process below staging/, locked as long as it is open: what another process finds unlocked there is a leftover. */
struct staging {
	char *path; /* owned: "…/staging/<uuid>" */
	int fd;
};

bool staging_begin(struct staging *out, struct local *local, struct error *err);
/* Removes it with all that is in it. */
void staging_end(struct staging *staging);
#define cleanup_staging __attribute__((cleanup(staging_end)))
/* Removes the folders of processes that have ended. */
bool staging_clean(struct local *local, struct error *err);

/* "<folder>/layers/sha256/<hex>" and the folder "fs" in it; owned by the caller. */
char *layer_folder(const struct local *local, const struct digest *diff_id);
char *layer_path(const struct local *local, const struct digest *diff_id);

/* Reads content of at most limit bytes that has a row. */
bool content_read(struct local *local, struct db_tx *tx, const struct digest *digest, size_t limit, struct buf *out, struct error *err);

/* In a read or change: the image with that ID ("sha256:…"). */
bool image_read(struct local *local, struct db_tx *tx, struct str id, struct local_image *out, struct error *err);

/* A digest as text, for a statement's parameter: DB_TEXT(digest_text(&digest, room)). */
struct str digest_text(const struct digest *digest, char room[static DIGEST_TEXT_MAX]);

/* "docker.io/library/nginx": a reference's registry and path; owned by the caller. */
char *repository_of(const struct reference *reference);

/* In a change: gives the image a name; either tag or digest is empty. */
bool name_set(struct db_tx *tx, struct str repository, struct str tag, struct str digest, struct str image, struct error *err);

#endif
