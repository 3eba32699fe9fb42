/* Manifests on their way in and out of a repository: one change each, with its event in it. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "registry/catalog/catalog_internal.h"

struct write_request {
	struct catalog *catalog;
	struct catalog_push *push;      /* of a push */
	const struct blob_writer *file; /* its content when it is too large for a row */
	struct str repository;
	const struct str *tags; /* moved by a push; the one that is deleted */
	size_t tags_count;
	char digest[DIGEST_TEXT_MAX];
	int64_t repository_id, manifest_id;
};

/* After the commit and before anyone is answered. */
static void drop_cached(void *argument)
{
	struct write_request *request = argument;

	for (size_t i = 0; i < request->tags_count; i++)
		manifest_cache_drop(request->catalog->cache, request->repository, request->tags[i]);
	if (request->push)
		manifest_cache_drop(request->catalog->cache, request->repository, str_of(request->digest));
	else if (!request->tags_count) /* a manifest went, and with it tags that are not known here */
		manifest_cache_drop(request->catalog->cache, request->repository, STR(""));
}

/* What a manifest refers to, and whether the repository has it: the database finds that out while it adds the row, one step a reference. */
#define ADD_REF(absent)                                                                                                                              \
	"INSERT INTO manifest_refs (manifest_id, kind, digest, absent) VALUES ($1, $2, $3, " absent                                                  \
	") ON CONFLICT (manifest_id, kind, digest) DO UPDATE SET absent = excluded.absent"
#define HAS_BLOB                                                                                                                                     \
	"EXISTS (SELECT 1 FROM blobs JOIN repository_blobs ON repository_blobs.blob_id = blobs.id WHERE blobs.digest = $3 AND repository_id = $4)"
#define HAS_MANIFEST "EXISTS (SELECT 1 FROM manifests WHERE repository_id = $4 AND digest = $3)"

static const char add_content[] = ADD_REF("CASE WHEN " HAS_BLOB " THEN 0 ELSE 1 END");
/* A child is there when a manifest or a blob of this repository has its digest (`wire.md` 2.4: BuildKit's caches). */
static const char add_child[] = ADD_REF("CASE WHEN " HAS_MANIFEST " OR " HAS_BLOB " THEN 0 ELSE 1 END");
/* Foreign layers are elsewhere, and nobody waits for them. */
static const char add_foreign[] = ADD_REF("0");

static bool add_ref(
	struct db_tx *tx, const struct write_request *request, const char *sql, const char *kind, const struct digest *digest, struct error *err)
{
	char text[DIGEST_TEXT_MAX];
	const struct db_value values[] = {DB_INT(request->manifest_id), DB_TEXT(str_of(kind)), DB_TEXT(str_make(text, digest_format(digest, text))),
		DB_INT(request->repository_id)};

	return db_run(tx, sql, values, sql == add_foreign ? 3 : 4, err);
}

static bool is_elsewhere(const struct descriptor *layer)
{
	struct str type = str_of(layer->media_type);

	return media_is_foreign(type) || (layer->has_urls && media_kind_of(type) == MEDIA_LAYER);
}

static int compare_digests(const void *a, const void *b)
{
	const struct digest *first = *(const struct digest *const *)a, *second = *(const struct digest *const *)b;

	return first->algorithm == second->algorithm ? memcmp(first->hash, second->hash, sizeof first->hash)
						     : (first->algorithm > second->algorithm) - (first->algorithm < second->algorithm);
}

static bool add_refs(struct db_tx *tx, struct write_request *request, struct error *err)
{
	const struct manifest *manifest = request->push->manifest;

	if (!manifest->is_index && !add_ref(tx, request, add_content, "config", &manifest->config.digest, err))
		return false;
	for (size_t i = 0; i < manifest->layers_count; i++)
		if (!add_ref(tx, request, is_elsewhere(&manifest->layers[i]) ? add_foreign : add_content, "layer", &manifest->layers[i].digest, err))
			return false;
	/* In the order of the rows: an index of 25,000 children takes the writer half as long so. */
	cleanup_free const struct digest **children = mem_alloc(manifest->manifests_count + 1, sizeof *children);
	for (size_t i = 0; i < manifest->manifests_count; i++)
		children[i] = &manifest->manifests[i].digest;
	qsort(children, manifest->manifests_count, sizeof *children, compare_digests);
	for (size_t i = 0; i < manifest->manifests_count; i++)
		if (!add_ref(tx, request, add_child, "child", children[i], err))
			return false;
	return true;
}

/* Refuses what is missing and must not be; says which is. */
static bool check_refs(struct db_tx *tx, struct write_request *request, struct error *err)
{
	struct catalog_push *push = request->push;
	struct error failed = {0};

	if (push->manifest->is_index ? push->children_may_miss : push->layers_may_miss)
		return true;
	cleanup_query struct db_query *query =
		db_query(tx, "SELECT kind, digest FROM manifest_refs WHERE manifest_id = $1 AND absent = 1 ORDER BY kind LIMIT 1",
			DB_ARGS(DB_INT(request->manifest_id)), err);
	if (!query)
		return false;
	if (!db_next(query, &failed))
		return failed.kind == ERROR_NONE || error_move(err, &failed);
	struct str kind = db_text(query, 0), digest = str_head(db_text(query, 1), DIGEST_TEXT_MAX - 1);
	memcpy(push->missing, digest.data, digest.len);
	push->missing[digest.len] = '\0';
	return error_set(err, ERROR_NOT_FOUND, "%.*s %s is not in %.*s: push it first", STR_ARG(kind), push->missing, STR_ARG(request->repository));
}

static bool add_row(struct db_tx *tx, struct write_request *request, int64_t blob_id, struct error *err)
{
	const struct manifest *manifest = request->push->manifest;
	char subject[DIGEST_TEXT_MAX];
	cleanup_free char *annotations = manifest->annotations ? json_dumps(manifest->annotations, JSON_COMPACT) : NULL;
	struct db_value subject_value = DB_NULL;
	bool found;

	if (manifest->has_subject)
		subject_value = DB_TEXT(str_make(subject, digest_format(&manifest->subject.digest, subject)));
	if (!db_run(tx,
		    "INSERT INTO manifests (repository_id, digest, media_type, artifact_type, annotations, size, blob_id, subject, pushed_at) "
		    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (repository_id, digest) DO UPDATE SET pushed_at = excluded.pushed_at",
		    DB_ARGS(DB_INT(request->repository_id), DB_TEXT(str_of(request->digest)), DB_TEXT(str_of(manifest->media_type)),
			    DB_TEXT(str_of(manifest->artifact_type)), DB_TEXT(str_of(annotations)), DB_INT((int64_t)request->push->bytes.len),
			    DB_INT(blob_id), subject_value, DB_INT(clock_now_us())),
		    err))
		return false;
	return db_ask_int(tx, "SELECT id FROM manifests WHERE repository_id = $1 AND digest = $2",
		       DB_ARGS(DB_INT(request->repository_id), DB_TEXT(str_of(request->digest))), &request->manifest_id, &found, err) &&
	       found;
}

static bool move_tag(struct db_tx *tx, const struct write_request *request, struct str tag, struct error *err)
{
	return db_run(tx,
		"INSERT INTO tags (repository_id, name, manifest_id, moved_at) VALUES ($1, $2, $3, $4) "
		"ON CONFLICT (repository_id, name) DO UPDATE SET manifest_id = excluded.manifest_id, moved_at = excluded.moved_at",
		DB_ARGS(DB_INT(request->repository_id), DB_TEXT(tag), DB_INT(request->manifest_id), DB_INT(clock_now_us())), err);
}

static bool tell(struct db_tx *tx, const char *kind, const struct write_request *request, struct str tag, struct error *err)
{
	struct event event = {.kind = kind, .repository = request->repository, .reference = tag, .digest = str_of(request->digest)};

	return event_add(tx, &event, err);
}

/* Each tag that moves is an event, and so is a push that moves none. */
static bool move_tags(struct db_tx *tx, const struct write_request *request, struct error *err)
{
	for (size_t i = 0; i < request->tags_count; i++)
		if (!move_tag(tx, request, request->tags[i], err) || !tell(tx, "manifest.push", request, request->tags[i], err))
			return false;
	return request->tags_count || tell(tx, "manifest.push", request, STR(""), err);
}

static bool put_manifest(struct db_tx *tx, void *argument, struct error *err)
{
	struct write_request *request = argument;
	struct catalog_push *push = request->push;
	int64_t blob_id;

	db_after_commit(tx, drop_cached, request);
	push->missing[0] = '\0';
	return repository_make(tx, request->repository, &request->repository_id, err) &&
	       (request->file ? blob_add(tx, request->file, &blob_id, err) : blob_add_bytes(tx, &push->digest, push->bytes, &blob_id, err)) &&
	       add_row(tx, request, blob_id, err) && add_refs(tx, request, err) && check_refs(tx, request, err) &&
	       repository_mark(tx, request->repository_id, str_of(request->digest), true, err) && move_tags(tx, request, err);
}

bool catalog_manifest_put(struct catalog *catalog, struct catalog_push *push, struct error *err)
{
	struct write_request request = {
		.catalog = catalog, .push = push, .repository = push->repository, .tags = push->tags, .tags_count = push->tags_count};
	struct blob_writer *writer = NULL;

	digest_format(&push->digest, request.digest);
	if (push->bytes.len > BLOB_ROW_MAX) {
		if (!blob_writer_new(&writer, catalog->store, err))
			return false;
		if (!blob_writer_append(writer, push->bytes, err) || !blob_writer_seal(writer, &push->digest, err)) {
			blob_writer_close(writer);
			return false;
		}
		request.file = writer;
	}
	bool done = db_change(catalog->db, put_manifest, &request, err);
	blob_writer_close(writer);
	return done;
}

static bool unknown_manifest(const struct write_request *request, const char *reference, struct error *err)
{
	return error_set(err, ERROR_NOT_FOUND, "manifest %s is not in %.*s", reference, STR_ARG(request->repository));
}

static bool delete_manifest(struct db_tx *tx, void *argument, struct error *err)
{
	struct write_request *request = argument;
	bool found;

	db_after_commit(tx, drop_cached, request);
	if (!repository_need(tx, request->repository, &request->repository_id, err) ||
		!db_ask_int(tx, "SELECT id FROM manifests WHERE repository_id = $1 AND digest = $2",
			DB_ARGS(DB_INT(request->repository_id), DB_TEXT(str_of(request->digest))), &request->manifest_id, &found, err))
		return false;
	if (!found)
		return unknown_manifest(request, request->digest, err);
	return db_run(tx, "DELETE FROM tags WHERE repository_id = $1 AND manifest_id = $2",
		       DB_ARGS(DB_INT(request->repository_id), DB_INT(request->manifest_id)), err) &&
	       db_run(tx, "DELETE FROM manifest_refs WHERE manifest_id = $1", DB_ARGS(DB_INT(request->manifest_id)), err) &&
	       totals_take_manifest(tx, request->manifest_id, err) &&
	       db_run(tx, "DELETE FROM manifests WHERE id = $1", DB_ARGS(DB_INT(request->manifest_id)), err) &&
	       repository_mark(tx, request->repository_id, str_of(request->digest), false, err) && tell(tx, "manifest.delete", request, STR(""), err);
}

bool catalog_manifest_delete(struct catalog *catalog, struct str repository, const struct digest *digest, struct error *err)
{
	struct write_request request = {.catalog = catalog, .repository = repository};

	digest_format(digest, request.digest);
	return db_change(catalog->db, delete_manifest, &request, err);
}

static bool delete_tag(struct db_tx *tx, void *argument, struct error *err)
{
	struct write_request *request = argument;

	db_after_commit(tx, drop_cached, request);
	if (!repository_need(tx, request->repository, &request->repository_id, err) ||
		!db_run(tx, "DELETE FROM tags WHERE repository_id = $1 AND name = $2",
			DB_ARGS(DB_INT(request->repository_id), DB_TEXT(request->tags[0])), err))
		return false;
	if (!db_changed(tx)) {
		cleanup_free char *tag = str_dup(request->tags[0]);
		return unknown_manifest(request, tag, err);
	}
	return tell(tx, "tag.delete", request, request->tags[0], err);
}

bool catalog_tag_delete(struct catalog *catalog, struct str repository, struct str tag, struct error *err)
{
	struct write_request request = {.catalog = catalog, .repository = repository, .tags = &tag, .tags_count = 1};

	return db_change(catalog->db, delete_tag, &request, err);
}
