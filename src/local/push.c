/*
 * A push: what the other side has is left, what another repository there has is mounted, the rest is sent as it is kept, several at once; then the
 * configuration and the manifest, byte for byte what was pulled or made at load.
 */
#include "local/local_internal.h"

#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "local/layer_internal.h"
#include "local/transfer_internal.h"
#include "remote/remote.h"

/* docker's max-concurrent-uploads. */
#define LAYERS_AT_ONCE 5
/* docker tries as many repositories for a mount. */
#define SOURCES_MAX 4

struct push {
	struct transfer transfer; /* first: the work function gets it */
	struct local *local;
	struct remote *remote;
	const struct local_push *asked;
	struct local_image image;
};

/* ---- which image ---- */

struct missing {
	const struct reference *reference;
	bool repository_there;
};

static bool missing_in(struct db_tx *tx, void *argument, struct error *err)
{
	struct missing *missing = argument;
	cleanup_free char *repository = repository_of(missing->reference);
	int64_t one;

	return db_ask_int(tx, "SELECT 1 FROM names WHERE repository = $1 AND tag <> '' LIMIT 1", DB_ARGS(DB_TEXT(str_of(repository))), &one,
		&missing->repository_there, err);
}

/* docker words a repository that it does not know unlike a tag that it does not know. */
static bool image_missing(struct push *push, struct error *err)
{
	struct missing missing = {.reference = push->asked->reference};
	cleanup_free char *name = reference_familiar_name(missing.reference), *full = reference_familiar(missing.reference);

	if (!db_read(push->local->db, missing_in, &missing, err))
		return false;
	if (missing.repository_there)
		return error_set(err, ERROR_NOT_FOUND, "tag does not exist: %s", full);
	return error_set(err, ERROR_NOT_FOUND, "An image does not exist locally with the tag: %s", name);
}

static bool image_find(struct push *push, struct error *err)
{
	cleanup_free char *full = reference_full(push->asked->reference);
	cleanup_error struct error why = {0};

	if (!local_image_find(push->local, full, REFERENCE_HUB, &push->image, &why))
		return why.kind == ERROR_NOT_FOUND ? image_missing(push, err) : error_move(err, &why);
	return true;
}

/* ---- one blob ---- */

struct sources {
	const struct push *push;
	const struct digest *blob;
	char *paths[SOURCES_MAX];
	size_t count;
};

static bool sources_in(struct db_tx *tx, void *argument, struct error *err)
{
	struct sources *sources = argument;
	const struct reference *to = sources->push->asked->reference;
	cleanup_error struct error why = {0};
	char text[DIGEST_TEXT_MAX];
	cleanup_query struct db_query *query =
		db_query(tx, "SELECT path FROM blob_sources WHERE blob = $1 AND domain = $2 AND path <> $3 ORDER BY path LIMIT 4",
			DB_ARGS(DB_TEXT(digest_text(sources->blob, text)), DB_TEXT(str_of(to->domain)), DB_TEXT(str_of(to->path))), err);

	if (!query)
		return false;
	while (sources->count < SOURCES_MAX && db_next(query, &why))
		sources->paths[sources->count++] = str_dup(db_text(query, 0));
	return why.kind == ERROR_NONE || error_move(err, &why);
}

struct opened {
	struct push *push;
	const struct digest *blob;
	struct blob_content content;
};

static bool open_in(struct db_tx *tx, void *argument, struct error *err)
{
	struct opened *opened = argument;

	return blob_open(opened->push->local->blobs, tx, opened->blob, &opened->content, err);
}

struct going {
	struct push *push;
	struct local_event *event;
};

static void sent(void *argument, int64_t bytes)
{
	struct going *going = argument;

	going->event->state = LOCAL_LAYER_PUSHING;
	going->event->done_bytes = bytes;
	transfer_tell(&going->push->transfer, going->event);
}

static void waits(void *argument, unsigned int seconds)
{
	struct going *going = argument;

	going->event->state = LOCAL_LAYER_RETRYING;
	going->event->seconds = seconds;
	transfer_tell(&going->push->transfer, going->event);
}

/* Tries the repositories on the other side that are known to have the blob. */
static bool blob_mount(struct push *push, const struct digest *blob, char **mounted_from, struct remote_upload *upload, struct error *err)
{
	struct sources sources = {.push = push, .blob = blob};
	bool done = db_read(push->local->db, sources_in, &sources, err), mounted = false;

	for (size_t i = 0; i < sources.count; i++) {
		/* An upload that a refused mount has opened is for the next step; asking again would open another. */
		if (done && !mounted && !upload->location) {
			done = remote_blob_mount(push->remote, push->asked->reference->path, blob, sources.paths[i], &mounted, upload, err);
			if (done && mounted)
				*mounted_from = mem_printf("%s", sources.paths[i]);
		}
		free(sources.paths[i]);
	}
	return done;
}

static bool blob_upload(struct push *push, const struct digest *blob, struct local_event *event, struct remote_upload *upload, struct error *err)
{
	struct opened opened = {.push = push, .blob = blob, .content = {.fd = -1}};
	struct going going = {.push = push, .event = event};
	bool done = db_read(push->local->db, open_in, &opened, err);

	if (done) {
		struct remote_content content = {.fd = opened.content.fd, .size_bytes = opened.content.size_bytes};

		event->total_bytes = opened.content.size_bytes;
		if (opened.content.fd < 0)
			content.bytes = str_make(opened.content.bytes.data ? opened.content.bytes.data : "", opened.content.bytes.len);
		done = remote_blob_push(push->remote, push->asked->reference->path, blob, &content, upload, sent, waits, &going, err);
	}
	blob_content_close(&opened.content);
	return done;
}

/* The other side may have it already, or take it from a repository of its own; else it is sent. event's state says which it was. */
static bool blob_send(struct push *push, const struct digest *blob, struct local_event *event, char **mounted_from, struct error *err)
{
	cleanup_remote_upload struct remote_upload upload = {0};
	bool there = false;

	if (!remote_blob_exists(push->remote, push->asked->reference->path, blob, &there, err))
		return false;
	if (there) {
		event->state = LOCAL_LAYER_EXISTS;
		return true;
	}
	if (!blob_mount(push, blob, mounted_from, &upload, err))
		return false;
	if (*mounted_from) {
		event->state = LOCAL_LAYER_MOUNTED;
		event->text = *mounted_from;
		return true;
	}
	if (!blob_upload(push, blob, event, &upload, err))
		return false;
	event->state = LOCAL_LAYER_PUSHED;
	return true;
}

/* ---- layers ---- */

/* docker begins with the top layer. */
static size_t layer_of(const struct push *push, size_t index)
{
	return push->image.layers_count - 1 - index;
}

static void event_make(const struct push *push, size_t layer, char id[static 16], struct local_event *event)
{
	char text[DIGEST_TEXT_MAX];

	snprintf(id, 16, "%.12s", str_from(digest_text(&push->image.layers[layer].diff_id, text), strlen("sha256:")).data);
	*event = (struct local_event){.layer = layer, .id = id, .state = LOCAL_LAYER_PREPARING};
}

static bool layer_work(struct transfer *transfer, size_t index, struct error *err)
{
	struct push *push = (struct push *)transfer;
	size_t layer = layer_of(push, index);
	cleanup_free char *mounted_from = NULL;
	struct local_event event;
	char id[16];

	event_make(push, layer, id, &event);
	if (!blob_send(push, &push->image.layers[layer].blob, &event, &mounted_from, err))
		return false;
	transfer_tell(transfer, &event);
	return true;
}

/* ---- the image ---- */

static bool names_in(struct db_tx *tx, void *argument, struct error *err)
{
	struct push *push = argument;
	const struct reference *to = push->asked->reference;
	cleanup_free char *repository = repository_of(to);
	char id[DIGEST_TEXT_MAX], digest[DIGEST_TEXT_MAX];

	digest_format(&push->image.id, id);
	if (!name_set(tx, str_of(repository), STR(""), digest_text(&push->image.manifest_digest, digest), str_of(id), err) ||
		!layer_source_add(tx, &push->image.id, to, err))
		return false;
	for (size_t i = 0; i < push->image.layers_count; i++) {
		if (!layer_source_add(tx, &push->image.layers[i].blob, to, err))
			return false;
	}
	return true;
}

static bool push_run(struct push *push, struct local_pushed *out, struct error *err)
{
	const struct local_watch *watch = push->asked->watch;
	cleanup_free char *mounted_from = NULL;
	struct local_event config = {0};

	if (!image_find(push, err))
		return false;
	if (watch && watch->begin)
		watch->begin(watch->argument, push->asked->reference, push->image.layers_count);
	push->transfer.count = push->image.layers_count;
	for (size_t i = 0; i < push->transfer.count; i++) {
		struct local_event event;
		char id[16];

		event_make(push, layer_of(push, i), id, &event);
		transfer_tell(&push->transfer, &event);
	}
	if (!transfer_run(&push->transfer, LAYERS_AT_ONCE, err))
		return false;
	/* It is no layer: nothing is told of it, and so it has the index of none. */
	config.layer = SIZE_MAX;
	config.id = "";
	if (!blob_send(push, &push->image.id, &config, &mounted_from, err) ||
		!remote_manifest_put(push->remote, push->asked->reference->path, push->asked->reference->tag, push->image.manifest_type,
			buf_str(&push->image.manifest), NULL, err) ||
		!db_change(push->local->db, names_in, push, err))
		return false;
	out->digest = push->image.manifest_digest;
	out->size_bytes = (int64_t)push->image.manifest.len;
	return true;
}

bool local_push(struct local *local, struct remote *remote, const struct local_push *asked, struct local_pushed *out, struct error *err)
{
	struct push push = {.transfer = {.work = layer_work}, .local = local, .remote = remote, .asked = asked};
	cleanup_error struct error why = {0};
	bool done;

	transfer_begin(&push.transfer, asked->watch, asked->cancel);
	done = push_run(&push, out, &why);
	transfer_end(&push.transfer);
	local_image_free(&push.image);
	return done || error_move(err, &why);
}
