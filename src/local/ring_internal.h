/* Bytes on their way from one thread to another through a fixed number of blocks, so that memory stays bounded and nothing is copied twice. */
#ifndef LOCAL_RING_INTERNAL_H
#define LOCAL_RING_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct ring;

/* Owned; free with ring_free once both threads are done with it. */
struct ring *ring_new(size_t blocks, size_t block_size);
void ring_free(struct ring *ring);

/* The writer: where the next bytes go, *room of them; waits for a free block. NULL when the ring was stopped. */
char *ring_room(struct ring *ring, size_t *room);
/* The writer: that many were put there. A full block goes over to the reader. */
void ring_filled(struct ring *ring, size_t len);
/* The writer: no more will come. */
void ring_end(struct ring *ring);

/* The reader: gives the last bytes back, waits for the next ones. Length 0 is the end; false when the ring was stopped. */
bool ring_next(struct ring *ring, struct str *bytes);

/* From any thread: both sides fail from now on, and whoever waits wakes. */
void ring_stop(struct ring *ring);

#endif
