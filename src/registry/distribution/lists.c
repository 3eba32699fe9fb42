/* Lists: tags, repositories, and what refers to a manifest. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "net/url.h"
#include "registry/distribution/answers.h"
#include "registry/distribution/paging.h"

#define TAGS_MAX 10000 /* one page; more is clamped, with a Link */
#define REPOSITORIES_MAX 1000
#define REPOSITORIES_DEFAULT 100

struct page {
	struct str last;
	size_t limit;
	json_t *names;
	bool more;
};

static void add_name(void *argument, struct str name)
{
	struct page *page = argument;

	json_array_append_new(page->names, json_stringn(name.data, name.len));
}

/* Reads n and last; answers when n is no number. */
static bool read_page(struct request *request, size_t limit_default, size_t limit_max, struct page *page)
{
	struct str text;

	page->limit = limit_default;
	request_query(request, "last", &page->last);
	if (!request_query(request, "n", &text) || page_limit(text, limit_max, &page->limit))
		return true;
	answer_error_code(request, CODE_PAGINATION_NUMBER_INVALID, STR(""), "n is '%.*s' and not a number from 0 up", STR_ARG(str_head(text, 40)));
	return false;
}

/* Takes json over. */
static void answer_json(struct request *request, json_t *json, const char *content_type)
{
	char *text = json_dumps(json, JSON_COMPACT);
	struct body_part part = {str_of(text), free, text, -1, 0, 0};

	json_decref(json);
	answer_common_headers(request);
	request_answer_header(request, "Content-Type", "%s", content_type);
	request_answer_parts(request, 200, &part, 1);
}

/* Answers the document, and a Link to the next page where there is one. Takes json over. */
static void answer_page(struct request *request, json_t *json, const struct page *page, const char *path)
{
	size_t count = json_array_size(page->names);

	if (page->more && count) {
		cleanup_buf struct buf link = {0};

		page_link(&link, path, str_of(json_string_value(json_array_get(page->names, count - 1))), page->limit);
		request_answer_header(request, "Link", "%s", link.data);
	}
	answer_json(request, json, "application/json");
}

void distribution_tags(struct request *request)
{
	cleanup_error struct error err = {0};
	struct page page = {0};
	struct str name;

	if (!request_repository(request, &name) || !read_page(request, TAGS_MAX, TAGS_MAX, &page))
		return;
	page.names = json_array();
	if (!catalog_tags(request_distribution(request)->catalog, name, page.last, page.limit, add_name, &page, &page.more, &err)) {
		json_decref(page.names);
		answer_error(request, SUBJECT_REPOSITORY, &err);
		return;
	}
	cleanup_free char *path = mem_printf("/v2/%.*s/tags/list", STR_ARG(name));
	answer_page(request, json_pack("{s:s%, s:o}", "name", name.data, name.len, "tags", page.names), &page, path);
}

void distribution_catalog(struct request *request)
{
	cleanup_error struct error err = {0};
	struct page page = {0};

	if (!read_page(request, REPOSITORIES_DEFAULT, REPOSITORIES_MAX, &page))
		return;
	page.names = json_array();
	if (!catalog_repositories(request_distribution(request)->catalog, page.last, page.limit, add_name, &page, &page.more, &err)) {
		json_decref(page.names);
		answer_error(request, SUBJECT_REPOSITORY, &err);
		return;
	}
	answer_page(request, json_pack("{s:o}", "repositories", page.names), &page, "/v2/_catalog");
}

/* One page of referrers: their annotations may be as large as manifests. The next one is behind a Link. */
#define REFERRERS_BYTES_MAX ((size_t)2 * 1024 * 1024)
#define REFERRER_BYTES 512 /* about, without annotations */

struct referrers {
	const struct request *request;
	json_t *manifests;
	size_t bytes;
	bool tagged;                       /* past the first list: those of the fallback tag */
	int64_t last;                      /* the place of the last one that was looked at: in the first list */
	char last_digest[DIGEST_TEXT_MAX]; /* in the second */
	bool more;
};

static void look_past(struct referrers *referrers, const struct catalog_referrer *referrer)
{
	struct str digest = str_head(referrer->digest, DIGEST_TEXT_MAX - 1);

	referrers->last = referrer->id;
	memcpy(referrers->last_digest, digest.data, digest.len);
	referrers->last_digest[digest.len] = '\0';
}

/* No artifactType in the query takes all; several are "or". */
static bool wanted(const struct request *request, struct str artifact_type)
{
	struct str filter;
	size_t i;

	for (i = 0; request_query_at(request, "artifactType", i, &filter); i++)
		if (str_equal(filter, artifact_type))
			return true;
	return i == 0;
}

static bool add_referrer(void *argument, const struct catalog_referrer *referrer)
{
	struct referrers *referrers = argument;

	if (!wanted(referrers->request, referrer->artifact_type)) {
		look_past(referrers, referrer);
		return true;
	}
	referrers->more = referrers->bytes > 0 && referrers->bytes + REFERRER_BYTES + referrer->annotations.len > REFERRERS_BYTES_MAX;
	if (referrers->more)
		return false;
	referrers->bytes += REFERRER_BYTES + referrer->annotations.len;
	look_past(referrers, referrer);
	json_t *entry = json_pack("{s:s%, s:s%, s:I}", "mediaType", referrer->media_type.data, referrer->media_type.len, "digest",
		referrer->digest.data, referrer->digest.len, "size", (json_int_t)referrer->size_bytes);
	if (referrer->artifact_type.len)
		json_object_set_new(entry, "artifactType", json_stringn(referrer->artifact_type.data, referrer->artifact_type.len));
	json_t *annotations = json_loadb(referrer->annotations.data ? referrer->annotations.data : "", referrer->annotations.len, 0, NULL);
	if (annotations)
		json_object_set_new(entry, "annotations", annotations);
	json_array_append_new(referrers->manifests, entry);
	return true;
}

/* The next page, with the same filters. */
static void link_referrers(struct request *request, const struct referrers *referrers)
{
	cleanup_buf struct buf link = {0};
	struct str filter;

	buf_printf(&link, "</v2/%.*s/referrers/%.*s?last=", STR_ARG(request_part(request, "name")), STR_ARG(request_part(request, "digest")));
	if (referrers->tagged && referrers->last_digest[0])
		url_encode(&link, str_of(referrers->last_digest));
	else
		buf_printf(&link, "%lld", (long long)referrers->last);
	for (size_t i = 0; request_query_at(request, "artifactType", i, &filter); i++) {
		buf_add_text(&link, "&artifactType=");
		url_encode(&link, filter);
	}
	buf_add_text(&link, ">; rel=\"next\"");
	request_answer_header(request, "Link", "%s", link.data);
}

/* The place that a Link of ours named: a number in the first list, a digest in the second. */
static bool read_place(struct request *request, struct referrers *referrers)
{
	struct digest digest;
	struct str text;

	if (!request_query(request, "last", &text) || str_to_i64(text, &referrers->last))
		return true;
	if (digest_parse(&digest, text, NULL)) {
		referrers->tagged = true;
		digest_format(&digest, referrers->last_digest);
		return true;
	}
	answer_error_code(request, CODE_PAGINATION_NUMBER_INVALID, STR(""), "last is '%.*s' and not from a Link", STR_ARG(str_head(text, 40)));
	return false;
}

static bool list_referrers(struct referrers *referrers, struct str name, const struct digest *subject, struct error *err)
{
	struct catalog *catalog = request_distribution(referrers->request)->catalog;
	char after[DIGEST_TEXT_MAX];

	if (!referrers->tagged && !catalog_referrers(catalog, name, subject, referrers->last, add_referrer, referrers, err))
		return false;
	if (referrers->more)
		return true;
	if (!referrers->tagged)
		referrers->last_digest[0] = '\0';
	referrers->tagged = true;
	memcpy(after, referrers->last_digest, sizeof after);
	return catalog_referrers_tagged(catalog, name, subject, str_of(after), add_referrer, referrers, err);
}

/* OCI distribution-spec 1.1, "Listing Referrers": always 200 for a well-formed digest. */
void distribution_referrers(struct request *request)
{
	cleanup_error struct error err = {0};
	struct referrers referrers = {.request = request};
	struct str name, text;
	struct digest digest;

	if (!request_repository(request, &name) || !request_digest(request, request_part(request, "digest"), &digest) ||
		!read_place(request, &referrers))
		return;
	referrers.manifests = json_array();
	if (!list_referrers(&referrers, name, &digest, &err)) {
		json_decref(referrers.manifests);
		answer_error(request, SUBJECT_MANIFEST, &err);
		return;
	}
	if (request_query(request, "artifactType", &text))
		request_answer_header(request, "OCI-Filters-Applied", "artifactType");
	if (referrers.more)
		link_referrers(request, &referrers);
	answer_json(request, json_pack("{s:i, s:s, s:o}", "schemaVersion", 2, "mediaType", MEDIA_TYPE_OCI_INDEX, "manifests", referrers.manifests),
		MEDIA_TYPE_OCI_INDEX);
}
