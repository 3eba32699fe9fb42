/* Images whose layers may have been lost with the power: unpacked again from the blobs, which are durable. */
#include "local/layer_in_internal.h"

#include "base/file.h"
#include "base/mem.h"

struct look {
	struct local *local;
	const struct local_image *image;
	bool *known; /* one a layer */
};

static bool look_in(struct db_tx *tx, void *argument, struct error *err)
{
	struct look *look = argument;

	for (size_t i = 0; i < look->image->layers_count; i++) {
		if (!layer_known(look->local, tx, &look->image->layers[i].diff_id, NULL, &look->known[i], err))
			return false;
	}
	return true;
}

struct opened {
	struct local *local;
	const struct digest *blob;
	struct blob_content content;
};

static bool open_in(struct db_tx *tx, void *argument, struct error *err)
{
	struct opened *opened = argument;

	return blob_open(opened->local->blobs, tx, opened->blob, &opened->content, err);
}

bool layer_again(struct local *local, const struct staging *staging, size_t index, const struct digest *diff_id, const struct digest *blob,
	const atomic_bool *cancel, struct error *err)
{
	struct opened opened = {.local = local, .blob = blob, .content = {.fd = -1}};
	struct layer_in in = {.fs_fd = -1};
	struct layer_made made;
	bool done = db_read(local->db, open_in, &opened, err) && layer_in_begin(&in, local, staging, index, LAYER_KEEP_NONE, err);

	if (done && opened.content.fd >= 0)
		done = layer_in_read(&in, opened.content.fd, cancel, err);
	else if (done)
		done = layer_in_add(&in, buf_str(&opened.content.bytes), err);
	done = done && layer_in_finish(&in, blob, diff_id, &made, err) && layer_commit(local, &made, err);
	layer_in_free(&in);
	blob_content_close(&opened.content);
	return done;
}

bool local_image_ready(struct local *local, const struct local_image *image, struct error *err)
{
	bool *known = mem_alloc(image->layers_count + 1, sizeof *known);
	struct look look = {.local = local, .image = image, .known = known};
	cleanup_staging struct staging staging = {.fd = -1};
	bool done = db_read(local->db, look_in, &look, err);

	for (size_t i = 0; i < image->layers_count && done; i++) {
		cleanup_fd int lock = -1;

		if (known[i])
			continue;
		lock = layer_lock(local, &image->layers[i].blob, NULL, NULL, err);
		done = lock >= 0 && (staging.path || staging_begin(&staging, local, err)) &&
		       layer_again(local, &staging, i, &image->layers[i].diff_id, &image->layers[i].blob, NULL, err);
	}
	free(known);
	return done || error_prefix(err, "layers were lost when this machine went down; pull the image again");
}
