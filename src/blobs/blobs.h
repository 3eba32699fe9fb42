/*
 * Content by digest: up to BLOB_ROW_MAX bytes as a row, above as a file, durable before anyone is told.
 *
 * The folder: blobs/sha256/ab/abcd… and blobs/sha512/ab/abcd… for files, uploads/ for what is on its way in. The rows: table "blobs"
 * (src/db/sql/blobs.sql). A file without a row is a leftover that nobody sees; there is never a row without its content.
 * Who refers to content is not known here.
 */
#ifndef BLOBS_BLOBS_H
#define BLOBS_BLOBS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "db/db.h"
#include "oci/digest.h"

#define BLOB_ROW_MAX (64 * 1024)

struct blob_store;

/* Makes the folders that are missing (and syncs them). The database belongs to the caller and outlives the store. */
bool blob_store_open(struct blob_store **out, const char *folder, struct db *db, struct error *err);
void blob_store_close(struct blob_store *store);

/* ---- in ---- */

/*
 * Content on its way in: appended, hashed as it comes, then sealed or dropped. Used by one thread at a time. Up to BLOB_ROW_MAX it stays in memory.
 */
struct blob_writer;

/* A new one. */
bool blob_writer_new(struct blob_writer **out, struct blob_store *store, struct error *err);
/* Goes on with one that was kept under this name (in this or an earlier process): hashes again what its file holds. ERROR_NOT_FOUND when there is
 * none. */
bool blob_writer_resume(struct blob_writer **out, struct blob_store *store, struct str name, enum digest_algorithm algorithm, struct error *err);
/* The algorithm that it hashes with while content comes: sha256 unless told otherwise. */
enum digest_algorithm blob_writer_algorithm(const struct blob_writer *writer);
/* Hashes with this one; only while nothing is held, else it stays as it is. */
void blob_writer_expect(struct blob_writer *writer, enum digest_algorithm algorithm);
/* Its name, a UUID; NUL-ended, borrowed. */
const char *blob_writer_name(const struct blob_writer *writer);
/* Bytes held. */
int64_t blob_writer_size(const struct blob_writer *writer);
bool blob_writer_append(struct blob_writer *writer, struct str bytes, struct error *err);
/* Whether it has a descriptor open. */
bool blob_writer_has_file(const struct blob_writer *writer);
/* Forgets what came after the first size bytes. False once it failed or was sealed: its file may be content that a row names. */
bool blob_writer_truncate(struct blob_writer *writer, int64_t size, struct error *err);
/* Puts what is held into uploads/NAME, so that blob_writer_resume finds it after the process ends. Not synced. */
bool blob_writer_keep(struct blob_writer *writer, struct error *err);
/*
 * Checks the digest (ERROR_CORRUPT when it is another; the writer can still be used; one of another algorithm than the writer's costs a reading of
 * all that is held) and, above BLOB_ROW_MAX, makes the content durable under its
 * name: fsync, rename, fsync of the folder. A failed fsync is final: the writer cannot go on. expected may be NULL: the sha256 is taken. After true,
 * blob_add names it in a change. A sealed file is never changed again: adding to it or cutting it is ERROR_CONFLICT.
 */
bool blob_writer_seal(struct blob_writer *writer, const struct digest *expected, struct error *err);
/* The digest and size of a sealed one. */
const struct digest *blob_writer_digest(const struct blob_writer *writer);
/* Frees it. What was not sealed and not kept is removed. NULL is fine. */
void blob_writer_close(struct blob_writer *writer);
/* Frees it and removes what was kept. */
void blob_writer_drop(struct blob_writer *writer);

/* Whether the name is one that a writer can have. */
bool blob_upload_name_valid(struct str name);
/* Gets each file of uploads/ with the time of its last write; the text is borrowed for the call. */
typedef void blob_upload_function(void *argument, struct str name, int64_t written_at_us);
bool blob_uploads_each(struct blob_store *store, blob_upload_function *each, void *argument, struct error *err);
/* Removes what an earlier process left in uploads/; a missing one is fine. */
bool blob_upload_remove(struct blob_store *store, struct str name, struct error *err);

/* In a change: the row of sealed content; one that is there is fine. *id is its row. */
bool blob_add(struct db_tx *tx, const struct blob_writer *writer, int64_t *id, struct error *err);
/* In a change: content that is in memory, at most BLOB_ROW_MAX bytes; its digest must have been checked. */
bool blob_add_bytes(struct db_tx *tx, const struct digest *digest, struct str bytes, int64_t *id, struct error *err);

/* ---- out ---- */

struct blob {
	int64_t id;
	int64_t size_bytes;
};

/* In a change or read: is it there? */
bool blob_find(struct db_tx *tx, const struct digest *digest, struct blob *out, bool *found, struct error *err);

/* Content opened for reading: a descriptor, or bytes. */
struct blob_content {
	int64_t size_bytes;
	int fd;           /* owned; -1 when the bytes are in memory */
	struct buf bytes; /* owned */
};

/* ERROR_NOT_FOUND when there is no row; ERROR_CORRUPT when the row's file is gone, has another size or cannot be read. */
bool blob_open(struct blob_store *store, struct db_tx *tx, const struct digest *digest, struct blob_content *out, struct error *err);
/*
 * The same where the row was asked for together with something else: size and content of "blobs" are its columns from column on. In a read that never
 * waits, ERROR_UNAVAILABLE when the file is not in memory.
 */
bool blob_open_row(struct blob_store *store, const struct db_tx *tx, const struct digest *digest, const struct db_query *row, int column,
	struct blob_content *out, struct error *err);
void blob_content_close(struct blob_content *content);
#define cleanup_blob_content __attribute__((cleanup(blob_content_close)))

/* In a change: takes the row away; when *was_file is true the caller removes the file after the commit with blob_file_remove. */
bool blob_forget(struct db_tx *tx, const struct digest *digest, bool *was_file, struct error *err);
/*
 * A missing one is fine. Between blob_forget and this nobody may seal the same content: a row would lose its file. The store does not know who is
 * sealing in other processes, so the caller sees to it (the tool: store.lock).
 */
bool blob_file_remove(struct blob_store *store, const struct digest *digest, struct error *err);

#endif
