#include "cli/image_filter.h"

#include <fnmatch.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/format.h"

static void text_add(const char *const **list, size_t *count, size_t *capacity, const char *text)
{
	const char **grown = mem_grow((void *)*list, *count, capacity, sizeof *grown);

	grown[(*count)++] = text;
	*list = grown;
}

/* Creation of the image that before= or since= names. */
static bool image_time(struct cli *cli, const char *name, int64_t *at_us, struct error *err)
{
	cleanup_local_image struct local_image image = {0};
	struct local *local = cli_local(cli, err);

	if (!local || !local_image_find(local, name, cli_default_domain(cli), &image, err))
		return false;
	*at_us = image.parsed.created_at_us;
	return true;
}

static bool dangling_set(struct image_filter *filter, const char *value, struct error *err)
{
	if (strcmp(value, "true") == 0 || strcmp(value, "1") == 0)
		filter->dangling = 1;
	else if (strcmp(value, "false") == 0 || strcmp(value, "0") == 0)
		filter->dangling = 2;
	else
		return error_set(err, ERROR_INVALID, "invalid filter 'dangling=[%s]'", value);
	return true;
}

static bool filter_add(struct image_filter *filter, struct cli *cli, const char *text, struct error *err)
{
	const char *equals = strchr(text, '='), *value = equals ? equals + 1 : NULL;
	struct str key = equals ? str_make(text, (size_t)(equals - text)) : str_of(text);

	if (!value)
		return error_set(err, ERROR_INVALID, "invalid argument \"%s\" for \"-f, --filter\" flag: invalid filter '%s'", text, text);
	if (str_equal(key, STR("reference"))) {
		text_add(&filter->references, &filter->references_count, &filter->references_capacity, value);
		return true;
	}
	if (str_equal(key, STR("label"))) {
		text_add(&filter->labels, &filter->labels_count, &filter->labels_capacity, value);
		return true;
	}
	if (str_equal(key, STR("dangling")))
		return dangling_set(filter, value, err);
	if (str_equal(key, STR("before"))) {
		filter->has_before = true;
		return image_time(cli, value, &filter->before_us, err);
	}
	if (str_equal(key, STR("since"))) {
		filter->has_since = true;
		return image_time(cli, value, &filter->since_us, err);
	}
	if (str_equal(key, STR("until"))) {
		filter->has_until = true;
		return format_point_parse(str_of(value), clock_now_us(), &filter->until_us, err);
	}
	return error_set(err, ERROR_INVALID, "invalid filter '%.*s'", STR_ARG(key));
}

bool image_filter_make(struct image_filter *out, struct cli *cli, const char *const *filters, size_t count, const char *reference, struct error *err)
{
	*out = (struct image_filter){0};
	if (reference)
		text_add(&out->references, &out->references_count, &out->references_capacity, reference);
	for (size_t i = 0; i < count; i++) {
		if (!filter_add(out, cli, filters[i], err))
			return false;
	}
	return true;
}

void image_filter_free(struct image_filter *filter)
{
	free((void *)filter->references);
	free((void *)filter->labels);
	*filter = (struct image_filter){0};
}

/* Go's path.Match on "name" and "name:tag": "*" stops at "/". */
static bool name_matches(const struct image_filter *filter, const struct local_name *name)
{
	cleanup_free char *bare = local_name_familiar(name->repository, NULL, NULL);
	cleanup_free char *whole = local_name_familiar(name->repository, name->tag, name->digest);

	for (size_t i = 0; i < filter->references_count; i++) {
		if (fnmatch(filter->references[i], bare, FNM_PATHNAME) == 0 || fnmatch(filter->references[i], whole, FNM_PATHNAME) == 0)
			return true;
	}
	return filter->references_count == 0;
}

static bool labels_match(const struct image_filter *filter, const struct local_image *image)
{
	const json_t *labels = json_object_get(json_object_get(image->parsed.json, "config"), "Labels");

	for (size_t i = 0; i < filter->labels_count; i++) {
		struct str key = str_of(filter->labels[i]), value = {0};
		bool has_value = str_cut(key, '=', &key, &value);
		cleanup_free char *name = str_dup(key);
		const char *held = json_string_value(json_object_get(labels, name));

		if (held && (!has_value || str_equal(value, str_of(held))))
			return true;
	}
	return filter->labels_count == 0;
}

bool image_filter_match(const struct image_filter *filter, const struct local_image *image, bool *shown)
{
	bool any = image->names_count == 0 && filter->references_count == 0, tagged = false;
	int64_t created_us = image->parsed.created_at_us;

	for (size_t i = 0; i < image->names_count; i++) {
		shown[i] = name_matches(filter, &image->names[i]);
		any = any || shown[i];
		tagged = tagged || image->names[i].tag;
	}
	return any && labels_match(filter, image) && (filter->dangling == 0 || (filter->dangling == 1) == !tagged) &&
	       (!filter->has_before || created_us < filter->before_us) && (!filter->has_since || created_us > filter->since_us) &&
	       (!filter->has_until || created_us < filter->until_us);
}
