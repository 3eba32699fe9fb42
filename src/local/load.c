/*
 * `load`: docker archives, old (a folder a layer) and new (an OCI layout with a manifest.json), and plain OCI layouts. Everything in them is
 * hostile until its digests say otherwise; member names are only keys.
 */
#include "local/local_internal.h"

#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "local/archive_internal.h"
#include "local/image_add_internal.h"
#include "local/layer_in_internal.h"

#define DOCUMENT_MAX (4 * 1024 * 1024)
#define ANNOTATION_NAME "io.containerd.image.name"
#define ANNOTATION_REF "org.opencontainers.image.ref.name"

struct load {
	struct local *local;
	const struct local_load *asked;
	struct staging staging;
	struct archive_members members;
	size_t folders; /* in staging, so far */
};

/* One image of the archive, while it is being read. */
struct loading {
	struct buf config_bytes, manifest_bytes;
	struct image_config config;
	struct digest id, manifest_digest;
	const char *manifest_type;
	struct image_layer *layers;
	int64_t *sizes; /* of the layers' blobs */
	bool zstd;      /* some layer is: docker's manifests have no type for it */
};

static void loading_free(struct loading *loading)
{
	buf_free(&loading->config_bytes);
	buf_free(&loading->manifest_bytes);
	image_config_free(&loading->config);
	free(loading->layers);
	free(loading->sizes);
}

/* ---- layers ---- */

/* What the first bytes say. */
static enum layer_compression compression_of(struct str start)
{
	if (str_starts(start, STR("\x1f\x8b")))
		return LAYER_GZIP;
	return str_starts(start, STR("\x28\xb5\x2f\xfd")) ? LAYER_ZSTD : LAYER_PLAIN;
}

/* The file stays at its start. */
static bool compression_tell(int fd, enum layer_compression *out, struct error *err)
{
	char start[4];
	size_t got;

	if (!file_read_at(fd, start, sizeof start, 0, &got, err))
		return false;
	*out = compression_of(str_make(start, got));
	return true;
}

/* A layer that the store may have already. */
struct held {
	struct local *local;
	const struct digest *diff_id;
	struct digest blob;
	int64_t size_bytes; /* of the blob */
	enum layer_compression compression;
	bool found;
};

static bool held_blob(struct db_tx *tx, struct held *held, struct error *err)
{
	cleanup_blob_content struct blob_content content = {.fd = -1};

	if (!blob_open(held->local->blobs, tx, &held->blob, &content, err))
		return false;
	held->size_bytes = content.size_bytes;
	held->compression = compression_of(buf_str(&content.bytes));
	return content.fd < 0 || compression_tell(content.fd, &held->compression, err);
}

static bool held_in(struct db_tx *tx, void *argument, struct error *err)
{
	struct held *held = argument;
	cleanup_query struct db_query *query = NULL;
	cleanup_error struct error why = {0};
	char id[DIGEST_TEXT_MAX];

	if (!layer_known(held->local, tx, held->diff_id, NULL, &held->found, err))
		return false;
	if (!held->found)
		return true;
	query = db_query(tx, "SELECT blob FROM layers WHERE diff_id = $1", DB_ARGS(DB_TEXT(digest_text(held->diff_id, id))), err);
	if (!query)
		return false;
	held->found = db_next(query, &why);
	if (!held->found)
		return why.kind == ERROR_NONE || error_move(err, &why);
	return digest_parse(&held->blob, db_text(query, 0), err) && held_blob(tx, held, err);
}

static bool stop_asked(void *argument)
{
	const struct local_load *asked = argument;

	return asked->cancel && atomic_load(asked->cancel);
}

/* blob: what the member has to hash to, and then it is kept as it is; NULL: a plain one is kept compressed. */
static bool layer_load(struct load *load, struct loading *loading, size_t index, const char *member, const struct digest *blob, struct error *err)
{
	const struct digest *diff_id = &loading->config.diff_ids[index];
	struct held held = {.local = load->local, .diff_id = diff_id};
	cleanup_fd int fd = archive_member_open(&load->members, member, err), lock = -1;
	enum layer_compression compression;
	struct layer_in in = {.fs_fd = -1};
	struct layer_made made;
	bool done;

	if (fd < 0 || !compression_tell(fd, &compression, err))
		return false;
	loading->layers[index].diff_id = *diff_id;
	lock = layer_lock(load->local, blob ? blob : diff_id, stop_asked, (void *)load->asked, err);
	if (lock < 0 || !db_read(load->local->db, held_in, &held, err))
		return false;
	if (held.found && (!blob || digest_equal(&held.blob, blob))) {
		loading->layers[index].blob = held.blob;
		loading->sizes[index] = held.size_bytes;
		loading->zstd = loading->zstd || held.compression == LAYER_ZSTD;
		return true;
	}
	loading->zstd = loading->zstd || compression == LAYER_ZSTD;
	done = layer_in_begin(
		       &in, load->local, &load->staging, load->folders++, compression == LAYER_PLAIN && !blob ? LAYER_KEEP_GZIP : LAYER_KEEP, err) &&
	       layer_in_read(&in, fd, load->asked->cancel, err) && layer_in_finish(&in, blob, diff_id, &made, err);
	if (done) {
		loading->layers[index].blob = made.blob;
		loading->sizes[index] = blob_writer_size(made.writer);
		done = layer_commit(load->local, &made, err);
	}
	layer_in_free(&in);
	return done || error_prefix(err, "%s", member);
}

/* ---- configuration and names ---- */

static bool config_read(struct load *load, struct loading *loading, const char *member, size_t layers, struct error *err)
{
	if (!archive_member_bytes(&load->members, member, IMAGE_CONFIG_SIZE_MAX, &loading->config_bytes, err) ||
		!image_config_parse(&loading->config, buf_str(&loading->config_bytes), err))
		return false;
	if (loading->config.diff_ids_count != layers)
		return error_set(err, ERROR_INVALID, "invalid manifest, layers length mismatch: expected %zu, got %zu", layers,
			loading->config.diff_ids_count);
	digest_of_bytes(&loading->id, DIGEST_SHA256, buf_str(&loading->config_bytes));
	loading->layers = mem_alloc(layers + 1, sizeof *loading->layers);
	loading->sizes = mem_alloc(layers + 1, sizeof *loading->sizes);
	return true;
}

static bool image_name(struct load *load, struct loading *loading, const struct reference *name, struct error *err)
{
	struct image_made made = {.id = loading->id,
		.config = buf_str(&loading->config_bytes),
		.manifest_digest = loading->manifest_digest,
		.manifest = buf_str(&loading->manifest_bytes),
		.manifest_type = loading->manifest_type,
		.created_at_us = loading->config.created_at_us,
		.layers = loading->layers,
		.layers_count = loading->config.diff_ids_count,
		.name = name};
	cleanup_free char *familiar = name ? reference_familiar(name) : NULL;
	bool had_name;

	if (!image_commit(load->local, &made, &had_name, err))
		return false;
	if (load->asked->loaded)
		load->asked->loaded(load->asked->argument, familiar, &loading->id);
	return true;
}

/* ---- docker's manifest.json ---- */

/* The manifest that a push will send; docker's own, as docker writes it, three blanks deep. */
static bool manifest_make(struct loading *loading, struct error *err)
{
	const char *config_type = loading->zstd ? MEDIA_TYPE_OCI_CONFIG : MEDIA_TYPE_DOCKER_CONFIG;
	const char *layer_type = loading->zstd ? MEDIA_TYPE_OCI_LAYER_ZSTD : MEDIA_TYPE_DOCKER_LAYER_GZIP;
	json_t *layers = json_array(), *document;
	char text[DIGEST_TEXT_MAX], *bytes;

	loading->manifest_type = loading->zstd ? MEDIA_TYPE_OCI_MANIFEST : MEDIA_TYPE_DOCKER_MANIFEST;
	for (size_t i = 0; i < loading->config.diff_ids_count; i++) {
		digest_format(&loading->layers[i].blob, text);
		json_array_append_new(
			layers, json_pack("{s:s, s:I, s:s}", "mediaType", layer_type, "size", (json_int_t)loading->sizes[i], "digest", text));
	}
	digest_format(&loading->id, text);
	document = json_pack("{s:i, s:s, s:{s:s, s:I, s:s}, s:o}", "schemaVersion", 2, "mediaType", loading->manifest_type, "config", "mediaType",
		config_type, "size", (json_int_t)loading->config_bytes.len, "digest", text, "layers", layers);
	bytes = document ? json_dumps(document, JSON_INDENT(3)) : NULL;
	json_decref(document);
	if (!bytes)
		return error_set(err, ERROR_INTERNAL, "a manifest cannot be written");
	buf_add_text(&loading->manifest_bytes, bytes);
	free(bytes);
	digest_of_bytes(&loading->manifest_digest, DIGEST_SHA256, buf_str(&loading->manifest_bytes));
	return true;
}

static bool docker_names(struct load *load, struct loading *loading, const json_t *tags, struct error *err)
{
	size_t index;
	json_t *tag;

	if (json_array_size(tags) == 0)
		return image_name(load, loading, NULL, err);
	json_array_foreach (tags, index, tag) {
		cleanup_reference struct reference name = {0};
		const char *text = json_string_value(tag);

		if (!text || !reference_parse(&name, str_of(text), REFERENCE_HUB, NULL) || !name.tag || name.has_digest)
			return error_set(err, ERROR_INVALID, "invalid tag \"%s\"", text ? text : "");
		if (!image_name(load, loading, &name, err))
			return false;
	}
	return true;
}

/* {"Config":"<hex>.json","RepoTags":["x:1"],"Layers":["<id>/layer.tar"]} */
static bool docker_image(struct load *load, const json_t *entry, struct error *err)
{
	const char *config = json_string_value(json_object_get(entry, "Config"));
	const json_t *layers = json_object_get(entry, "Layers");
	struct loading loading = {0};
	bool done = true;
	size_t index;
	json_t *layer;

	if (!config || (layers && !json_is_array(layers)))
		return error_set(err, ERROR_INVALID, "manifest.json: an image without Config or Layers");
	done = config_read(load, &loading, config, json_array_size(layers), err);
	for (index = 0; done && index < json_array_size(layers); index++) {
		layer = json_array_get(layers, index);
		done = json_is_string(layer) ? layer_load(load, &loading, index, json_string_value(layer), NULL, err)
					     : error_set(err, ERROR_INVALID, "manifest.json: a layer that is no text");
	}
	done = done && manifest_make(&loading, err) && docker_names(load, &loading, json_object_get(entry, "RepoTags"), err);
	loading_free(&loading);
	return done;
}

static bool docker_archive(struct load *load, struct error *err)
{
	cleanup_buf struct buf bytes = {0};
	json_t *document;
	json_t *entry;
	size_t index;
	bool done = true;

	if (!archive_member_bytes(&load->members, "manifest.json", DOCUMENT_MAX, &bytes, err))
		return false;
	document = json_loadb(bytes.data, bytes.len, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_array(document))
		done = error_set(err, ERROR_INVALID, "manifest.json is no JSON array");
	for (index = 0; done && index < json_array_size(document); index++) {
		entry = json_array_get(document, index);
		done = docker_image(load, entry, err);
	}
	json_decref(document);
	return done;
}

/* ---- OCI layout ---- */

static char *blob_member(const struct digest *digest)
{
	char text[DIGEST_TEXT_MAX];
	struct str algorithm, hex;

	str_cut(digest_text(digest, text), ':', &algorithm, &hex);
	return mem_printf("blobs/%.*s/%.*s", STR_ARG(algorithm), STR_ARG(hex));
}

/* Content of the layout that is a document, checked. */
static bool blob_bytes(struct load *load, const struct digest *digest, struct buf *out, struct error *err)
{
	cleanup_free char *member = blob_member(digest);
	struct digest found;

	buf_clear(out);
	if (!archive_member_bytes(&load->members, member, DOCUMENT_MAX, out, err))
		return false;
	digest_of_bytes(&found, digest->algorithm, buf_str(out));
	return digest_equal(&found, digest) || error_set(err, ERROR_CORRUPT, "%s has another digest", member);
}

static bool layout_name(struct load *load, struct loading *loading, const struct descriptor *entry, struct error *err)
{
	static const char *const keys[] = {ANNOTATION_NAME, ANNOTATION_REF};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const char *text = json_string_value(json_object_get(entry->annotations, keys[i]));
		cleanup_reference struct reference name = {0};

		/* A bare tag ("1.0"), as skopeo writes it, names nothing. */
		if (text && strpbrk(text, ":/") && reference_parse(&name, str_of(text), load->asked->default_domain, NULL) && !name.has_digest) {
			reference_add_latest(&name);
			return image_name(load, loading, &name, err);
		}
	}
	return image_name(load, loading, NULL, err);
}

static bool layout_manifest(struct load *load, struct loading *loading, const struct manifest *manifest, struct error *err)
{
	cleanup_free char *config = blob_member(&manifest->config.digest);

	if (!config_read(load, loading, config, manifest->layers_count, err))
		return false;
	if (!digest_equal(&loading->id, &manifest->config.digest))
		return error_set(err, ERROR_CORRUPT, "%s has another digest", config);
	for (size_t i = 0; i < manifest->layers_count; i++) {
		cleanup_free char *member = blob_member(&manifest->layers[i].digest);

		if (!layer_load(load, loading, i, member, &manifest->layers[i].digest, err))
			return false;
	}
	return true;
}

/* An entry of index.json: an image, or an index with one for this machine. */
static bool layout_image(struct load *load, const struct descriptor *entry, struct error *err)
{
	struct platform host = platform_host();
	struct digest digest = entry->digest;
	cleanup_manifest struct manifest manifest = {0};
	struct loading loading = {0};
	bool done = blob_bytes(load, &digest, &loading.manifest_bytes, err) &&
		    manifest_parse(&manifest, buf_str(&loading.manifest_bytes), str_of(entry->media_type), err);

	if (done && manifest.is_index) {
		const struct descriptor *chosen = manifest_choose(&manifest, &host);

		if (chosen) {
			digest = chosen->digest;
			manifest_free(&manifest);
			done = blob_bytes(load, &digest, &loading.manifest_bytes, err) &&
			       manifest_parse(&manifest, buf_str(&loading.manifest_bytes), STR(""), err);
		} else {
			done = error_set(err, ERROR_NOT_FOUND, "the archive has no image for this machine");
		}
	}
	if (done && manifest.is_index)
		done = error_set(err, ERROR_UNSUPPORTED, "an index inside an index");
	loading.manifest_digest = digest;
	loading.manifest_type = manifest.media_type;
	done = done && layout_manifest(load, &loading, &manifest, err) && layout_name(load, &loading, entry, err);
	loading_free(&loading);
	return done;
}

static bool layout(struct load *load, struct error *err)
{
	cleanup_buf struct buf bytes = {0};
	cleanup_manifest struct manifest index = {0};

	if (!archive_member_bytes(&load->members, "index.json", DOCUMENT_MAX, &bytes, err) ||
		!manifest_parse(&index, buf_str(&bytes), STR(MEDIA_TYPE_OCI_INDEX), err))
		return false;
	for (size_t i = 0; i < index.manifests_count; i++) {
		if (!layout_image(load, &index.manifests[i], err))
			return false;
	}
	return true;
}

bool local_load(struct local *local, const struct local_load *asked, struct error *err)
{
	struct load load = {.local = local, .asked = asked, .staging = {.fd = -1}};
	bool done = staging_begin(&load.staging, local, err) && archive_members_read(&load.members, asked->fd, &load.staging, asked->cancel, err);

	if (done && archive_member_there(&load.members, "manifest.json"))
		done = docker_archive(&load, err);
	else if (done && archive_member_there(&load.members, "index.json"))
		done = layout(&load, err);
	else if (done)
		done = error_set(err, ERROR_INVALID, "the archive is no image: it has neither manifest.json nor index.json");
	local_space_words(local, err);
	archive_members_free(&load.members);
	staging_end(&load.staging);
	return done;
}
