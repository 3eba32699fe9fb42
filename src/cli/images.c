/* naru images, naru image ls */
#include "cli/commands.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/format.h"
#include "cli/image_filter.h"
#include "cli/list.h"

static const struct list_column columns[] = {
	{"ID", "IMAGE ID"},
	{"Repository", "REPOSITORY"},
	{"Tag", "TAG"},
	{"Digest", "DIGEST"},
	{"CreatedSince", "CREATED"},
	{"CreatedAt", "CREATED AT"},
	{"Size", "SIZE"},
	{"Containers", "CONTAINERS"},
	{"VirtualSize", "SIZE"},
	{"SharedSize", "SHARED SIZE"},
	{"UniqueSize", "UNIQUE SIZE"},
};

static const struct list_format plain = {
	.type_name = "*formatter.imageContext",
	.columns = columns,
	.columns_count = ARRAY_SIZE(columns),
	.table = "table {{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}",
	.quiet = "{{.ID}}",
};

static const struct list_format with_digests = {
	.type_name = "*formatter.imageContext",
	.columns = columns,
	.columns_count = ARRAY_SIZE(columns),
	.table = "table {{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}",
	.quiet = "{{.ID}}",
};

struct listing {
	bool no_trunc, digests;
	int64_t now_us;
	json_t *rows;
};

static void set_buf(json_t *row, const char *key, struct buf *text)
{
	json_object_set_new(row, key, json_stringn_nocheck(text->data, text->len));
	buf_clear(text);
}

/* The row of one name; NULL parts are <none>. */
static void row_add(struct listing *listing, const struct local_image *image, const char *repository, const char *tag, const char *digest)
{
	cleanup_free char *shown = repository ? local_name_familiar(repository, NULL, NULL) : mem_printf("<none>");
	cleanup_buf struct buf text = {0};
	char id[DIGEST_TEXT_MAX];
	struct str id_text = str_make(id, digest_format(&image->id, id));
	json_t *row = json_object();

	if (!listing->no_trunc)
		id_text = format_short_id(id_text);
	json_object_set_new(row, "Containers", json_string("N/A"));
	format_time(&text, image->parsed.created_at_us);
	set_buf(row, "CreatedAt", &text);
	format_age(&text, image->parsed.created_at_us, listing->now_us);
	set_buf(row, "CreatedSince", &text);
	json_object_set_new(row, "Digest", json_string(digest ? digest : "<none>"));
	json_object_set_new(row, "ID", json_stringn(id_text.data, id_text.len));
	json_object_set_new(row, "Repository", json_string(shown));
	json_object_set_new(row, "SharedSize", json_string("N/A"));
	format_size(&text, image->size_bytes, 3);
	set_buf(row, "Size", &text);
	json_object_set_new(row, "Tag", json_string(tag ? tag : "<none>"));
	json_object_set_new(row, "UniqueSize", json_string("N/A"));
	format_size(&text, image->size_bytes, 4);
	set_buf(row, "VirtualSize", &text);
	json_array_append_new(listing->rows, row);
}

static bool repository_has_tag(const struct local_image *image, const char *repository)
{
	for (size_t i = 0; i < image->names_count; i++) {
		if (image->names[i].tag && strcmp(image->names[i].repository, repository) == 0)
			return true;
	}
	return false;
}

/* A row for each tag (and each of its repository's digests, when they are shown), one for each repository that has only digests. */
static void image_add(struct listing *listing, const struct local_image *image, const bool *shown)
{
	size_t before = json_array_size(listing->rows);

	for (size_t i = 0; i < image->names_count; i++) {
		const struct local_name *name = &image->names[i];
		bool digest_row = false;

		if (!shown[i])
			continue;
		if (!name->tag && !repository_has_tag(image, name->repository))
			row_add(listing, image, name->repository, NULL, listing->digests ? name->digest : NULL);
		if (!name->tag)
			continue;
		for (size_t j = 0; j < image->names_count && listing->digests; j++) {
			if (image->names[j].digest && strcmp(image->names[j].repository, name->repository) == 0) {
				row_add(listing, image, name->repository, name->tag, image->names[j].digest);
				digest_row = true;
			}
		}
		if (!digest_row)
			row_add(listing, image, name->repository, name->tag, NULL);
	}
	if (json_array_size(listing->rows) == before && image->names_count == 0)
		row_add(listing, image, NULL, NULL, NULL);
}

static bool images_gather(struct listing *listing, const struct image_filter *filter, const struct local_image *images, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		bool *shown = mem_alloc(images[i].names_count + 1, sizeof *shown);

		if (image_filter_match(filter, &images[i], shown))
			image_add(listing, &images[i], shown);
		free(shown);
	}
	return true;
}

static int run(struct cli *cli, const struct cli_args *args)
{
	const char *format = cli_flag_text(args, "format");
	struct listing listing = {.no_trunc = cli_flag_bool(args, "no-trunc"),
		.digests = cli_flag_bool(args, "digests") || (format && strstr(format, "{{.Digest}}")),
		.now_us = clock_now_us()};
	cleanup_error struct error err = {0};
	struct image_filter filter = {0};
	struct local_image *images = NULL;
	size_t count = 0, filters_count = 0;
	const char *const *filters = cli_flag_list(args, "filter", &filters_count);
	struct local *local = cli_local(cli, &err);
	int code = CLI_EXIT_OK;

	if (!local || !local_images(local, &images, &count, &err) ||
		!image_filter_make(&filter, cli, filters, filters_count, cli_args_count(args) ? cli_arg(args, 0) : NULL, &err)) {
		code = cli_fail(cli, &err);
	} else {
		listing.rows = json_array();
		images_gather(&listing, &filter, images, count);
		if (!list_print(cli, listing.digests && cli_flag_bool(args, "digests") ? &with_digests : &plain, format, cli_flag_bool(args, "quiet"),
			    listing.rows, &err))
			code = cli_fail_plain(cli, &err);
		json_decref(listing.rows);
	}
	image_filter_free(&filter);
	local_images_free(images, count);
	return code;
}

static const struct cli_flag flags[] = {
	{"all", 'a', CLI_FLAG_BOOL, "Show all images (default hides intermediate images)", NULL, NULL},
	{"digests", 0, CLI_FLAG_BOOL, "Show digests", NULL, NULL},
	{"filter", 'f', CLI_FLAG_LIST, "Filter output based on conditions provided", "filter", NULL},
	{"format", 0, CLI_FLAG_STRING, CLI_FORMAT_LIST_HELP, NULL, NULL},
	{"no-trunc", 0, CLI_FLAG_BOOL, "Don't truncate output", NULL, NULL},
	{"quiet", 'q', CLI_FLAG_BOOL, "Only show image IDs", NULL, NULL},
};

const struct cli_command command_images = {
	.names = {"image ls", "image list", "images"},
	.usage = "[OPTIONS] [REPOSITORY[:TAG]]",
	.summary = "List images",
	.flags = flags,
	.flags_count = ARRAY_SIZE(flags),
	.args_max = 1,
	.run = run,
};
