#include "oci/descriptor.h"

#include <stdlib.h>

#include "base/mem.h"
#include "oci/json.h"

static bool read_platform(struct descriptor *out, const json_t *json, const char *what, struct error *err)
{
	struct str os, architecture, variant;
	json_t *platform;

	if (!json_get(json, "platform", JSON_OBJECT, what, &platform, err))
		return false;
	if (!platform)
		return true;
	out->has_platform = true;
	return json_get_text(platform, "os", what, &os, err) && json_get_text(platform, "architecture", what, &architecture, err) &&
	       json_get_text(platform, "variant", what, &variant, err) &&
	       (platform_make(&out->platform, os, architecture, variant, err) || error_prefix(err, "%s", what));
}

static bool read_size(struct descriptor *out, const json_t *json, const char *what, struct error *err)
{
	json_t *size;

	if (!json_get(json, "size", JSON_INTEGER, what, &size, err))
		return false;
	if (!size)
		return error_set(err, ERROR_INVALID, "%s: size is missing", what);
	out->size_bytes = json_integer_value(size);
	return out->size_bytes >= 0 || error_set(err, ERROR_INVALID, "%s: size is below 0", what);
}

/* Annotations are a map of texts (OCI image-spec 1.1, annotations.md). */
static bool read_annotations(struct descriptor *out, const json_t *json, const char *what, struct error *err)
{
	json_t *annotations, *value;
	const char *key;

	if (!json_get(json, "annotations", JSON_OBJECT, what, &annotations, err))
		return false;
	json_object_foreach (annotations, key, value) {
		if (!json_is_string(value))
			return error_set(err, ERROR_INVALID, "%s: annotation '%.100s' is not a text", what, key);
	}
	out->annotations = json_incref(annotations);
	return true;
}

bool descriptor_parse(struct descriptor *out, const json_t *json, const char *what, struct error *err)
{
	struct descriptor descriptor = {0};
	struct str media_type, digest, artifact_type;
	json_t *urls;

	if (!json_is_object(json))
		return error_set(err, ERROR_INVALID, "%s is not an object", what);
	if (!json_get_text(json, "mediaType", what, &media_type, err) || !json_get_text(json, "digest", what, &digest, err) ||
		!json_get_text(json, "artifactType", what, &artifact_type, err) || !json_get(json, "urls", JSON_ARRAY, what, &urls, err))
		return false;
	if (!digest_parse(&descriptor.digest, digest, err))
		return error_prefix(err, "%s", what);
	if (!read_size(&descriptor, json, what, err) || !read_platform(&descriptor, json, what, err) ||
		!read_annotations(&descriptor, json, what, err)) {
		descriptor_free(&descriptor);
		return false;
	}
	descriptor.media_type = str_dup(media_type);
	descriptor.artifact_type = artifact_type.len ? str_dup(artifact_type) : NULL;
	descriptor.has_urls = json_array_size(urls) > 0;
	*out = descriptor;
	return true;
}

void descriptor_free(struct descriptor *descriptor)
{
	free(descriptor->media_type);
	free(descriptor->artifact_type);
	json_decref(descriptor->annotations);
	*descriptor = (struct descriptor){0};
}
