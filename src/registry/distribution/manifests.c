/* Manifests by tag and by digest. */
#include <malloc.h>
#include <string.h>

#include "base/mem.h"
#include "registry/distribution/accept.h"
#include "registry/distribution/answers.h"
#include "registry/distribution/damage.h"
#include "registry/distribution/range.h"

/* Of one push by digest; the specification asks for at least 10, the server parses 32 parameters. */
#define PUSH_TAGS_MAX 24

/* A reference of the path is a digest when it has a ":", which no tag has. */
static bool is_digest(struct str reference)
{
	return reference.len && memchr(reference.data, ':', reference.len);
}

static bool check_tag(struct request *request, struct str tag)
{
	if (reference_tag_valid(tag))
		return true;
	answer_error_code(request, CODE_TAG_INVALID, STR(""), "tag '%.*s' is malformed", STR_ARG(str_head(tag, 128)));
	return false;
}

/* Checks the path's reference and answers when it is malformed. */
static bool request_reference(struct request *request, struct str *reference, struct digest *digest)
{
	*reference = request_part(request, "reference");
	if (is_digest(*reference))
		return request_digest(request, *reference, digest);
	return check_tag(request, *reference);
}

static bool accepts(const struct request *request, struct str media_type)
{
	struct accept accept = {0};
	struct str header;

	for (size_t i = 0; request_header_at(request, "Accept", i, &header); i++)
		accept_add(&accept, header, media_type);
	return accept_takes(&accept);
}

/* varies: another Accept might have had another answer. */
static void answer_manifest(struct request *request, const struct catalog_manifest *manifest, bool varies)
{
	struct body_part part = {manifest->bytes, catalog_manifest_release, (void *)(uintptr_t)manifest, -1, 0, 0};
	struct str header;

	answer_common_headers(request);
	request_answer_header(request, "Content-Type", "%.*s", STR_ARG(manifest->media_type));
	request_answer_header(request, "Docker-Content-Digest", "%.*s", STR_ARG(manifest->digest));
	request_answer_header(request, "ETag", "\"%.*s\"", STR_ARG(manifest->digest));
	if (varies)
		request_answer_header(request, "Vary", "Accept");
	if (request_header(request, "If-None-Match", &header) && etag_matches(header, manifest->digest)) {
		request_answer_head(request, 304, 0);
		catalog_manifest_release((void *)(uintptr_t)manifest);
	} else {
		request_answer_parts(request, 200, &part, 1);
	}
}

#define LARGE_MANIFEST_BYTES ((size_t)256 * 1024)

/* As manifest_parse; a large one waits for its turn, and what its JSON took goes back to the system: 4 MiB of it may have taken 200. */
static bool parse(struct request *request, struct manifest *manifest, struct str bytes, struct str media_type, struct error *err)
{
	pthread_mutex_t *turn = &request_distribution(request)->large_manifest;

	if (bytes.len < LARGE_MANIFEST_BYTES)
		return manifest_parse(manifest, bytes, media_type, err);
	pthread_mutex_lock(turn);
	bool parsed = manifest_parse(manifest, bytes, media_type, err);
	malloc_trim(0);
	pthread_mutex_unlock(turn);
	return parsed;
}

/* Of an index whose type the client does not take: its linux/amd64 child, when that is of a type that it takes (distribution, handlers/manifests.go).
 */
static const struct catalog_manifest *child_for(struct request *request, struct str name, const struct catalog_manifest *index)
{
	cleanup_error struct error err = {0};
	cleanup_manifest struct manifest manifest = {0};
	const struct platform wanted = {"linux", "amd64", ""};
	char text[DIGEST_TEXT_MAX];

	if (!parse(request, &manifest, index->bytes, index->media_type, &err) || !manifest.is_index)
		return NULL;
	const struct descriptor *child = manifest_choose(&manifest, &wanted);
	if (!child || !accepts(request, str_of(child->media_type)))
		return NULL;
	size_t len = digest_format(&child->digest, text);
	return catalog_manifest_get(request_distribution(request)->catalog, name, str_make(text, len), &err);
}

/* On a worker: from the database. */
static void get_manifest(struct request *request)
{
	cleanup_error struct error err = {0};
	struct str name = request_part(request, "name"), reference = request_part(request, "reference");

	const struct catalog_manifest *manifest = catalog_manifest_get(request_distribution(request)->catalog, name, reference, &err);
	if (!manifest) {
		if (err.kind == ERROR_CORRUPT)
			answer_damaged(request, name, reference, &err);
		else
			answer_error(request, SUBJECT_MANIFEST, &err);
		return;
	}
	bool varies = !is_digest(reference) && media_kind_of(manifest->media_type) == MEDIA_INDEX;
	if (varies && !accepts(request, manifest->media_type)) {
		const struct catalog_manifest *child = child_for(request, name, manifest);

		if (child) {
			catalog_manifest_release((void *)(uintptr_t)manifest);
			manifest = child;
		}
	}
	answer_manifest(request, manifest, varies);
}

/* On the loop, where that waits for nothing; else handed to a worker. */
void distribution_manifest_get(struct request *request)
{
	struct str name, reference;
	struct digest digest;

	if (!request_repository(request, &name) || !request_reference(request, &reference, &digest))
		return;
	const struct catalog_manifest *manifest =
		catalog_manifest_now(request_distribution(request)->catalog, request_loop(request), name, reference);
	bool varies = manifest && !is_digest(reference) && media_kind_of(manifest->media_type) == MEDIA_INDEX;
	if (manifest && (!varies || accepts(request, manifest->media_type))) {
		answer_manifest(request, manifest, varies);
		return;
	}
	catalog_manifest_release((void *)(uintptr_t)manifest);
	request_hand_over(request, get_manifest);
}

/* The digest of the body, which a push by digest must have. */
static bool digest_body(struct request *request, struct str reference, struct digest *digest)
{
	struct digest real;

	digest_of_bytes(&real, is_digest(reference) ? digest->algorithm : DIGEST_SHA256, request_body(request));
	if (is_digest(reference) && !digest_equal(&real, digest)) {
		answer_error_code(request, CODE_DIGEST_INVALID, reference, "the manifest does not have the digest that it was pushed by");
		return false;
	}
	*digest = real;
	return true;
}

/* Docker's manifests with OCI's layers and the other way round are kept as they are, but skopeo and podman cannot read them (containers/image#2972).
 */
static void warn_of_mixture(struct request *request, const struct manifest *manifest)
{
	bool is_docker = media_type_is_docker(str_of(manifest->media_type));

	for (size_t i = 0; i < manifest->layers_count; i++) {
		struct str type = str_of(manifest->layers[i].media_type);

		if (media_kind_of(type) != MEDIA_LAYER || media_type_is_docker(type) == is_docker)
			continue;
		request_answer_header(request, "Warning",
			"299 - \"layer %zu is of type %.*s in a manifest of type %s: some clients cannot read that\"", i + 1, STR_ARG(type),
			manifest->media_type);
		return;
	}
}

static void answer_pushed(struct request *request, const struct catalog_push *push)
{
	char text[DIGEST_TEXT_MAX], subject[DIGEST_TEXT_MAX];

	warn_of_mixture(request, push->manifest);
	digest_format(&push->digest, text);
	request_answer_header(request, "Location", "/v2/%.*s/manifests/%s", STR_ARG(push->repository), text);
	request_answer_header(request, "Docker-Content-Digest", "%s", text);
	if (push->manifest->has_subject) {
		digest_format(&push->manifest->subject.digest, subject);
		request_answer_header(request, "OCI-Subject", "%s", subject);
	}
	for (size_t i = 0; push->by_digest && i < push->tags_count; i++)
		request_answer_header(request, "OCI-Tag", "%.*s", STR_ARG(push->tags[i]));
	answer_empty(request, 201);
}

/* The tag of the path, or those that a push by digest names (`?tag=a&tag=b`, OCI distribution-spec, "Pushing Manifests"). */
static bool request_tags(struct request *request, struct str reference, struct str tags[static PUSH_TAGS_MAX], size_t *count)
{
	struct str tag;

	*count = 0;
	if (!is_digest(reference)) {
		tags[(*count)++] = reference;
		return true;
	}
	for (size_t i = 0; request_query_at(request, "tag", i, &tag); i++) {
		if (!check_tag(request, tag))
			return false;
		if (i == PUSH_TAGS_MAX) {
			answer_error_code(request, CODE_TAG_TOO_MANY, STR(""), "more than %d tags in one push", PUSH_TAGS_MAX);
			return false;
		}
		tags[(*count)++] = tag;
	}
	return true;
}

void distribution_manifest_put(struct request *request)
{
	cleanup_error struct error err = {0};
	cleanup_manifest struct manifest manifest = {0};
	struct str reference, content_type, tags[PUSH_TAGS_MAX];
	struct catalog_push push = {.manifest = &manifest, .bytes = request_body(request), .tags = tags};

	if (!request_repository(request, &push.repository) || !request_reference(request, &reference, &push.digest) ||
		!request_tags(request, reference, tags, &push.tags_count) || !digest_body(request, reference, &push.digest))
		return;
	int sparse = request_distribution(request)->limits.sparse;
	size_t manifest_max = request_distribution(request)->limits.manifest_bytes;
	push.layers_may_miss = sparse == SETTINGS_SPARSE_ALL;
	push.children_may_miss = sparse != SETTINGS_SPARSE_NONE;
	push.by_digest = is_digest(reference);
	if (push.bytes.len > manifest_max) {
		answer_error_code(
			request, CODE_SIZE_TOO_LARGE, STR(""), "the manifest has %zu bytes, and the most is %zu", push.bytes.len, manifest_max);
		return;
	}
	request_header(request, "Content-Type", &content_type);
	if (!parse(request, &manifest, push.bytes, media_type_bare(content_type), &err)) {
		answer_error(request, SUBJECT_MANIFEST, &err);
		return;
	}
	bool stored = catalog_manifest_put(request_distribution(request)->catalog, &push, &err);
	request_distribution(request)->manifests_pushed += stored;
	if (stored)
		answer_pushed(request, &push);
	else if (err.kind == ERROR_NOT_FOUND && push.missing[0])
		answer_error_code(request, CODE_MANIFEST_BLOB_UNKNOWN, str_of(push.missing), "%s", error_text(&err));
	else
		answer_error(request, SUBJECT_MANIFEST, &err);
}

void distribution_manifest_delete(struct request *request)
{
	cleanup_error struct error err = {0};
	struct catalog *catalog = request_distribution(request)->catalog;
	struct str name, reference;
	struct digest digest;

	if (!request_may_delete(request, "GET, HEAD, PUT") || !request_repository(request, &name) || !request_reference(request, &reference, &digest))
		return;
	if (is_digest(reference) ? catalog_manifest_delete(catalog, name, &digest, &err) : catalog_tag_delete(catalog, name, reference, &err))
		answer_empty(request, 202);
	else
		answer_error(request, SUBJECT_MANIFEST, &err);
}
