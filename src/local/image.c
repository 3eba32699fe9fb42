/* Images as rows say they are: found, listed, named. */
#include "local/local_internal.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/mem.h"

bool content_read(struct local *local, struct db_tx *tx, const struct digest *digest, size_t limit, struct buf *out, struct error *err)
{
	cleanup_blob_content struct blob_content content = {.fd = -1};
	size_t got;

	if (!blob_open(local->blobs, tx, digest, &content, err))
		return false;
	if (content.size_bytes > (int64_t)limit)
		return error_set(err, ERROR_TOO_LARGE, "content of %lld bytes, where at most %zu are read", (long long)content.size_bytes, limit);
	if (content.fd < 0) {
		buf_add_str(out, buf_str(&content.bytes));
		return true;
	}
	if (!file_read_at(content.fd, buf_room(out, (size_t)content.size_bytes), (size_t)content.size_bytes, 0, &got, err))
		return false;
	buf_added(out, got);
	if (got != (size_t)content.size_bytes)
		return error_set(err, ERROR_CORRUPT, "content ends after %zu of %lld bytes", got, (long long)content.size_bytes);
	return true;
}

/* ---- reading one ---- */

static bool layers_read(struct local *local, struct db_tx *tx, struct str id, struct local_image *out, struct error *err)
{
	cleanup_query struct db_query *query = db_query(tx,
		"SELECT l.diff_id, i.blob, l.size FROM image_layers i JOIN layers l ON l.diff_id = i.diff_id WHERE i.image = $1 ORDER BY i.position",
		DB_ARGS(DB_TEXT(id)), err);
	cleanup_error struct error why = {0};
	size_t capacity = 0;

	if (!query)
		return false;
	while (db_next(query, &why)) {
		struct local_layer layer = {.size_bytes = db_int(query, 2)};

		if (!digest_parse(&layer.diff_id, db_text(query, 0), err) || !digest_parse(&layer.blob, db_text(query, 1), err))
			return false;
		layer.path = layer_path(local, &layer.diff_id);
		out->layers = mem_grow(out->layers, out->layers_count, &capacity, sizeof *out->layers);
		out->layers[out->layers_count++] = layer;
		out->size_bytes += layer.size_bytes;
	}
	return why.kind == ERROR_NONE || error_move(err, &why);
}

static bool names_read(struct db_tx *tx, struct str id, struct local_image *out, struct error *err)
{
	cleanup_query struct db_query *query = db_query(tx,
		"SELECT repository, tag, digest, tagged_at FROM names WHERE image = $1 ORDER BY digest, repository, tag", DB_ARGS(DB_TEXT(id)), err);
	cleanup_error struct error why = {0};
	size_t capacity = 0;

	if (!query)
		return false;
	while (db_next(query, &why)) {
		struct str tag = db_text(query, 1), digest = db_text(query, 2);

		out->names = mem_grow(out->names, out->names_count, &capacity, sizeof *out->names);
		out->names[out->names_count++] = (struct local_name){.repository = str_dup(db_text(query, 0)),
			.tag = tag.len ? str_dup(tag) : NULL,
			.digest = digest.len ? str_dup(digest) : NULL,
			.tagged_at_us = db_int(query, 3)};
	}
	return why.kind == ERROR_NONE || error_move(err, &why);
}

static bool image_row_read(struct db_tx *tx, struct str id, struct local_image *out, struct error *err)
{
	cleanup_query struct db_query *query = db_query(tx, "SELECT manifest, manifest_type FROM images WHERE id = $1", DB_ARGS(DB_TEXT(id)), err);
	cleanup_error struct error why = {0};

	if (!query)
		return false;
	if (!db_next(query, &why))
		return why.kind ? error_move(err, &why) : error_set(err, ERROR_NOT_FOUND, "No such image: %.*s", STR_ARG(id));
	out->manifest_type = str_dup(db_text(query, 1));
	return digest_parse(&out->manifest_digest, db_text(query, 0), err);
}

bool image_read(struct local *local, struct db_tx *tx, struct str id, struct local_image *out, struct error *err)
{
	*out = (struct local_image){0};
	if (!digest_parse(&out->id, id, err) || !image_row_read(tx, id, out, err) ||
		!content_read(local, tx, &out->id, IMAGE_CONFIG_SIZE_MAX, &out->config, err) ||
		!content_read(local, tx, &out->manifest_digest, MANIFEST_SIZE_MAX, &out->manifest, err) ||
		!image_config_parse(&out->parsed, buf_str(&out->config), err) || !layers_read(local, tx, id, out, err) ||
		!names_read(tx, id, out, err)) {
		local_image_free(out);
		return false;
	}
	return true;
}

void local_image_free(struct local_image *image)
{
	buf_free(&image->config);
	buf_free(&image->manifest);
	image_config_free(&image->parsed);
	free(image->manifest_type);
	for (size_t i = 0; i < image->layers_count; i++)
		free(image->layers[i].path);
	free(image->layers);
	for (size_t i = 0; i < image->names_count; i++) {
		free(image->names[i].repository);
		free(image->names[i].tag);
		free(image->names[i].digest);
	}
	free(image->names);
	free(image->named);
	*image = (struct local_image){0};
}

void local_images_free(struct local_image *images, size_t count)
{
	for (size_t i = 0; i < count; i++)
		local_image_free(&images[i]);
	free(images);
}

/* ---- finding one ---- */

struct find {
	struct local *local;
	const char *asked;
	struct reference reference; /* when it is one */
	bool is_reference;
	struct local_image *out;
};

/* The first column of the only row, or empty when there is none or more than one. Owned by the caller. */
static bool text_ask(struct db_tx *tx, const char *sql, const struct db_value *values, size_t count, char **out, struct error *err)
{
	cleanup_query struct db_query *query = db_query(tx, sql, values, count, err);
	cleanup_error struct error why = {0};
	size_t rows = 0;

	if (!query)
		return false;
	*out = NULL;
	while (db_next(query, &why)) {
		if (rows++ == 0)
			*out = str_dup(db_text(query, 0));
	}
	if (why.kind == ERROR_NONE && rows == 1)
		return true;
	free(*out);
	*out = NULL;
	return why.kind == ERROR_NONE || error_move(err, &why);
}

static bool by_name(struct db_tx *tx, const struct reference *reference, char **id, struct error *err)
{
	cleanup_free char *repository = repository_of(reference);
	char digest[DIGEST_TEXT_MAX];
	struct str tag = reference->has_digest ? STR("") : str_of(reference->tag ? reference->tag : "latest");

	return text_ask(tx, "SELECT image FROM names WHERE repository = $1 AND tag = $2 AND digest = $3",
		DB_ARGS(DB_TEXT(str_of(repository)), DB_TEXT(tag),
			DB_TEXT(reference->has_digest ? digest_text(&reference->digest, digest) : STR(""))),
		id, err);
}

/* The image whose ID begins so, when it is the only one. "g" stands behind every hex digit. */
static bool by_id(struct db_tx *tx, const char *asked, char **id, struct error *err)
{
	struct str hex = str_starts(str_of(asked), STR("sha256:")) ? str_of(asked + strlen("sha256:")) : str_of(asked);
	cleanup_free char *first = mem_printf("sha256:%.*s", STR_ARG(hex)), *behind = mem_printf("sha256:%.*sg", STR_ARG(hex));

	*id = NULL;
	if (hex.len == 0 || hex.len > 64 || strspn(hex.data, "0123456789abcdef") != hex.len)
		return true;
	return text_ask(tx, "SELECT id FROM images WHERE id >= $1 AND id < $2 ORDER BY id LIMIT 2",
		DB_ARGS(DB_TEXT(str_of(first)), DB_TEXT(str_of(behind))), id, err);
}

static bool find_in(struct db_tx *tx, void *argument, struct error *err)
{
	struct find *find = argument;
	cleanup_free char *id = NULL;
	char *named = NULL;

	if (find->is_reference && !by_name(tx, &find->reference, &id, err))
		return false;
	if (id)
		named = reference_familiar(&find->reference);
	else if (!by_id(tx, find->asked, &id, err))
		return false;
	if (!id) {
		cleanup_free char *shown = find->is_reference ? reference_familiar(&find->reference) : mem_printf("%s", find->asked);

		return error_set(err, ERROR_NOT_FOUND, "No such image: %s", shown);
	}
	if (!image_read(find->local, tx, str_of(id), find->out, err)) {
		free(named);
		return false;
	}
	find->out->named = named;
	return true;
}

bool local_image_find(struct local *local, const char *name_or_id, const char *default_domain, struct local_image *out, struct error *err)
{
	struct find find = {.local = local, .asked = name_or_id, .out = out};
	cleanup_error struct error why = {0};
	bool found = false, is_id = str_starts(str_of(name_or_id), STR("sha256:")) || strspn(name_or_id, "0123456789abcdef") == 64;

	*out = (struct local_image){0};
	if (!is_id)
		find.is_reference = reference_parse(&find.reference, str_of(name_or_id), default_domain, &why);
	if (!is_id && !find.is_reference) {
		error_move(err, &why);
	} else {
		if (find.is_reference)
			reference_add_latest(&find.reference);
		found = db_read(local->db, find_in, &find, err);
	}
	reference_free(&find.reference);
	return found;
}

struct get {
	struct local *local;
	const struct digest *id;
	struct local_image *out;
};

static bool get_in(struct db_tx *tx, void *argument, struct error *err)
{
	struct get *get = argument;
	char id[DIGEST_TEXT_MAX];

	return image_read(get->local, tx, digest_text(get->id, id), get->out, err);
}

bool local_image_get(struct local *local, const struct digest *id, struct local_image *out, struct error *err)
{
	struct get get = {.local = local, .id = id, .out = out};

	*out = (struct local_image){0};
	return db_read(local->db, get_in, &get, err);
}

/* ---- all of them ---- */

struct list {
	struct local *local;
	struct local_image *images;
	size_t count, capacity;
};

static bool list_in(struct db_tx *tx, void *argument, struct error *err)
{
	struct list *list = argument;
	cleanup_query struct db_query *query = db_query(tx, "SELECT id FROM images ORDER BY created_at DESC, id", DB_NONE, err);
	cleanup_error struct error why = {0};

	if (!query)
		return false;
	while (db_next(query, &why)) {
		list->images = mem_grow(list->images, list->count, &list->capacity, sizeof *list->images);
		if (!image_read(list->local, tx, db_text(query, 0), &list->images[list->count], err))
			return false;
		list->count++;
	}
	return why.kind == ERROR_NONE || error_move(err, &why);
}

bool local_images(struct local *local, struct local_image **out, size_t *count, struct error *err)
{
	struct list list = {.local = local};

	if (!db_read(local->db, list_in, &list, err)) {
		local_images_free(list.images, list.count);
		return false;
	}
	*out = list.images;
	*count = list.count;
	return true;
}

/* ---- names ---- */

bool name_set(struct db_tx *tx, struct str repository, struct str tag, struct str digest, struct str image, struct error *err)
{
	return db_run(tx,
		"INSERT INTO names (repository, tag, digest, image, tagged_at) VALUES ($1, $2, $3, $4, $5) "
		"ON CONFLICT (repository, tag, digest) DO UPDATE SET image = $4, tagged_at = $5",
		DB_ARGS(DB_TEXT(repository), DB_TEXT(tag), DB_TEXT(digest), DB_TEXT(image), DB_INT(clock_now_us())), err);
}

struct tag {
	const struct digest *id;
	const struct reference *name;
};

static bool tag_in(struct db_tx *tx, void *argument, struct error *err)
{
	struct tag *tag = argument;
	cleanup_free char *repository = repository_of(tag->name);
	char id[DIGEST_TEXT_MAX];
	int64_t one;
	bool found;

	if (!db_ask_int(tx, "SELECT 1 FROM images WHERE id = $1", DB_ARGS(DB_TEXT(digest_text(tag->id, id))), &one, &found, err))
		return false;
	if (!found)
		return error_set(err, ERROR_NOT_FOUND, "No such image: %s", id);
	return name_set(tx, str_of(repository), str_of(tag->name->tag), STR(""), str_of(id), err);
}

bool local_tag(struct local *local, const struct digest *id, const struct reference *name, struct error *err)
{
	struct tag tag = {.id = id, .name = name};

	return db_change(local->db, tag_in, &tag, err);
}

/* ---- holds ---- */

bool local_hold(struct db_tx *tx, const struct digest *id, const char *container_id, struct error *err)
{
	char text[DIGEST_TEXT_MAX];
	int64_t one;
	bool found;

	if (!db_ask_int(tx, "SELECT 1 FROM images WHERE id = $1", DB_ARGS(DB_TEXT(digest_text(id, text))), &one, &found, err))
		return false;
	if (!found)
		return error_set(err, ERROR_NOT_FOUND, "No such image: %s", text);
	return db_run(tx, "INSERT INTO holds (container, image) VALUES ($1, $2) ON CONFLICT (container) DO UPDATE SET image = $2",
		DB_ARGS(DB_TEXT(str_of(container_id)), DB_TEXT(str_of(text))), err);
}

bool local_release(struct db_tx *tx, const char *container_id, struct error *err)
{
	return db_run(tx, "DELETE FROM holds WHERE container = $1", DB_ARGS(DB_TEXT(str_of(container_id))), err);
}
