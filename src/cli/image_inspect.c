/* naru image inspect, and what `inspect` says of an image: docker 28's document, in its order. */
#include "cli/image_inspect.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/commands.h"
#include "cli/list.h"

static json_t *names_array(const struct local_image *image, bool digests)
{
	json_t *array = json_array();

	for (size_t i = 0; i < image->names_count; i++) {
		const struct local_name *name = &image->names[i];
		cleanup_free char *familiar = local_name_familiar(name->repository, name->tag, name->digest);

		if ((name->digest != NULL) == digests)
			json_array_append_new(array, json_string(familiar));
	}
	return array;
}

/* A member of the configuration as text; "" when it has none. */
static json_t *text_member(const json_t *document, const char *key)
{
	const json_t *value = json_object_get(document, key);

	return json_is_string(value) ? json_copy((json_t *)value) : json_string("");
}

/* docker shows the last step's comment where the image has none of its own. */
static json_t *comment(const json_t *document)
{
	const json_t *own = json_object_get(document, "comment"), *history = json_object_get(document, "history");
	size_t steps = json_array_size(history);

	if (json_string_length(own) == 0 && steps > 0)
		return text_member(json_array_get(history, steps - 1), "comment");
	return text_member(document, "comment");
}

/* Where the layers lie, in the words of docker's overlay2: the top one, and those below from the highest down. */
static json_t *graph_driver(const struct local_image *image)
{
	cleanup_buf struct buf lower = {0};
	json_t *data = json_object();

	for (size_t i = image->layers_count; i > 1; i--)
		buf_printf(&lower, "%s%s", lower.len ? ":" : "", image->layers[i - 2].path);
	if (lower.len)
		json_object_set_new(data, "LowerDir", json_string(lower.data));
	if (image->layers_count)
		json_object_set_new(data, "UpperDir", json_string(image->layers[image->layers_count - 1].path));
	return json_pack("{s:o, s:s}", "Data", data, "Name", "overlay2");
}

static json_t *root_fs(const struct local_image *image)
{
	json_t *layers = json_array();

	for (size_t i = 0; i < image->layers_count; i++) {
		char text[DIGEST_TEXT_MAX];

		digest_format(&image->layers[i].diff_id, text);
		json_array_append_new(layers, json_string(text));
	}
	return json_pack("{s:s, s:o}", "Type", "layers", "Layers", layers);
}

static json_t *metadata(const struct local_image *image)
{
	char text[CLOCK_RFC3339_SIZE] = "0001-01-01T00:00:00Z";
	int64_t last_us = 0;

	for (size_t i = 0; i < image->names_count; i++) {
		if (image->names[i].tag && image->names[i].tagged_at_us > last_us)
			last_us = image->names[i].tagged_at_us;
	}
	if (last_us)
		clock_format_rfc3339(last_us, text);
	return json_pack("{s:s}", "LastTagTime", text);
}

/* Only what is not empty, in docker 28's order. */
static json_t *config(const json_t *document)
{
	static const char *const keys[] = {"Cmd", "Entrypoint", "Env", "ExposedPorts", "Healthcheck", "Labels", "OnBuild", "Shell", "StopSignal",
		"User", "Volumes", "WorkingDir"};
	json_t *from = json_object_get(document, "config"), *to = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		json_t *value = json_object_get(from, keys[i]);

		if (json_array_size(value) || json_object_size(value) || json_string_length(value))
			json_object_set(to, keys[i], value);
	}
	return to;
}

static json_t *image_document(const struct local_image *image)
{
	const json_t *from = image->parsed.json;
	json_t *to = json_object();
	char id[DIGEST_TEXT_MAX];

	digest_format(&image->id, id);
	json_object_set_new(to, "Id", json_string(id));
	json_object_set_new(to, "RepoTags", names_array(image, false));
	json_object_set_new(to, "RepoDigests", names_array(image, true));
	json_object_set_new(to, "Parent", json_string(""));
	json_object_set_new(to, "Comment", comment(from));
	json_object_set_new(to, "Created", text_member(from, "created"));
	json_object_set_new(to, "DockerVersion", text_member(from, "docker_version"));
	json_object_set_new(to, "Author", text_member(from, "author"));
	json_object_set_new(to, "Architecture", text_member(from, "architecture"));
	if (json_string_length(json_object_get(from, "variant")))
		json_object_set_new(to, "Variant", text_member(from, "variant"));
	json_object_set_new(to, "Os", text_member(from, "os"));
	json_object_set_new(to, "Size", json_integer(image->size_bytes));
	json_object_set_new(to, "GraphDriver", graph_driver(image));
	json_object_set_new(to, "RootFS", root_fs(image));
	json_object_set_new(to, "Metadata", metadata(image));
	json_object_set_new(to, "Config", config(from));
	return to;
}

bool image_inspect_find(struct cli *cli, const struct cli_args *args, const char *name, json_t **out, struct error *err)
{
	cleanup_local_image struct local_image image = {0};
	struct local *local = cli_local(cli, err);

	(void)args;
	if (!local || !local_image_find(local, name, cli_default_domain(cli), &image, err))
		return false;
	*out = image_document(&image);
	return true;
}

static int run(struct cli *cli, const struct cli_args *args)
{
	return list_inspect_each(cli, args, image_inspect_find);
}

static const struct cli_flag flags[] = {
	{"format", 'f', CLI_FLAG_STRING, CLI_FORMAT_INSPECT_HELP, NULL, NULL},
};

const struct cli_command command_image_inspect = {
	.names = {"image inspect"},
	.usage = "[OPTIONS] IMAGE [IMAGE...]",
	.summary = "Display detailed information on one or more images",
	.flags = flags,
	.flags_count = ARRAY_SIZE(flags),
	.args_min = 1,
	.args_max = CLI_ARGS_ANY,
	.run = run,
};
