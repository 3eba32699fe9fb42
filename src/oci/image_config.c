#include "oci/image_config.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "oci/json.h"

static bool read_platform(struct image_config *out, const json_t *json, struct error *err)
{
	struct str os, architecture, variant;

	return json_get_text(json, "os", "image configuration", &os, err) &&
	       json_get_text(json, "architecture", "image configuration", &architecture, err) &&
	       json_get_text(json, "variant", "image configuration", &variant, err) && platform_make(&out->platform, os, architecture, variant, err);
}

/* A date that is missing, null or malformed is none: docker shows N/A for it. */
static void read_created(struct image_config *out, const json_t *json)
{
	struct str created;
	struct error ignored = {0};

	if (json_get_text(json, "created", "image configuration", &created, &ignored) && !clock_parse_rfc3339(created, &out->created_at_us))
		out->created_at_us = 0;
	error_clear(&ignored);
}

static bool copy_text(const json_t *object, const char *field, char **out, struct error *err)
{
	struct str text;

	if (!json_get_text(object, field, "config", &text, err))
		return false;
	*out = str_dup(text);
	return true;
}

static bool read_diff_ids(struct image_config *out, const json_t *json, struct error *err)
{
	json_t *rootfs, *list, *item;
	size_t i;

	if (!json_get(json, "rootfs", JSON_OBJECT, "image configuration", &rootfs, err) ||
		!json_get(rootfs, "diff_ids", JSON_ARRAY, "rootfs", &list, err))
		return false;
	out->diff_ids = mem_alloc(json_array_size(list), sizeof *out->diff_ids);
	json_array_foreach (list, i, item) {
		if (!json_is_string(item))
			return error_set(err, ERROR_INVALID, "rootfs: diff_ids[%zu] is not a text", i);
		if (!digest_parse(&out->diff_ids[i], str_make(json_string_value(item), json_string_length(item)), err))
			return error_prefix(err, "rootfs: diff_ids[%zu]", i);
		out->diff_ids_count = i + 1;
	}
	return true;
}

bool image_config_parse(struct image_config *out, struct str bytes, struct error *err)
{
	struct image_config parsed = {0};
	json_t *config = NULL;

	if (bytes.len > IMAGE_CONFIG_SIZE_MAX)
		return error_set(err, ERROR_TOO_LARGE, "image configuration is over %d bytes", IMAGE_CONFIG_SIZE_MAX);
	parsed.json = json_read_object(bytes, "image configuration", err);
	if (!parsed.json)
		return false;
	read_created(&parsed, parsed.json);
	if (!read_platform(&parsed, parsed.json, err) || !read_diff_ids(&parsed, parsed.json, err) ||
		!json_get(parsed.json, "config", JSON_OBJECT, "image configuration", &config, err) ||
		!json_get_texts(config, "Env", "config", &parsed.env, err) ||
		!json_get_texts(config, "Entrypoint", "config", &parsed.entrypoint, err) ||
		!json_get_texts(config, "Cmd", "config", &parsed.cmd, err) ||
		!json_get_keys(config, "ExposedPorts", "config", &parsed.exposed_ports, err) ||
		!json_get_keys(config, "Volumes", "config", &parsed.volumes, err) || !copy_text(config, "User", &parsed.user, err) ||
		!copy_text(config, "WorkingDir", &parsed.working_dir, err) || !copy_text(config, "StopSignal", &parsed.stop_signal, err)) {
		image_config_free(&parsed);
		return false;
	}
	*out = parsed;
	return true;
}

void image_config_free(struct image_config *config)
{
	texts_free(config->env);
	texts_free(config->entrypoint);
	texts_free(config->cmd);
	texts_free(config->exposed_ports);
	texts_free(config->volumes);
	free(config->user);
	free(config->working_dir);
	free(config->stop_signal);
	free(config->diff_ids);
	json_decref(config->json);
	*config = (struct image_config){0};
}
