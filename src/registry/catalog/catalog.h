/*
 * Repositories and what is in them: which content, manifests, tags. Every change is one transaction with its event in it.
 *
 * Names, tags and digests that come in here have been checked. All functions may be called from any thread but a loop, unless they say
 * otherwise. What is not there is ERROR_NOT_FOUND.
 */
#ifndef REGISTRY_CATALOG_CATALOG_H
#define REGISTRY_CATALOG_CATALOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "blobs/blobs.h"
#include "db/db.h"
#include "oci/oci.h"

struct catalog;

/* The database and the store belong to the caller and outlive it. loops: how many threads call what may be called on a loop. */
struct catalog *catalog_new(struct db *db, struct blob_store *store, size_t loops);
void catalog_free(struct catalog *catalog);

/* ---- content of a repository ---- */

/* Opens content that the repository holds. */
bool catalog_blob_open(struct catalog *catalog, struct str repository, const struct digest *digest, struct blob_content *out, struct error *err);
/* The same on a loop: ERROR_UNAVAILABLE when it would have to wait, or is damaged. */
bool catalog_blob_open_now(struct catalog *catalog, struct str repository, const struct digest *digest, struct blob_content *out, struct error *err);
/* Takes sealed content into the repository, which is made when it is missing; the upload's row goes in the same change. */
bool catalog_blob_commit(struct catalog *catalog, struct str repository, const struct blob_writer *writer, struct error *err);
/*
 * Takes content of repository from (empty: of any) into the repository. *mounted is false when it is not there.
 * Source: OCI distribution-spec 1.1, "Mounting a blob from another repository".
 */
bool catalog_blob_mount(
	struct catalog *catalog, struct str repository, const struct digest *digest, struct str from, bool *mounted, struct error *err);
/* Takes it out of this repository only; content that a manifest here names is ERROR_CONFLICT. */
bool catalog_blob_delete(struct catalog *catalog, struct str repository, const struct digest *digest, struct error *err);
/* Writes the event "blob.damaged". reference is the digest, or the tag of a manifest. */
bool catalog_blob_damaged(struct catalog *catalog, struct str repository, struct str reference, struct error *err);

/* ---- uploads that outlive the process ---- */

bool catalog_upload_keep(struct catalog *catalog, struct str name, struct str repository, enum digest_algorithm algorithm, struct error *err);
/* The algorithm is the one that it was kept with. */
bool catalog_upload_find(
	struct catalog *catalog, struct str name, struct str repository, enum digest_algorithm *algorithm, bool *found, struct error *err);
bool catalog_upload_forget(struct catalog *catalog, struct str name, struct error *err);
/* All of them; the text is borrowed for the call. */
typedef void catalog_upload_function(void *argument, struct str name);
bool catalog_uploads(struct catalog *catalog, catalog_upload_function *each, void *argument, struct error *err);
/* Several, in one change. */
bool catalog_uploads_forget(struct catalog *catalog, const struct str *names, size_t count, struct error *err);

/* ---- manifests ---- */

/* A stored manifest, shared and unchanging: hold it with catalog_manifest_release. */
struct catalog_manifest {
	struct str media_type;
	struct str digest; /* text */
	struct str bytes;
};

/*
 * On a loop, which says which one it is: from memory or by a read that does not wait; NULL when that cannot be, for whatever reason. reference is a
 * tag or a digest.
 */
const struct catalog_manifest *catalog_manifest_now(struct catalog *catalog, size_t loop, struct str repository, struct str reference);
/* NULL with *err set when it fails. */
const struct catalog_manifest *catalog_manifest_get(struct catalog *catalog, struct str repository, struct str reference, struct error *err);
/* Any thread. Takes a void pointer, so that it can be a release function. */
void catalog_manifest_release(void *manifest);

struct catalog_push {
	struct str repository;
	const struct str *tags; /* that point to it afterwards; borrowed */
	size_t tags_count;
	bool by_digest; /* or by its one tag */
	struct digest digest;
	struct str bytes;
	const struct manifest *manifest;
	bool layers_may_miss, children_may_miss; /* an image's configuration and layers, and an index's children, may come later */
	char missing[DIGEST_TEXT_MAX];           /* out: which content is missing, when that is the error (ERROR_NOT_FOUND) */
};

/*
 * Stores a manifest and moves the tags, in one change. What it names must be in the repository, foreign layers excepted, unless it may come later:
 * then it is recorded as absent.
 */
bool catalog_manifest_put(struct catalog *catalog, struct catalog_push *push, struct error *err);
/* By digest: the manifest and its tags go. By tag: the tag alone. */
bool catalog_manifest_delete(struct catalog *catalog, struct str repository, const struct digest *digest, struct error *err);
bool catalog_tag_delete(struct catalog *catalog, struct str repository, struct str tag, struct error *err);

/* ---- lists, in byte order ---- */

/* Gets each name; the text is borrowed for the call. */
typedef void catalog_name_function(void *argument, struct str name);

/* Up to limit names behind last; *more says whether there are others. */
bool catalog_tags(struct catalog *catalog, struct str repository, struct str last, size_t limit, catalog_name_function *each, void *argument,
	bool *more, struct error *err);
bool catalog_repositories(
	struct catalog *catalog, struct str last, size_t limit, catalog_name_function *each, void *argument, bool *more, struct error *err);

/* A manifest that names another as its subject. */
struct catalog_referrer {
	int64_t id;                                                /* its place in the order of the list */
	struct str media_type, digest, artifact_type, annotations; /* annotations is a JSON object or empty */
	int64_t size_bytes;
};
/* Borrowed for the call; false ends the list. */
typedef bool catalog_referrer_function(void *argument, const struct catalog_referrer *referrer);

/* Those behind the place after (0: all). */
bool catalog_referrers(struct catalog *catalog, struct str repository, const struct digest *subject, int64_t after, catalog_referrer_function *each,
	void *argument, struct error *err);
/*
 * Those that only the fallback tag names (distribution-spec 1.1, "Referrers Tag Schema"): manifests of the repository that the tag's index lists and
 * that have no subject of their own. In the order of their digests, behind the text after (empty: all).
 */
bool catalog_referrers_tagged(struct catalog *catalog, struct str repository, const struct digest *subject, struct str after,
	catalog_referrer_function *each, void *argument, struct error *err);

/* ---- how much there is ---- */

struct catalog_totals {
	int64_t blobs, blob_bytes; /* content, each once however many repositories hold it; manifests are content too */
	int64_t manifests, repositories;
};
/* Adds some of what is new since the last call, and says whether that was all. Costs what is new, not what is there. */
bool catalog_totals(struct catalog *catalog, struct catalog_totals *out, bool *complete, struct error *err);

#endif
