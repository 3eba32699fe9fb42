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
