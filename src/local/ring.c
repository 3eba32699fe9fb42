#include "local/ring_internal.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/mem.h"

struct ring {
	size_t blocks, block_size;
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t moved;
	size_t first, full; /* blocks first … first + full - 1 are the reader's, round the ring */
	bool ended, stopped;
	/* The rest is one side's own. */
	size_t filling;  /* writer: bytes in the block behind the full ones */
	bool reading;    /* reader: holds the first block */
	size_t *lengths; /* of a full block; set by the writer before it hands it over */
	char *memory;
};

struct ring *ring_new(size_t blocks, size_t block_size)
{
	struct ring *ring = mem_alloc(1, sizeof *ring);

	ring->blocks = blocks;
	ring->block_size = block_size;
	ring->lengths = mem_alloc(blocks, sizeof *ring->lengths);
	ring->memory = mem_alloc(blocks, block_size);
	pthread_mutex_init(&ring->lock, NULL);
	pthread_cond_init(&ring->moved, NULL);
	return ring;
}

void ring_free(struct ring *ring)
{
	if (!ring)
		return;
	pthread_cond_destroy(&ring->moved);
	pthread_mutex_destroy(&ring->lock);
	free(ring->lengths);
	free(ring->memory);
	free(ring);
}

/* first + full is the writer's block, and does not change while the writer holds it: the reader moves both. */
static size_t writers_block(const struct ring *ring)
{
	return (ring->first + ring->full) % ring->blocks;
}

char *ring_room(struct ring *ring, size_t *room)
{
	char *at = NULL;

	pthread_mutex_lock(&ring->lock);
	while (ring->full == ring->blocks && !ring->stopped)
		pthread_cond_wait(&ring->moved, &ring->lock);
	if (!ring->stopped) {
		at = ring->memory + writers_block(ring) * ring->block_size + ring->filling;
		*room = ring->block_size - ring->filling;
	}
	pthread_mutex_unlock(&ring->lock);
	return at;
}

/* With the lock held. */
static void hand_over(struct ring *ring)
{
	ring->lengths[writers_block(ring)] = ring->filling;
	ring->filling = 0;
	ring->full++;
	pthread_cond_broadcast(&ring->moved);
}

void ring_filled(struct ring *ring, size_t len)
{
	ring->filling += len;
	if (ring->filling < ring->block_size)
		return;
	pthread_mutex_lock(&ring->lock);
	hand_over(ring);
	pthread_mutex_unlock(&ring->lock);
}

void ring_end(struct ring *ring)
{
	pthread_mutex_lock(&ring->lock);
	if (ring->filling)
		hand_over(ring);
	ring->ended = true;
	pthread_cond_broadcast(&ring->moved);
	pthread_mutex_unlock(&ring->lock);
}

bool ring_next(struct ring *ring, struct str *bytes)
{
	*bytes = (struct str){0};
	pthread_mutex_lock(&ring->lock);
	if (ring->reading) {
		ring->reading = false;
		ring->first = (ring->first + 1) % ring->blocks;
		ring->full--;
		pthread_cond_broadcast(&ring->moved);
	}
	while (!ring->full && !ring->ended && !ring->stopped)
		pthread_cond_wait(&ring->moved, &ring->lock);
	bool going = !ring->stopped;
	if (going && ring->full) {
		ring->reading = true;
		*bytes = str_make(ring->memory + ring->first * ring->block_size, ring->lengths[ring->first]);
	}
	pthread_mutex_unlock(&ring->lock);
	return going;
}

void ring_stop(struct ring *ring)
{
	pthread_mutex_lock(&ring->lock);
	ring->stopped = true;
	pthread_cond_broadcast(&ring->moved);
	pthread_mutex_unlock(&ring->lock);
}
