/* Manifests there and back. Their bytes are checked against the digest that was asked for, or that the registry names. */
#include <string.h>

#include "base/mem.h"
#include "oci/manifest.h"
#include "oci/reference.h"
#include "remote/remote_internal.h"

/* Anything else too, at the end: artifacts have types of their own. */
#define ACCEPT "Accept: " MEDIA_TYPE_OCI_INDEX ", " MEDIA_TYPE_DOCKER_LIST ", " MEDIA_TYPE_OCI_MANIFEST ", " MEDIA_TYPE_DOCKER_MANIFEST ", */*;q=0.1"

void remote_manifest_free(struct remote_manifest *manifest)
{
	free(manifest->media_type);
	buf_free(&manifest->bytes);
	*manifest = (struct remote_manifest){0};
}

static bool is_digest(const char *reference, struct digest *digest)
{
	return strchr(reference, ':') && digest_parse(digest, str_of(reference), NULL);
}

bool remote_pull_refused(struct remote *remote, const char *path, const char *reference, const struct http_response *response, struct error *err)
{
	struct reference image = {.domain = remote->domain, .path = (char *)(uintptr_t)path};
	cleanup_free char *name = reference_familiar_name(&image);
	const char *code = refusal_read(response, reference ? "MANIFEST_UNKNOWN" : "NAME_UNKNOWN", err);
	struct digest digest;

	if (strcmp(code, "DENIED") == 0)
		error_prefix(err, "pull access denied for %s, repository does not exist or may require 'docker login'", name);
	else if (reference && strcmp(code, "MANIFEST_UNKNOWN") == 0)
		error_prefix(err, "manifest for %s%s%s not found", name, is_digest(reference, &digest) ? "@" : ":", reference);
	else if (strcmp(code, "NAME_UNKNOWN") == 0)
		error_prefix(err, "repository %s not found", name);
	return false;
}

/* GET or HEAD; true only with a 200. */
static bool manifest_ask(
	struct remote *remote, const char *method, const char *path, const char *reference, struct http_response *response, struct error *err)
{
	if (!remote_connect(remote, err))
		return false;
	cleanup_free char *url = remote_url(remote, path, "manifests/%s", reference);
	cleanup_free char *scope = remote_scope(path, "pull");
	struct http_request request = {
		.method = method,
		.url = url,
		.headers = (const char *[]){ACCEPT, NULL},
		.body_max = MANIFEST_SIZE_MAX,
	};

	if (!remote_exchange_again(remote, &request, scope, response, err))
		return false;
	return response->status == 200 || remote_pull_refused(remote, path, reference, response, err);
}

static char *media_type_of(const struct http_response *response)
{
	struct str header;

	(void)http_response_header(response, "content-type", 0, &header);
	return str_dup(media_type_bare(header));
}

/* What the registry says that it sends; false in *named when it says nothing. */
static bool digest_named(const struct http_response *response, struct digest *digest, bool *named, struct error *err)
{
	struct str header;

	*named = http_response_header(response, "docker-content-digest", 0, &header);
	return !*named || digest_parse(digest, header, err) || error_prefix(err, "Docker-Content-Digest");
}

static bool bytes_check(const struct digest *expected, struct str bytes, struct digest *actual, struct error *err)
{
	char expected_text[DIGEST_TEXT_MAX], actual_text[DIGEST_TEXT_MAX];

	digest_of_bytes(actual, expected->algorithm, bytes);
	if (digest_equal(expected, actual))
		return true;
	digest_format(expected, expected_text);
	digest_format(actual, actual_text);
	return error_set(err, ERROR_CORRUPT, "manifest verification failed for digest %s: got %s", expected_text, actual_text);
}

bool remote_manifest_get(struct remote *remote, const char *path, const char *reference, struct remote_manifest *out, struct error *err)
{
	cleanup_http_response struct http_response response = {0};
	cleanup_remote_manifest struct remote_manifest manifest = {0};
	struct digest expected = {.algorithm = DIGEST_SHA256};
	bool known = true;

	if (!manifest_ask(remote, "GET", path, reference, &response, err))
		return false;
	/* By digest it is ours that counts, whatever the registry says. */
	if (!is_digest(reference, &expected) && !digest_named(&response, &expected, &known, err))
		return false;
	if (!known)
		digest_of_bytes(&manifest.digest, DIGEST_SHA256, buf_str(&response.body));
	else if (!bytes_check(&expected, buf_str(&response.body), &manifest.digest, err))
		return false;
	manifest.media_type = media_type_of(&response);
	manifest.bytes = response.body;
	response.body = (struct buf){0};
	*out = manifest;
	manifest = (struct remote_manifest){0};
	return true;
}

/* A registry that leaves out of HEAD what it is for: the whole is fetched instead. */
static bool head_by_get(struct remote *remote, const char *path, const char *reference, struct descriptor *out, struct error *err)
{
	struct remote_manifest manifest = {0};

	if (!remote_manifest_get(remote, path, reference, &manifest, err))
		return false;
	*out = (struct descriptor){.media_type = manifest.media_type, .digest = manifest.digest, .size_bytes = (int64_t)manifest.bytes.len};
	buf_free(&manifest.bytes);
	return true;
}

bool remote_manifest_head(struct remote *remote, const char *path, const char *reference, struct descriptor *out, struct error *err)
{
	cleanup_http_response struct http_response response = {0};
	struct descriptor found = {0};
	struct str length;
	bool named;

	if (!manifest_ask(remote, "HEAD", path, reference, &response, err) || !digest_named(&response, &found.digest, &named, err))
		return false;
	if (!named || !http_response_header(&response, "content-length", 0, &length) || !str_to_i64(length, &found.size_bytes))
		return head_by_get(remote, path, reference, out, err);
	found.media_type = media_type_of(&response);
	*out = found;
	return true;
}

bool remote_manifest_put(struct remote *remote, const char *path, const char *reference, const char *media_type, struct str bytes,
	struct digest *digest, struct error *err)
{
	cleanup_http_response struct http_response response = {0};
	struct digest actual, named_digest = {.algorithm = DIGEST_SHA256};
	bool named;

	if (!remote_connect(remote, err))
		return false;
	cleanup_free char *url = remote_url(remote, path, "manifests/%s", reference);
	cleanup_free char *scope = remote_scope(path, "pull,push");
	cleanup_free char *type = mem_printf("Content-Type: %s", media_type);
	struct http_request request = {.method = "PUT", .url = url, .headers = (const char *[]){type, NULL}, .body = bytes};

	if (!remote_exchange_again(remote, &request, scope, &response, err))
		return false;
	if (response.status < 200 || response.status >= 300) {
		refusal_read(&response, "NAME_UNKNOWN", err);
		return false;
	}
	if (!digest_named(&response, &named_digest, &named, err))
		return false;
	if (!named)
		digest_of_bytes(&actual, DIGEST_SHA256, bytes);
	else if (!bytes_check(&named_digest, bytes, &actual, err))
		return error_prefix(err, "the registry has another manifest than was sent");
	if (digest)
		*digest = actual;
	return true;
}
