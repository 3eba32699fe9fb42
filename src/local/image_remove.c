/*
 * `rmi`, by the rules of docker's engine (moby, daemon/images/image_delete.go), with one difference: a stopped container keeps its image from
 * going even when forced (only its names go), since its layers are mounted from it.
 */
#include "local/sweep_internal.h"

#include <string.h>

#include "base/file.h"
#include "base/hex.h"
#include "base/mem.h"

/* Everything that the decision rests on; the change goes ahead only while it still holds. */
struct removal {
	struct local *local;
	const struct local_remove *asked;
	struct local_image image;
	char **containers; /* that hold the image */
	size_t containers_count, containers_capacity;
	const char *running, *stopped; /* the first of each kind, or NULL */
	bool *drop_name;               /* of image.names */
	bool drop_image;
	bool stale; /* somebody changed it meanwhile */
	struct sweep sweep;
	struct buf deleted; /* a line each: what to tell after the commit */
};

static void removal_free(struct removal *removal)
{
	local_image_free(&removal->image);
	for (size_t i = 0; i < removal->containers_count; i++)
		free(removal->containers[i]);
	free(removal->containers);
	free(removal->drop_name);
	sweep_free(&removal->sweep);
	buf_free(&removal->deleted);
	*removal = (struct removal){0};
}

static bool holds_read(struct db_tx *tx, void *argument, struct error *err)
{
	struct removal *removal = argument;
	cleanup_error struct error why = {0};
	char id[DIGEST_TEXT_MAX];
	cleanup_query struct db_query *query = db_query(
		tx, "SELECT container FROM holds WHERE image = $1 ORDER BY container", DB_ARGS(DB_TEXT(digest_text(&removal->image.id, id))), err);

	if (!query)
		return false;
	while (db_next(query, &why)) {
		removal->containers =
			mem_grow(removal->containers, removal->containers_count, &removal->containers_capacity, sizeof *removal->containers);
		removal->containers[removal->containers_count++] = str_dup(db_text(query, 0));
	}
	return why.kind == ERROR_NONE || error_move(err, &why);
}

static void containers_ask(struct removal *removal)
{
	for (size_t i = 0; i < removal->containers_count; i++) {
		const char *id = removal->containers[i];
		bool running = removal->asked->running && removal->asked->running(removal->asked->argument, id);

		if (running && !removal->running)
			removal->running = id;
		if (!running && !removal->stopped)
			removal->stopped = id;
	}
}

/* At most one tag, and every name in one repository. */
static bool single_reference(const struct local_image *image)
{
	for (size_t i = 1; i < image->names_count; i++) {
		if (image->names[i].tag || strcmp(image->names[i].repository, image->names[0].repository) != 0)
			return false;
	}
	return true;
}

static bool refuse(const struct removal *removal, const char *how, const char *why, const char *container, struct error *err)
{
	char id[DIGEST_TEXT_MAX];
	struct str short_id = str_head(str_from(digest_text(&removal->image.id, id), strlen("sha256:")), 12);

	return error_set(err, ERROR_CONFLICT, "conflict: unable to delete %.*s (%s) - image is %s%.12s", STR_ARG(short_id), how, why, container);
}

/* The name that was asked for goes; with the last tag of its repository the digests there too. */
static bool names_choose(struct removal *removal, struct error *err)
{
	const struct local_image *image = &removal->image;
	const struct local_name *asked = NULL;
	bool other_tag = false;
	char id[DIGEST_TEXT_MAX];

	for (size_t i = 0; i < image->names_count && !asked; i++) {
		const struct local_name *name = &image->names[i];
		cleanup_free char *familiar = local_name_familiar(name->repository, name->tag, name->digest);

		if (strcmp(familiar, image->named) == 0) {
			asked = name;
			removal->drop_name[i] = true;
		}
	}
	if (!asked)
		return error_set(err, ERROR_NOT_FOUND, "No such image: %s", image->named);
	if (!removal->asked->force && single_reference(image) && removal->containers_count > 0) {
		const char *container = removal->running ? removal->running : removal->stopped;
		struct str short_id = str_head(str_from(digest_text(&image->id, id), strlen("sha256:")), 12);

		return error_set(err, ERROR_CONFLICT,
			"conflict: unable to remove repository reference \"%s\" (must force) - container %.12s is using its referenced image %.*s",
			image->named, container, STR_ARG(short_id));
	}
	if (!asked->tag)
		return true;
	for (size_t i = 0; i < image->names_count; i++)
		other_tag =
			other_tag || (&image->names[i] != asked && image->names[i].tag && strcmp(image->names[i].repository, asked->repository) == 0);
	for (size_t i = 0; i < image->names_count && !other_tag; i++)
		removal->drop_name[i] = removal->drop_name[i] || strcmp(image->names[i].repository, asked->repository) == 0;
	return true;
}

/* By ID: everything goes, or nothing. */
static bool all_choose(struct removal *removal, struct error *err)
{
	bool force = removal->asked->force;

	if (removal->running)
		return refuse(removal, "cannot be forced", "being used by running container ", removal->running, err);
	if (!force && !single_reference(&removal->image))
		return refuse(removal, "must be forced", "referenced in multiple repositories", "", err);
	if (!force && removal->stopped)
		return refuse(removal, "must be forced", "being used by stopped container ", removal->stopped, err);
	for (size_t i = 0; i < removal->image.names_count; i++)
		removal->drop_name[i] = true;
	return true;
}

static bool removal_choose(struct removal *removal, struct error *err)
{
	bool left = false;

	removal->drop_name = mem_alloc(removal->image.names_count + 1, sizeof *removal->drop_name);
	if (!(removal->image.named ? names_choose(removal, err) : all_choose(removal, err)))
		return false;
	for (size_t i = 0; i < removal->image.names_count; i++)
		left = left || !removal->drop_name[i];
	removal->drop_image = !left && removal->containers_count == 0;
	return true;
}

/* ---- the change ---- */

/* The name of layers 0 to i together (OCI image-spec 1.1, config.md, "Layer ChainID"); docker tells of them when they go. */
static void chain_id(const struct local_image *image, size_t top, struct digest *out)
{
	char below[DIGEST_TEXT_MAX], layer[DIGEST_TEXT_MAX];

	*out = image->layers[0].diff_id;
	for (size_t i = 1; i <= top; i++) {
		cleanup_free char *both =
			mem_printf("%.*s %.*s", STR_ARG(digest_text(out, below)), STR_ARG(digest_text(&image->layers[i].diff_id, layer)));

		digest_of_bytes(out, DIGEST_SHA256, str_of(both));
	}
}

/* How many layers from the lowest up some other image has in the same order. */
static bool layers_shared(struct db_tx *tx, const struct local_image *image, size_t *shared, struct error *err)
{
	char id[DIGEST_TEXT_MAX], diff_id[DIGEST_TEXT_MAX];
	cleanup_error struct error why = {0};
	cleanup_query struct db_query *query = NULL;
	cleanup_free char *other = NULL;
	size_t run = 0;

	*shared = 0;
	query = db_query(tx, "SELECT image, position, diff_id FROM image_layers WHERE image <> $1 ORDER BY image, position",
		DB_ARGS(DB_TEXT(digest_text(&image->id, id))), err);
	if (!query)
		return false;
	while (db_next(query, &why)) {
		size_t position = (size_t)db_int(query, 1);

		if (!other || !str_equal(str_of(other), db_text(query, 0))) {
			free(other);
			other = str_dup(db_text(query, 0));
			run = 0;
		}
		if (position == run && run < image->layers_count && str_equal(db_text(query, 2), digest_text(&image->layers[run].diff_id, diff_id)))
			run++;
		if (run > *shared)
			*shared = run;
	}
	return why.kind == ERROR_NONE || error_move(err, &why);
}

static bool image_drop(struct db_tx *tx, struct removal *removal, struct error *err)
{
	const struct local_image *image = &removal->image;
	char id[DIGEST_TEXT_MAX], text[DIGEST_TEXT_MAX];
	struct digest chain;
	size_t shared;

	if (!layers_shared(tx, image, &shared, err))
		return false;
	buf_printf(&removal->deleted, "Deleted: %.*s\n", STR_ARG(digest_text(&image->id, id)));
	for (size_t i = image->layers_count; i > shared; i--) {
		chain_id(image, i - 1, &chain);
		buf_printf(&removal->deleted, "Deleted: %.*s\n", STR_ARG(digest_text(&chain, text)));
	}
	if (!db_run(tx, "DELETE FROM image_layers WHERE image = $1", DB_ARGS(DB_TEXT(str_of(id))), err) ||
		!db_run(tx, "DELETE FROM images WHERE id = $1", DB_ARGS(DB_TEXT(str_of(id))), err))
		return false;
	for (size_t i = 0; i < image->layers_count; i++) {
		if (!sweep_layer(&removal->sweep, tx, digest_text(&image->layers[i].diff_id, text), err))
			return false;
	}
	for (size_t i = 0; i < image->layers_count; i++) {
		if (!sweep_blob(&removal->sweep, tx, digest_text(&image->layers[i].blob, text), err))
			return false;
	}
	return sweep_blob(&removal->sweep, tx, str_of(id), err) && sweep_blob(&removal->sweep, tx, digest_text(&image->manifest_digest, text), err);
}

/* Are the names and holds still those that the decision was made from? */
static bool removal_current(struct db_tx *tx, struct removal *removal, bool *current, struct error *err)
{
	char id[DIGEST_TEXT_MAX];
	int64_t names, holds;
	bool found;

	digest_text(&removal->image.id, id);
	if (!db_ask_int(tx, "SELECT count(*) FROM names WHERE image = $1", DB_ARGS(DB_TEXT(str_of(id))), &names, &found, err) ||
		!db_ask_int(tx, "SELECT count(*) FROM holds WHERE image = $1", DB_ARGS(DB_TEXT(str_of(id))), &holds, &found, err))
		return false;
	*current = names == (int64_t)removal->image.names_count && holds == (int64_t)removal->containers_count;
	return true;
}

static bool remove_in(struct db_tx *tx, void *argument, struct error *err)
{
	struct removal *removal = argument;
	char id[DIGEST_TEXT_MAX];
	bool current;

	sweep_free(&removal->sweep);
	buf_clear(&removal->deleted);
	if (!removal_current(tx, removal, &current, err))
		return false;
	removal->stale = !current;
	if (!current)
		return true;
	for (size_t i = 0; i < removal->image.names_count; i++) {
		const struct local_name *name = &removal->image.names[i];
		cleanup_free char *familiar = local_name_familiar(name->repository, name->tag, name->digest);

		if (!removal->drop_name[i])
			continue;
		if (!db_run(tx, "DELETE FROM names WHERE repository = $1 AND tag = $2 AND digest = $3 AND image = $4",
			    DB_ARGS(DB_TEXT(str_of(name->repository)), DB_TEXT(str_of(name->tag ? name->tag : "")),
				    DB_TEXT(str_of(name->digest ? name->digest : "")), DB_TEXT(digest_text(&removal->image.id, id))),
			    err))
			return false;
		buf_printf(&removal->deleted, "Untagged: %s\n", familiar);
	}
	return !removal->drop_image || image_drop(tx, removal, err);
}

static void lines_tell(const struct removal *removal)
{
	struct str rest = buf_str(&removal->deleted), line;

	while (removal->asked->removed && str_cut(rest, '\n', &line, &rest)) {
		cleanup_free char *text = str_dup(line);

		removal->asked->removed(removal->asked->argument, text);
	}
}

bool local_image_remove(struct local *local, const struct local_remove *remove, struct error *err)
{
	for (int attempt = 0; attempt < 5; attempt++) {
		struct removal removal = {.local = local, .asked = remove};
		cleanup_fd int lock = -1;
		bool done = local_image_find(local, remove->name_or_id, remove->default_domain, &removal.image, err) &&
			    db_read(local->db, holds_read, &removal, err);

		if (done) {
			containers_ask(&removal);
			done = removal_choose(&removal, err);
		}
		if (done && removal.drop_image) {
			lock = local_lock(local, true, err);
			done = lock >= 0;
		}
		done = done && db_change(local->db, remove_in, &removal, err);
		bool stale = done && removal.stale;
		if (done && !stale) {
			lines_tell(&removal);
			done = sweep_files(&removal.sweep, local, &lock, err);
		}
		removal_free(&removal);
		if (!stale)
			return done;
	}
	return error_set(err, ERROR_CONFLICT, "image %s is being changed by others; try again", remove->name_or_id);
}
