/*
 * Files on their way out that are not in the page cache. A loop never waits for a disk: it asks the kernel whether the next bytes are in memory, and
 * when they are not a worker reads them first. What was fetched is sent whatever the kernel says then, so that a cache that is too small costs speed
 * and no more.
 */
#include "net/server_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"

#define WINDOW ((int64_t)2 * 1024 * 1024) /* looked at, and fetched, in one go */

/* On a worker. What it cannot read is left to the loop, which then knows what to do. */
static void fetch_run(struct thread_task *task)
{
	struct file_fetch *fetch = LINK_OWNER(task, struct file_fetch, task);
	struct connection *connection = LINK_OWNER(fetch, struct connection, fetch);
	char bytes[32 * 1024];
	ssize_t got = 1;

	/* The window behind this one comes while this one leaves. */
	posix_fadvise(fetch->fd, fetch->from, 2 * WINDOW, POSIX_FADV_WILLNEED);
	for (int64_t at = fetch->from; at < fetch->until && got > 0; at += got)
		got = pread(fetch->fd, bytes, sizeof bytes, at);
	loop_post(connection, POST_FETCHED);
}

static void look_at(struct file_fetch *fetch, int fd, int64_t offset, int64_t length)
{
	*fetch = (struct file_fetch){.fd = fd, .from = offset, .until = offset + (length < WINDOW ? length : WINDOW)};
}

bool file_fetched(const struct file_fetch *fetch, int fd, int64_t offset)
{
	return fetch->fd == fd && offset >= fetch->from && offset < fetch->until;
}

void file_fetch(struct connection *connection, int fd, int64_t offset, int64_t length)
{
	struct file_fetch *fetch = &connection->fetch;

	look_at(fetch, fd, offset, length);
	fetch->running = true;
	fetch->task.run = fetch_run;
	thread_pool_add(connection->loop->server->workers, &fetch->task);
}

static bool has_to_wait(int fd, int64_t offset)
{
	char byte;

	return file_read_now(fd, &byte, 1, offset) < 0 && errno == EAGAIN;
}

bool file_is_near(struct connection *connection, int fd, int64_t offset, int64_t length)
{
	struct file_fetch *fetch = &connection->fetch;

	if (file_fetched(fetch, fd, offset))
		return true;
	look_at(fetch, fd, offset, length);
	/* Both ends say enough of what was read from one end to the other, or not at all. */
	if (!has_to_wait(fd, offset) && !has_to_wait(fd, fetch->until - 1))
		return true;
	file_fetch(connection, fd, offset, length);
	return false;
}
