#include "local/image_add_internal.h"

#include "base/file.h"
#include "base/mem.h"
#include "local/layer_internal.h"

struct add {
	struct local *local;
	const struct image_made *made;
	/* Over BLOB_ROW_MAX bytes; else NULL. */
	struct blob_writer *config, *manifest;
	bool had_name;
};

static bool content_prepare(struct local *local, struct str bytes, const struct digest *digest, struct blob_writer **out, struct error *err)
{
	*out = NULL;
	if (bytes.len <= BLOB_ROW_MAX)
		return true;
	return blob_writer_new(out, local->blobs, err) && blob_writer_append(*out, bytes, err) && blob_writer_seal(*out, digest, err);
}

static bool content_add(struct db_tx *tx, const struct blob_writer *writer, const struct digest *digest, struct str bytes, struct error *err)
{
	int64_t id;

	return writer ? blob_add(tx, writer, &id, err) : blob_add_bytes(tx, digest, bytes, &id, err);
}

/* An image's own rows, once; its layers have to be there. */
static bool rows_add(struct db_tx *tx, const struct add *add, struct str id, struct error *err)
{
	const struct image_made *made = add->made;
	char manifest[DIGEST_TEXT_MAX], diff_id[DIGEST_TEXT_MAX], blob[DIGEST_TEXT_MAX];

	for (size_t i = 0; i < made->layers_count; i++) {
		bool known;

		if (!layer_known(add->local, tx, &made->layers[i].diff_id, &made->layers[i].blob, &known, err))
			return false;
		if (!known)
			return error_set(
				err, ERROR_UNAVAILABLE, "layer %s has been removed meanwhile", digest_text(&made->layers[i].blob, blob).data);
	}
	if (!content_add(tx, add->config, &made->id, made->config, err) ||
		!content_add(tx, add->manifest, &made->manifest_digest, made->manifest, err) ||
		!db_run(tx, "INSERT INTO images (id, manifest, manifest_type, created_at) VALUES ($1, $2, $3, $4)",
			DB_ARGS(DB_TEXT(id), DB_TEXT(digest_text(&made->manifest_digest, manifest)), DB_TEXT(str_of(made->manifest_type)),
				DB_INT(made->created_at_us)),
			err))
		return false;
	for (size_t i = 0; i < made->layers_count; i++) {
		if (!db_run(tx, "INSERT INTO image_layers (image, position, diff_id, blob) VALUES ($1, $2, $3, $4)",
			    DB_ARGS(DB_TEXT(id), DB_INT((int64_t)i), DB_TEXT(digest_text(&made->layers[i].diff_id, diff_id)),
				    DB_TEXT(digest_text(&made->layers[i].blob, blob))),
			    err))
			return false;
	}
	return true;
}

static bool names_add(struct db_tx *tx, struct add *add, struct str id, struct error *err)
{
	const struct image_made *made = add->made;
	cleanup_free char *repository = made->name ? repository_of(made->name) : NULL;
	char digest[DIGEST_TEXT_MAX];
	int64_t one;

	if (!made->name)
		return true;
	if (made->name->tag && !made->name->has_digest) {
		if (!db_ask_int(tx, "SELECT 1 FROM names WHERE repository = $1 AND tag = $2 AND digest = '' AND image = $3",
			    DB_ARGS(DB_TEXT(str_of(repository)), DB_TEXT(str_of(made->name->tag)), DB_TEXT(id)), &one, &add->had_name, err) ||
			!name_set(tx, str_of(repository), str_of(made->name->tag), STR(""), id, err))
			return false;
	}
	if (!made->remote_digest)
		return true;
	digest_format(made->remote_digest, digest);
	if (made->name->has_digest && !db_ask_int(tx, "SELECT 1 FROM names WHERE repository = $1 AND tag = '' AND digest = $2 AND image = $3",
					      DB_ARGS(DB_TEXT(str_of(repository)), DB_TEXT(str_of(digest)), DB_TEXT(id)), &one, &add->had_name, err))
		return false;
	if (!name_set(tx, str_of(repository), STR(""), str_of(digest), id, err) || !layer_source_add(tx, &made->id, made->name, err))
		return false;
	for (size_t i = 0; i < made->layers_count; i++) {
		if (!layer_source_add(tx, &made->layers[i].blob, made->name, err))
			return false;
	}
	return true;
}

static bool add_in(struct db_tx *tx, void *argument, struct error *err)
{
	struct add *add = argument;
	char id[DIGEST_TEXT_MAX];
	int64_t one;
	bool there;

	add->had_name = false;
	digest_format(&add->made->id, id);
	if (!db_ask_int(tx, "SELECT 1 FROM images WHERE id = $1", DB_ARGS(DB_TEXT(str_of(id))), &one, &there, err))
		return false;
	return (there || rows_add(tx, add, str_of(id), err)) && names_add(tx, add, str_of(id), err);
}

bool image_commit(struct local *local, const struct image_made *made, bool *had_name, struct error *err)
{
	struct add add = {.local = local, .made = made};
	cleanup_fd int lock = local_lock(local, false, err);
	bool done = lock >= 0 && content_prepare(local, made->config, &made->id, &add.config, err) &&
		    content_prepare(local, made->manifest, &made->manifest_digest, &add.manifest, err) && db_change(local->db, add_in, &add, err);

	blob_writer_close(add.config);
	blob_writer_close(add.manifest);
	*had_name = add.had_name;
	return done;
}
