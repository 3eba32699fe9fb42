/* Lists: tags, repositories, and what refers to a manifest. */
#include <jansson.h>
#include <stdlib.h>

#include "base/mem.h"
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

/* Answers the document, and a Link to the next page where there is one. Takes json over. */
static void answer_page(struct request *request, json_t *json, const struct page *page, const char *path)
{
	char *text = json_dumps(json, JSON_COMPACT);
	size_t count = json_array_size(page->names);

	if (page->more && count) {
		cleanup_buf struct buf link = {0};

		page_link(&link, path, str_of(json_string_value(json_array_get(page->names, count - 1))), page->limit);
		request_answer_header(request, "Link", "%s", link.data);
	}
	answer_common_headers(request);
	request_answer_header(request, "Content-Type", "application/json");
	request_answer(request, 200, str_of(text));
	free(text);
	json_decref(json);
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

struct referrers {
	const struct request *request;
	json_t *manifests;
};

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

static void add_referrer(void *argument, const struct catalog_referrer *referrer)
{
	struct referrers *referrers = argument;

	if (!wanted(referrers->request, referrer->artifact_type))
		return;
	json_t *entry = json_pack("{s:s%, s:s%, s:I}", "mediaType", referrer->media_type.data, referrer->media_type.len, "digest",
		referrer->digest.data, referrer->digest.len, "size", (json_int_t)referrer->size_bytes);
	if (referrer->artifact_type.len)
		json_object_set_new(entry, "artifactType", json_stringn(referrer->artifact_type.data, referrer->artifact_type.len));
	json_t *annotations = json_loadb(referrer->annotations.data ? referrer->annotations.data : "", referrer->annotations.len, 0, NULL);
	if (annotations)
		json_object_set_new(entry, "annotations", annotations);
	json_array_append_new(referrers->manifests, entry);
}

/* OCI distribution-spec 1.1, "Listing Referrers": always 200 for a well-formed digest. */
void distribution_referrers(struct request *request)
{
	cleanup_error struct error err = {0};
	struct referrers referrers = {request, NULL};
	struct str name, filter;
	struct digest digest;

	if (!request_repository(request, &name) || !request_digest(request, request_part(request, "digest"), &digest))
		return;
	referrers.manifests = json_array();
	if (!catalog_referrers(request_distribution(request)->catalog, name, &digest, add_referrer, &referrers, &err)) {
		json_decref(referrers.manifests);
		answer_error(request, SUBJECT_MANIFEST, &err);
		return;
	}
	json_t *index = json_pack("{s:i, s:s, s:o}", "schemaVersion", 2, "mediaType", MEDIA_TYPE_OCI_INDEX, "manifests", referrers.manifests);
	char *text = json_dumps(index, JSON_COMPACT);
	if (request_query(request, "artifactType", &filter))
		request_answer_header(request, "OCI-Filters-Applied", "artifactType");
	answer_common_headers(request);
	request_answer_header(request, "Content-Type", "%s", MEDIA_TYPE_OCI_INDEX);
	request_answer(request, 200, str_of(text));
	free(text);
	json_decref(index);
}
