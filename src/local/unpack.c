/*
 * caller --ring--> inflate and hash (a thread) --ring--> read the tar and write files (a thread). Whoever fails first keeps the reason and stops both
 * rings, and so everybody.
 */
#include "local/unpack.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/thread.h"
#include "local/inflate_internal.h"
#include "local/layer_tar_internal.h"
#include "local/ring_internal.h"

/* 256 KiB as it came, 1 MiB of tar. */
#define CAME_BLOCKS 4
#define CAME_BLOCK_SIZE (64 * 1024)
#define TAR_BLOCKS 8
#define TAR_BLOCK_SIZE (128 * 1024)

struct layer_unpack {
	int folder_fd;
	struct ring *came, *tar;
	pthread_t inflating, writing;
	bool running;
	pthread_mutex_t lock; /* guards failure */
	struct error failure; /* the first */
	/* Each written by one thread, read when it has ended. */
	uint8_t hash[HASH_SIZE_MAX];
	int64_t size_bytes;
};

/* Moves *reason in, unless there is one. */
static void fail(struct layer_unpack *unpack, struct error *reason)
{
	pthread_mutex_lock(&unpack->lock);
	if (!unpack->failure.kind)
		error_move(&unpack->failure, reason);
	pthread_mutex_unlock(&unpack->lock);
	error_clear(reason);
	ring_stop(unpack->came);
	ring_stop(unpack->tar);
}

/* The failure, copied: it is told at every call. */
static bool tell(struct layer_unpack *unpack, struct error *err)
{
	pthread_mutex_lock(&unpack->lock);
	error_set(err, unpack->failure.kind, "%s", error_text(&unpack->failure));
	if (err)
		err->os_errno = unpack->failure.os_errno;
	pthread_mutex_unlock(&unpack->lock);
	return false;
}

/* One block of what came, inflated into as many blocks as it takes. */
static bool inflate_block(struct layer_unpack *unpack, struct inflate *inflate, struct str came, struct hash *hash, struct error *err)
{
	size_t room, made;

	do {
		char *out = ring_room(unpack->tar, &room);

		if (!out)
			return error_set(err, ERROR_CANCELED, "stopped");
		if (!inflate_step(inflate, &came, out, room, &made, err))
			return false;
		hash_add(hash, out, made);
		ring_filled(unpack->tar, made);
	} while (came.len || made == room);
	return true;
}

static void *run_inflate(void *argument)
{
	struct layer_unpack *unpack = argument;
	struct inflate *inflate = NULL;
	cleanup_hash struct hash *hash = hash_new(HASH_SHA256);
	struct error err = {0};
	struct str came;
	bool going;

	while ((going = ring_next(unpack->came, &came)) && came.len) {
		if (!inflate)
			inflate = inflate_new(came);
		if (!inflate_block(unpack, inflate, came, hash, &err))
			break;
	}
	if (!going)
		error_set(&err, ERROR_CANCELED, "stopped");
	if (err.kind || (inflate && !inflate_end(inflate, &err))) {
		fail(unpack, &err);
	} else {
		hash_value(hash, unpack->hash);
		ring_end(unpack->tar);
	}
	inflate_free(inflate);
	return NULL;
}

static void *run_write(void *argument)
{
	struct layer_unpack *unpack = argument;
	struct error err = {0};

	if (!layer_tar_apply(unpack->tar, unpack->folder_fd, &unpack->size_bytes, &err))
		fail(unpack, &err);
	return NULL;
}

bool layer_unpack_start(struct layer_unpack **out, int folder_fd, struct error *err)
{
	struct layer_unpack *unpack = mem_alloc(1, sizeof *unpack);

	unpack->folder_fd = folder_fd;
	unpack->came = ring_new(CAME_BLOCKS, CAME_BLOCK_SIZE);
	unpack->tar = ring_new(TAR_BLOCKS, TAR_BLOCK_SIZE);
	pthread_mutex_init(&unpack->lock, NULL);
	if (!thread_start(&unpack->inflating, "inflate", run_inflate, unpack, err)) {
		layer_unpack_free(unpack);
		return false;
	}
	if (!thread_start(&unpack->writing, "write-layer", run_write, unpack, err)) {
		ring_stop(unpack->came);
		pthread_join(unpack->inflating, NULL);
		layer_unpack_free(unpack);
		return false;
	}
	unpack->running = true;
	*out = unpack;
	return true;
}

bool layer_unpack_write(struct layer_unpack *unpack, struct str bytes, struct error *err)
{
	while (bytes.len) {
		size_t room;
		char *at = ring_room(unpack->came, &room);

		if (!at)
			return tell(unpack, err);
		size_t len = bytes.len < room ? bytes.len : room;
		memcpy(at, bytes.data, len);
		ring_filled(unpack->came, len);
		bytes = str_from(bytes, len);
	}
	return true;
}

static void join(struct layer_unpack *unpack)
{
	pthread_join(unpack->inflating, NULL);
	pthread_join(unpack->writing, NULL);
	unpack->running = false;
}

bool layer_unpack_finish(struct layer_unpack *unpack, struct digest *diff_id, int64_t *size_bytes, struct error *err)
{
	ring_end(unpack->came);
	join(unpack);
	if (unpack->failure.kind)
		return tell(unpack, err);
	*diff_id = (struct digest){.algorithm = DIGEST_SHA256};
	memcpy(diff_id->hash, unpack->hash, digest_hash_size(DIGEST_SHA256));
	*size_bytes = unpack->size_bytes;
	return true;
}

void layer_unpack_free(struct layer_unpack *unpack)
{
	if (!unpack)
		return;
	if (unpack->running) {
		ring_stop(unpack->came);
		ring_stop(unpack->tar);
		join(unpack);
	}
	ring_free(unpack->came);
	ring_free(unpack->tar);
	pthread_mutex_destroy(&unpack->lock);
	error_clear(&unpack->failure);
	free(unpack);
}

void layer_unpack_cleanup(struct layer_unpack **unpack)
{
	layer_unpack_free(*unpack);
}
