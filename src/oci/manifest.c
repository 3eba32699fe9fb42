#include "oci/manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "oci/json.h"

/* Decides the document's type from its field and the header; both must agree where both are there. */
static bool read_type(struct manifest *out, const json_t *json, struct str header, struct error *err)
{
	struct str field;
	bool has_manifests = json_object_get(json, "manifests") != NULL;
	bool has_image = json_object_get(json, "config") || json_object_get(json, "layers");

	if (!json_get_text(json, "mediaType", "manifest", &field, err))
		return false;
	if (media_kind_of(header) == MEDIA_SCHEMA1 || media_kind_of(field) == MEDIA_SCHEMA1)
		return error_set(err, ERROR_UNSUPPORTED, "schema 1 manifests are not supported; push the image again with a current client");
	if (field.len && header.len && !str_equal(field, header))
		return error_set(err, ERROR_INVALID, "manifest's mediaType '%.*s' is not its Content-Type '%.*s'", STR_ARG(str_head(field, 120)),
			STR_ARG(str_head(header, 120)));
	if (has_manifests && has_image)
		return error_set(err, ERROR_INVALID, "manifest has both manifests and config or layers");
	if (!field.len && media_type_is_docker(header))
		return error_set(err, ERROR_INVALID, "manifest has no mediaType, which '%.*s' must have", STR_ARG(str_head(header, 120)));

	struct str type = field.len ? field : header;
	if (!type.len)
		type = has_manifests ? STR(MEDIA_TYPE_OCI_INDEX) : STR(MEDIA_TYPE_OCI_MANIFEST);
	enum media_kind kind = media_kind_of(type);
	if (kind != MEDIA_MANIFEST && kind != MEDIA_INDEX)
		return error_set(err, ERROR_INVALID, "manifest's media type '%.*s' is not known", STR_ARG(str_head(type, 120)));
	out->is_index = kind == MEDIA_INDEX;
	if (out->is_index && has_image)
		return error_set(err, ERROR_INVALID, "an index has no config and no layers");
	if (!out->is_index && has_manifests)
		return error_set(err, ERROR_INVALID, "an image manifest has no manifests");
	out->media_type = str_dup(type);
	return true;
}

static bool read_list(struct descriptor **list, size_t *count, const json_t *json, const char *field, struct error *err)
{
	json_t *array, *item;
	size_t i;

	if (!json_get(json, field, JSON_ARRAY, "manifest", &array, err))
		return false;
	if (!array && strcmp(field, "manifests") == 0)
		return error_set(err, ERROR_INVALID, "index: manifests is missing");
	*list = mem_alloc(json_array_size(array), sizeof **list);
	json_array_foreach (array, i, item) {
		char what[64];

		snprintf(what, sizeof what, "%s[%zu]", field, i);
		if (!descriptor_parse(&(*list)[i], item, what, err))
			return false;
		*count = i + 1;
	}
	return true;
}

static bool read_image(struct manifest *out, const json_t *json, struct error *err)
{
	json_t *config;

	if (!json_get(json, "config", JSON_OBJECT, "manifest", &config, err))
		return false;
	if (!config)
		return error_set(err, ERROR_INVALID, "manifest: config is missing");
	if (!descriptor_parse(&out->config, config, "config", err))
		return false;
	return read_list(&out->layers, &out->layers_count, json, "layers", err);
}

static bool read_rest(struct manifest *out, const json_t *json, struct error *err)
{
	struct str artifact_type;
	json_t *subject, *annotations, *value;
	const char *key;

	if (!json_get(json, "subject", JSON_OBJECT, "manifest", &subject, err) ||
		!json_get(json, "annotations", JSON_OBJECT, "manifest", &annotations, err) ||
		!json_get_text(json, "artifactType", "manifest", &artifact_type, err))
		return false;
	if (subject) {
		if (!descriptor_parse(&out->subject, subject, "subject", err))
			return false;
		out->has_subject = true;
	}
	json_object_foreach (annotations, key, value) {
		if (!json_is_string(value))
			return error_set(err, ERROR_INVALID, "manifest: annotation '%.100s' is not a text", key);
	}
	out->annotations = json_incref(annotations);
	if (artifact_type.len)
		out->artifact_type = str_dup(artifact_type);
	else if (!out->is_index && out->config.media_type[0])
		out->artifact_type = str_dup(str_of(out->config.media_type));
	return true;
}

bool manifest_parse(struct manifest *out, struct str bytes, struct str content_type, struct error *err)
{
	struct manifest manifest = {0};
	json_t *version;

	if (bytes.len > MANIFEST_SIZE_MAX)
		return error_set(err, ERROR_TOO_LARGE, "manifest is over %d bytes", MANIFEST_SIZE_MAX);
	json_t *json = json_read_object(bytes, "manifest", err);
	if (!json)
		return false;
	bool parsed = read_type(&manifest, json, content_type, err) && json_get(json, "schemaVersion", JSON_INTEGER, "manifest", &version, err);
	if (parsed && (!version || json_integer_value(version) != 2))
		parsed = error_set(err, ERROR_INVALID, "manifest: schemaVersion is not 2");
	if (parsed && manifest.is_index)
		parsed = read_list(&manifest.manifests, &manifest.manifests_count, json, "manifests", err);
	else if (parsed)
		parsed = read_image(&manifest, json, err);
	parsed = parsed && read_rest(&manifest, json, err);
	json_decref(json);
	if (!parsed) {
		manifest_free(&manifest);
		return false;
	}
	*out = manifest;
	return true;
}

static void free_list(struct descriptor *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		descriptor_free(&list[i]);
	free(list);
}

void manifest_free(struct manifest *manifest)
{
	free(manifest->media_type);
	free(manifest->artifact_type);
	descriptor_free(&manifest->config);
	descriptor_free(&manifest->subject);
	free_list(manifest->layers, manifest->layers_count);
	free_list(manifest->manifests, manifest->manifests_count);
	json_decref(manifest->annotations);
	*manifest = (struct manifest){0};
}

static bool is_attestation(const struct descriptor *entry)
{
	json_t *type = json_object_get(entry->annotations, "vnd.docker.reference.type");

	return (json_is_string(type) && strcmp(json_string_value(type), "attestation-manifest") == 0) ||
	       (entry->has_platform && strcmp(entry->platform.os, "unknown") == 0);
}

const struct descriptor *manifest_choose(const struct manifest *index, const struct platform *wanted)
{
	const struct descriptor *best = NULL;
	int best_rank = 0;

	for (size_t i = 0; i < index->manifests_count; i++) {
		const struct descriptor *entry = &index->manifests[i];
		int rank = entry->has_platform ? platform_rank(wanted, &entry->platform) : 1000;

		if (rank < 0 || is_attestation(entry))
			continue;
		if (!best || rank < best_rank) {
			best = entry;
			best_rank = rank;
		}
	}
	return best;
}
