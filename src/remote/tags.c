/* The list of a repository's tags: {"name": "team/x", "tags": ["1", "2"]}, and a Link header where there is more of it. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "net/url.h"
#include "oci/json.h"
#include "oci/reference.h"
#include "remote/remote_internal.h"

/* No person's repository has more; a registry that goes on for ever is stopped. */
#define TAGS_MAX 100000
#define PAGES_MAX 10000
#define PAGE_MAX_BYTES ((size_t)16 * 1024 * 1024)

void remote_tags_free(struct remote_tags *tags)
{
	texts_free(tags->items);
	*tags = (struct remote_tags){0};
}

static bool add_page(struct remote_tags *tags, struct str body, struct error *err)
{
	json_t *json = json_read_object(body, "tag list", err);
	char **page = NULL;
	bool done = json && json_get_texts(json, "tags", "tag list", &page, err);
	size_t count = 0;

	json_decref(json);
	for (; done && page[count]; count++)
		if (!reference_tag_valid(str_of(page[count])))
			done = error_set(err, ERROR_INVALID, "tag list: '%.200s' is no tag", page[count]);
	if (done && count > TAGS_MAX - tags->count)
		done = error_set(err, ERROR_TOO_LARGE, "the repository has more than %d tags", TAGS_MAX);
	if (done) {
		tags->items = mem_resize(tags->items, tags->count + count + 1, sizeof *tags->items);
		memcpy(tags->items + tags->count, page, (count + 1) * sizeof *page);
		tags->count += count;
		free(page);
	} else {
		texts_free(page);
	}
	return done;
}

/* Where the next page is, owned; NULL at the end, or with *err set. `Link: </v2/team/x/tags/list?n=2&last=2>; rel="next"` (RFC 8288) */
static char *next_page(const struct http_response *response, const char *url, struct error *err)
{
	struct str link, target, rest;

	if (!http_response_header(response, "link", 0, &link) || !str_starts(link, STR("<")) || !str_cut(str_from(link, 1), '>', &target, &rest) ||
		!memmem(rest.data, rest.len, "next", strlen("next")))
		return NULL;
	char *next = url_resolve(str_of(url), target, err);
	/* Our token is for this registry alone. */
	if (next && !url_same_origin(str_of(url), str_of(next))) {
		error_set(err, ERROR_INVALID, "tag list: the next page is on another host: '%.256s'", next);
		free(next);
		return NULL;
	}
	return next;
}

bool remote_tags_get(struct remote *remote, const char *path, struct remote_tags *out, struct error *err)
{
	cleanup_remote_tags struct remote_tags tags = {0};
	struct error problem = {0};

	if (!remote_connect(remote, err))
		return false;
	char *url = remote_url(remote, path, "tags/list");
	cleanup_free char *scope = remote_scope(path, "pull");
	for (int pages = 0; url && problem.kind == ERROR_NONE; pages++) {
		cleanup_http_response struct http_response response = {0};
		struct http_request request = {.method = "GET", .url = url, .body_max = PAGE_MAX_BYTES};
		char *next = NULL;

		if (pages == PAGES_MAX)
			error_set(&problem, ERROR_TOO_LARGE, "the list of tags has more than %d pages", PAGES_MAX);
		else if (!remote_exchange_again(remote, &request, scope, &response, &problem))
			;
		else if (response.status != 200)
			remote_pull_refused(remote, path, NULL, &response, &problem);
		else if (add_page(&tags, buf_str(&response.body), &problem))
			next = next_page(&response, url, &problem);
		free(url);
		url = next;
	}
	free(url);
	if (problem.kind != ERROR_NONE)
		return error_move(err, &problem);
	*out = tags;
	tags = (struct remote_tags){0};
	return true;
}
