/*
 * A pull: name → manifest → configuration → layers, several at once, each checked by both of its digests before it has a row; then the image, in
 * one change. What failed leaves only whole layers, which the next pull finds.
 */
#include "local/local_internal.h"

#include <string.h>
#include <sys/statvfs.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "local/image_add_internal.h"
#include "local/partial_internal.h"
#include "local/sweep_internal.h"
#include "local/transfer_internal.h"
#include "remote/remote.h"

/* docker's max-concurrent-downloads. */
#define LAYERS_AT_ONCE 3
/* An index inside an index is entered, so deep. */
#define INDEX_DEPTH_MAX 4
/* How often a pull begins again since others removed a layer that it counted on. */
#define ROUNDS_MAX 3

struct pull {
	struct transfer transfer; /* first: the work function gets it */
	struct local *local;
	struct remote *remote;
	const struct local_pull *asked;
	struct platform platform;

	struct digest name_digest; /* what the name stands for */
	struct digest manifest_digest;
	struct buf manifest_bytes;
	struct manifest manifest;
	struct buf config_bytes;
	struct image_config config;

	struct image_layer *layers;
	bool *there;
	bool image_there;
	struct staging staging;
};

/* ---- manifest ---- */

/* Gets one manifest by tag (digest NULL) or digest and reads it. */
static bool manifest_get(struct pull *pull, const struct digest *digest, struct error *err)
{
	const struct reference *reference = pull->asked->reference;
	cleanup_remote_manifest struct remote_manifest got = {0};
	char text[DIGEST_TEXT_MAX] = "";

	if (digest)
		digest_format(digest, text);
	if (!remote_manifest_get(pull->remote, reference->path, digest ? text : reference->tag, &got, err))
		return false;
	buf_free(&pull->manifest_bytes);
	manifest_free(&pull->manifest);
	pull->manifest_digest = got.digest;
	pull->manifest_bytes = got.bytes;
	got.bytes = (struct buf){0};
	return manifest_parse(&pull->manifest, buf_str(&pull->manifest_bytes), str_of(got.media_type), err);
}

/* From an index to the image for our platform. */
static bool manifest_resolve(struct pull *pull, struct error *err)
{
	const struct reference *reference = pull->asked->reference;

	if (!manifest_get(pull, reference->has_digest ? &reference->digest : NULL, err))
		return false;
	pull->name_digest = pull->manifest_digest;
	for (int depth = 0; pull->manifest.is_index; depth++) {
		const struct descriptor *chosen = manifest_choose(&pull->manifest, &pull->platform);
		cleanup_buf struct buf platform = {0};
		struct digest digest;

		platform_format(&pull->platform, &platform);
		if (!chosen)
			return error_set(err, ERROR_NOT_FOUND, "no matching manifest for %s in the manifest list entries", platform.data);
		if (depth == INDEX_DEPTH_MAX)
			return error_set(err, ERROR_INVALID, "more than %d indexes inside each other", INDEX_DEPTH_MAX);
		/* The descriptor goes with the index that it belongs to. */
		digest = chosen->digest;
		if (!manifest_get(pull, &digest, err))
			return false;
	}
	return true;
}

/* ---- configuration ---- */

static bool bytes_keep(void *argument, struct str bytes, struct error *err)
{
	(void)err;
	buf_add_str(argument, bytes);
	return true;
}

static bool config_check(struct pull *pull, struct error *err)
{
	const struct descriptor *descriptor = &pull->manifest.config;
	struct digest found;
	char text[DIGEST_TEXT_MAX];

	digest_of_bytes(&found, descriptor->digest.algorithm, buf_str(&pull->config_bytes));
	if (!digest_equal(&found, &descriptor->digest))
		return error_set(err, ERROR_CORRUPT, "image config verification failed for digest %s", digest_text(&descriptor->digest, text).data);
	if (!image_config_parse(&pull->config, buf_str(&pull->config_bytes), err))
		return false;
	if (pull->config.platform.os[0] && strcmp(pull->config.platform.os, "linux") != 0)
		return error_set(err, ERROR_UNSUPPORTED, "image operating system \"%s\" cannot be used on this platform", pull->config.platform.os);
	if (pull->config.diff_ids_count != pull->manifest.layers_count)
		return error_set(err, ERROR_INVALID, "layers from manifest don't match image configuration");
	return true;
}

static bool config_read_in(struct db_tx *tx, void *argument, struct error *err)
{
	struct pull *pull = argument;

	return content_read(pull->local, tx, &pull->manifest.config.digest, IMAGE_CONFIG_SIZE_MAX, &pull->config_bytes, err);
}

static bool config_get(struct pull *pull, struct error *err)
{
	const struct descriptor *config = &pull->manifest.config;
	cleanup_error struct error why = {0};

	/* What is no image has no layers that make sense: helm's charts, signatures. */
	if (media_kind_of(str_of(config->media_type)) != MEDIA_CONFIG)
		return error_set(err, ERROR_UNSUPPORTED, "unsupported media type %s", config->media_type);
	if (db_read(pull->local->db, config_read_in, pull, &why))
		return config_check(pull, err);
	if (why.kind != ERROR_NOT_FOUND)
		return error_move(err, &why);
	buf_clear(&pull->config_bytes);
	if (config->size_bytes > IMAGE_CONFIG_SIZE_MAX)
		return error_set(err, ERROR_TOO_LARGE, "image configuration of %lld bytes", (long long)config->size_bytes);
	return remote_blob_get(pull->remote, pull->asked->reference->path, &config->digest, config->size_bytes, 0, bytes_keep, NULL,
		       &pull->config_bytes, err) &&
	       config_check(pull, err);
}

/* ---- layers ---- */

/* Which of some layers are there. */
struct look {
	struct pull *pull;
	size_t first, count;
	bool *there; /* one a layer */
};

static bool look_in(struct db_tx *tx, void *argument, struct error *err)
{
	struct look *look = argument;

	for (size_t i = 0; i < look->count; i++) {
		const struct image_layer *layer = &look->pull->layers[look->first + i];

		if (!layer_known(look->pull->local, tx, &layer->diff_id, &layer->blob, &look->there[i], err))
			return false;
	}
	return true;
}

/* What is told of a layer, and the text that it borrows. */
struct layer_event {
	char id[16];
	struct local_event event;
};

/* One layer while it comes; on the stack of its thread. */
struct coming {
	struct pull *pull;
	struct layer_in in;
	struct layer_event event;
	bool kept;    /* a row keeps what has come so far */
	bool resumed; /* it began with what was kept */
};

/* Once it is worth keeping, it outlives a loss of the connection, of this process, of the machine. */
static bool keep_early(struct coming *coming, struct error *err)
{
	struct pull *pull = coming->pull;

	if (coming->kept || coming->in.taken_bytes < PARTIAL_MIN)
		return true;
	coming->kept = true;
	return partial_keep(pull->local, coming->in.writer, &pull->layers[coming->event.event.layer].blob, err);
}

static bool coming_add(void *argument, struct str bytes, struct error *err)
{
	struct coming *coming = argument;

	if (transfer_stopped(&coming->pull->transfer))
		return error_set(err, ERROR_CANCELED, "canceled");
	if (!layer_in_add(&coming->in, bytes, err) || !keep_early(coming, err))
		return false;
	coming->event.event.done_bytes = coming->in.taken_bytes;
	coming->event.event.state = LOCAL_LAYER_DOWNLOADING;
	transfer_tell(&coming->pull->transfer, &coming->event.event);
	return true;
}

static void coming_waits(void *argument, unsigned int seconds)
{
	struct coming *coming = argument;

	coming->event.event.state = LOCAL_LAYER_RETRYING;
	coming->event.event.seconds = seconds;
	transfer_tell(&coming->pull->transfer, &coming->event.event);
}

static void tell(struct coming *coming, enum local_layer_state state)
{
	coming->event.event.state = state;
	transfer_tell(&coming->pull->transfer, &coming->event.event);
}

static bool layer_get(struct coming *coming, size_t index, struct error *err)
{
	struct pull *pull = coming->pull;
	const struct image_layer *layer = &pull->layers[index];
	struct layer_made made;

	if (!layer_in_begin(&coming->in, pull->local, &pull->staging, index, LAYER_KEEP, err) ||
		!partial_resume(pull->local, &layer->blob, &coming->in, pull->asked->cancel, &coming->kept, err))
		return false;
	coming->resumed = coming->kept;
	if (!remote_blob_get(pull->remote, pull->asked->reference->path, &layer->blob, coming->event.event.total_bytes, coming->in.taken_bytes,
		    coming_add, coming_waits, coming, err))
		return false;
	tell(coming, LOCAL_LAYER_VERIFYING);
	if (!layer_in_finish(&coming->in, &layer->blob, &layer->diff_id, &made, err))
		return false;
	tell(coming, LOCAL_LAYER_DOWNLOADED);
	made.source = pull->asked->reference;
	return layer_commit(pull->local, &made, err) && (!coming->kept || partial_forget(pull->local, &layer->blob, err));
}

/* What went wrong on the way is worth going on with; what is wrong in itself, or has no room, is not. */
static bool worth_keeping(const struct error *err)
{
	return err->kind == ERROR_CANCELED || err->kind == ERROR_UNAVAILABLE;
}

/* A download that was taken up and then proved wrong may have been damaged where it lay (a power cut): it is fetched whole, once. */
static bool layer_get_or_again(struct coming *coming, size_t index, struct error *err)
{
	struct pull *pull = coming->pull;
	const struct digest *blob = &pull->layers[index].blob;

	for (;;) {
		cleanup_error struct error why = {0};
		bool again;

		if (layer_get(coming, index, &why))
			return true;
		again = coming->resumed && (why.kind == ERROR_CORRUPT || why.kind == ERROR_RANGE || why.kind == ERROR_INVALID);
		layer_in_free(&coming->in);
		if (coming->kept && !worth_keeping(&why))
			(void)partial_forget(pull->local, blob, NULL);
		if (!again)
			return error_move(err, &why);
		coming->kept = coming->resumed = false;
	}
}

static bool stop_asked(void *argument)
{
	return transfer_stopped(argument);
}

/* Has another process, or another place in this image, brought it meanwhile? Or is its blob here, and only the folder lost with the power? */
static bool layer_here(struct pull *pull, size_t index, bool *here, struct error *err)
{
	struct look look = {.pull = pull, .first = index, .count = 1, .there = here};
	const struct image_layer *layer = &pull->layers[index];
	cleanup_error struct error why = {0};

	if (!db_read(pull->local->db, look_in, &look, err) || *here)
		return err->kind == ERROR_NONE;
	*here = layer_again(pull->local, &pull->staging, index, &layer->diff_id, &layer->blob, pull->asked->cancel, &why);
	return *here || why.kind == ERROR_NOT_FOUND || why.kind == ERROR_CORRUPT || error_move(err, &why);
}

static void event_make(const struct pull *pull, size_t index, struct layer_event *out)
{
	char text[DIGEST_TEXT_MAX];
	struct str hex = str_from(digest_text(&pull->layers[index].blob, text), strlen("sha256:"));

	snprintf(out->id, sizeof out->id, "%.12s", hex.data);
	out->event = (struct local_event){.layer = index, .id = out->id};
}

static bool layer_work(struct transfer *transfer, size_t index, struct error *err)
{
	struct pull *pull = (struct pull *)transfer;
	struct coming coming = {.pull = pull, .in = {.fs_fd = -1}};
	cleanup_fd int lock = -1;
	bool here = false, done;

	if (pull->there[index])
		return true;
	event_make(pull, index, &coming.event);
	lock = layer_lock(pull->local, &pull->layers[index].blob, stop_asked, transfer, err);
	if (lock < 0 || !layer_here(pull, index, &here, err))
		return false;
	if (here) {
		tell(&coming, LOCAL_LAYER_EXISTS);
		return true;
	}
	coming.event.event.total_bytes = pull->manifest.layers[index].size_bytes;
	done = layer_get_or_again(&coming, index, err);
	if (done)
		tell(&coming, LOCAL_LAYER_PULLED);
	layer_in_free(&coming.in);
	return done;
}

/* docker's first lines: what is there, what comes, what waits for its turn. */
static void layers_announce(struct pull *pull)
{
	size_t coming = 0;

	for (size_t i = 0; i < pull->transfer.count; i++) {
		struct layer_event line;

		event_make(pull, i, &line);
		line.event.state = pull->there[i] ? LOCAL_LAYER_EXISTS : LOCAL_LAYER_PULLING;
		line.event.total_bytes = pull->there[i] ? 0 : pull->manifest.layers[i].size_bytes;
		transfer_tell(&pull->transfer, &line.event);
	}
	for (size_t i = 0; i < pull->transfer.count; i++) {
		struct layer_event line;

		if (pull->there[i] || coming++ < LAYERS_AT_ONCE)
			continue;
		event_make(pull, i, &line);
		line.event.state = LOCAL_LAYER_WAITING;
		line.event.total_bytes = pull->manifest.layers[i].size_bytes;
		transfer_tell(&pull->transfer, &line.event);
	}
}

/* Each missing layer is kept as it comes and unpacked, to at least as much: what cannot fit is refused before it is fetched. */
static bool space_check(struct pull *pull, struct error *err)
{
	struct statvfs space;
	int64_t need = 0, have;

	for (size_t i = 0; i < pull->manifest.layers_count; i++) {
		if (!pull->there[i] && (pull->manifest.layers[i].size_bytes > INT64_MAX / 2 ||
					       __builtin_add_overflow(need, 2 * pull->manifest.layers[i].size_bytes, &need)))
			return error_set(err, ERROR_TOO_LARGE, "layers of more bytes than can be counted");
	}
	if (fstatvfs(pull->local->folder_fd, &space) < 0 || __builtin_mul_overflow((int64_t)space.f_bavail, (int64_t)space.f_frsize, &have))
		return true;
	return need <= have ||
	       error_set(err, ERROR_NO_SPACE, "failed to register layer: no space left on device: %lld bytes are needed in %s, %lld are free",
		       (long long)need, pull->local->folder, (long long)have);
}

static bool layers_get(struct pull *pull, bool announce, struct error *err)
{
	struct look look = {.pull = pull, .count = pull->manifest.layers_count, .there = pull->there};
	bool all = true;

	if (!db_read(pull->local->db, look_in, &look, err))
		return false;
	for (size_t i = 0; i < look.count; i++)
		all = all && pull->there[i];
	if (announce && !(all && pull->image_there))
		layers_announce(pull);
	return all || (space_check(pull, err) && (pull->staging.path || staging_begin(&pull->staging, pull->local, err)) &&
			      transfer_run(&pull->transfer, LAYERS_AT_ONCE, err));
}

/* ---- the image ---- */

static bool image_make(struct pull *pull, bool *had_name, struct error *err)
{
	struct image_made made = {.id = pull->manifest.config.digest,
		.config = buf_str(&pull->config_bytes),
		.manifest_digest = pull->manifest_digest,
		.manifest = buf_str(&pull->manifest_bytes),
		.manifest_type = pull->manifest.media_type,
		.created_at_us = pull->config.created_at_us,
		.layers = pull->layers,
		.layers_count = pull->manifest.layers_count,
		.name = pull->asked->reference,
		.remote_digest = &pull->name_digest};

	return image_commit(pull->local, &made, had_name, err);
}

static bool image_there_in(struct db_tx *tx, void *argument, struct error *err)
{
	struct pull *pull = argument;
	char id[DIGEST_TEXT_MAX];
	int64_t one;

	return db_ask_int(tx, "SELECT 1 FROM images WHERE id = $1", DB_ARGS(DB_TEXT(digest_text(&pull->manifest.config.digest, id))), &one,
		&pull->image_there, err);
}

static bool pull_run(struct pull *pull, struct local_pulled *out, struct error *err)
{
	const struct local_watch *watch = pull->asked->watch;
	bool done = false;

	if (!sweep_unnamed(pull->local, err) || !partials_sweep(pull->local, err) || !layers_settle(pull->local, err) ||
		!manifest_resolve(pull, err) || !config_get(pull, err) || !db_read(pull->local->db, image_there_in, pull, err))
		return false;
	pull->transfer.count = pull->manifest.layers_count;
	pull->layers = mem_alloc(pull->manifest.layers_count + 1, sizeof *pull->layers);
	pull->there = mem_alloc(pull->manifest.layers_count + 1, sizeof *pull->there);
	for (size_t i = 0; i < pull->manifest.layers_count; i++)
		pull->layers[i] = (struct image_layer){.diff_id = pull->config.diff_ids[i], .blob = pull->manifest.layers[i].digest};
	if (watch && watch->begin)
		watch->begin(watch->argument, pull->asked->reference, pull->manifest.layers_count);
	for (int round = 0; round < ROUNDS_MAX && !done; round++) {
		/* ERROR_UNAVAILABLE: a layer that was there has been removed by another process. */
		if (err->kind == ERROR_UNAVAILABLE)
			error_clear(err);
		if (!layers_get(pull, round == 0, err))
			return false;
		done = image_make(pull, &out->was_there, err);
		if (!done && err->kind != ERROR_UNAVAILABLE)
			return false;
	}
	out->digest = pull->name_digest;
	out->id = pull->manifest.config.digest;
	return done;
}

bool local_pull(struct local *local, struct remote *remote, const struct local_pull *asked, struct local_pulled *out, struct error *err)
{
	struct pull pull = {.transfer = {.work = layer_work},
		.local = local,
		.remote = remote,
		.asked = asked,
		.platform = asked->platform ? *asked->platform : platform_host(),
		.staging = {.fd = -1}};
	cleanup_error struct error why = {0};
	bool done;

	transfer_begin(&pull.transfer, asked->watch, asked->cancel);
	done = pull_run(&pull, out, &why);
	local_space_words(local, &why);
	transfer_end(&pull.transfer);
	staging_end(&pull.staging);
	buf_free(&pull.manifest_bytes);
	buf_free(&pull.config_bytes);
	manifest_free(&pull.manifest);
	image_config_free(&pull.config);
	free(pull.layers);
	free(pull.there);
	return done || error_move(err, &why);
}
