#include "net/server_internal.h"

#include "base/mem.h"

void body_pool_init(struct body_pool *pool, size_t count)
{
	pthread_mutex_init(&pool->lock, NULL);
	pool->free = NULL;
	pool->free_count = 0;
	pool->unmade = count;
	pool->wanted = false;
}

void body_pool_destroy(struct body_pool *pool)
{
	while (pool->free) {
		struct body_buffer *buffer = pool->free;
		pool->free = buffer->next;
		free(buffer);
	}
	pthread_mutex_destroy(&pool->lock);
}

struct body_buffer *body_pool_take(struct body_pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	struct body_buffer *buffer = pool->free;
	bool make = !buffer && pool->unmade;
	if (buffer) {
		pool->free = buffer->next;
		pool->free_count--;
	} else if (make) {
		pool->unmade--;
	} else {
		pool->wanted = true;
	}
	pthread_mutex_unlock(&pool->lock);
	if (make)
		buffer = mem_alloc(1, sizeof *buffer);
	if (buffer) {
		buffer->next = NULL;
		buffer->len = 0;
	}
	return buffer;
}

bool body_pool_give(struct body_pool *pool, struct body_buffer *buffer)
{
	pthread_mutex_lock(&pool->lock);
	bool wanted = pool->wanted;
	pool->wanted = false;
	buffer->next = pool->free;
	pool->free = buffer;
	pool->free_count++;
	pthread_mutex_unlock(&pool->lock);
	return wanted;
}

size_t body_pool_count(struct body_pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	size_t count = pool->free_count + pool->unmade;
	pthread_mutex_unlock(&pool->lock);
	return count;
}

void body_queue_init(struct body_queue *queue)
{
	pthread_mutex_init(&queue->lock, NULL);
	queue->end = &queue->first;
}

void body_queue_destroy(struct body_queue *queue)
{
	pthread_mutex_destroy(&queue->lock);
}

void body_queue_add(struct body_queue *queue, struct body_buffer *buffer)
{
	pthread_mutex_lock(&queue->lock);
	*queue->end = buffer;
	queue->end = &buffer->next;
	queue->count++;
	pthread_mutex_unlock(&queue->lock);
}

bool body_queue_has_room(struct body_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->full = queue->count >= BODY_BUFFERS_EACH;
	bool has_room = !queue->full;
	pthread_mutex_unlock(&queue->lock);
	return has_room;
}

bool body_queue_is_empty(struct body_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	bool is_empty = !queue->first;
	pthread_mutex_unlock(&queue->lock);
	return is_empty;
}

struct body_buffer *body_queue_take(struct body_queue *queue, bool *has_room_again)
{
	pthread_mutex_lock(&queue->lock);
	struct body_buffer *buffer = queue->first;
	if (buffer) {
		queue->first = buffer->next;
		if (!queue->first)
			queue->end = &queue->first;
		queue->count--;
	}
	/* Half empty, not at the first place: the loop then comes for several. */
	*has_room_again = queue->full && queue->count <= BODY_BUFFERS_EACH / 2;
	if (*has_room_again)
		queue->full = false;
	pthread_mutex_unlock(&queue->lock);
	return buffer;
}
