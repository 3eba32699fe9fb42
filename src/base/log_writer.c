/*
 * The way of a line to standard error. Once the thread runs, callers put their line into `waiting` and go on; the thread takes all of it at once,
 * writes it in one call, and rests for a moment, so that under load a line costs its caller a copy and no system call.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log_internal.h"
#include "base/thread.h"

#define WAITING_MAX ((size_t)4 * 1024 * 1024) /* 15,000 lines: what some tenths of a second bring at full load */
#define KEPT_MAX ((size_t)64 * 1024)          /* memory over this is given back */
#define REST_NS 2000000

enum mode {
	MODE_DIRECT, /* no thread */
	MODE_THREAD,
	MODE_STUCK, /* the thread did not end in time: standard error takes nothing */
};

/* The process has one standard error; what is on its way there is here. */
static struct {
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t wake;  /* there is something to write, or the end has come */
	pthread_cond_t done;
	enum mode mode;
	bool ending, ended;
	struct buf waiting;
	uint64_t dropped, told; /* lines; of how many the log has told */
	pthread_t thread;
} out = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER, .done = PTHREAD_COND_INITIALIZER};

/* False when standard error is closed or broken: what is left is lost, as there is nobody to tell. */
static bool write_all(struct str text)
{
	while (text.len) {
		ssize_t written = write(STDERR_FILENO, text.data, text.len);

		if (written >= 0) {
			text = str_from(text, (size_t)written);
		} else if (errno == EAGAIN) {
			/* Somebody who shares it made it non-blocking. */
			struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};
			poll(&ready, 1, -1);
		} else if (errno != EINTR) {
			return false;
		}
	}
	return true;
}

static uint64_t count_lines(struct str text)
{
	uint64_t count = 0;

	for (size_t i = 0; i < text.len; i++)
		count += text.data[i] == '\n';
	return count;
}

static void rest(void)
{
	const struct timespec span = {.tv_nsec = REST_NS};

	nanosleep(&span, NULL);
}

/* Writes what was taken; true when it told of that many dropped lines. */
static bool write_taken(const struct buf *taken, uint64_t dropped)
{
	bool written = write_all(buf_str(taken));

	if (!written) {
		pthread_mutex_lock(&out.lock);
		out.dropped += count_lines(buf_str(taken));
		pthread_mutex_unlock(&out.lock);
	} else if (dropped) {
		log_warning("%llu lines of the log were dropped: standard error did not take them in time", (unsigned long long)dropped);
	}
	return written;
}

static void *write_lines(void *argument)
{
	(void)argument;
	struct buf taken = {0};

	pthread_mutex_lock(&out.lock);
	for (;;) {
		while (!out.waiting.len && !out.ending)
			pthread_cond_wait(&out.wake, &out.lock);
		if (!out.waiting.len)
			break;
		struct buf empty = taken;
		taken = out.waiting;
		out.waiting = empty;
		uint64_t dropped = out.dropped - out.told;
		bool ending = out.ending;
		pthread_mutex_unlock(&out.lock);

		bool told = write_taken(&taken, dropped) && dropped;
		if (taken.capacity > KEPT_MAX)
			buf_free(&taken);
		buf_clear(&taken);
		if (!ending)
			rest();
		pthread_mutex_lock(&out.lock);
		out.told += told ? dropped : 0;
	}
	out.ended = true;
	pthread_cond_signal(&out.done);
	pthread_mutex_unlock(&out.lock);
	buf_free(&taken);
	return NULL;
}

/* Under the lock: for the thread to write. */
static void put(struct str line)
{
	if (out.waiting.len + line.len > WAITING_MAX) {
		out.dropped++;
		return;
	}
	bool first = !out.waiting.len;
	buf_add_str(&out.waiting, line);
	if (first)
		pthread_cond_signal(&out.wake);
}

void log_write(struct str line)
{
	pthread_mutex_lock(&out.lock);
	enum mode mode = out.mode;
	if (mode == MODE_THREAD)
		put(line);
	else if (mode == MODE_STUCK)
		out.dropped++;
	pthread_mutex_unlock(&out.lock);
	if (mode == MODE_DIRECT)
		write_all(line);
}

bool log_start(struct error *err)
{
	pthread_mutex_lock(&out.lock);
	bool started = out.mode == MODE_THREAD;
	if (!started && out.mode == MODE_DIRECT) {
		out.ending = out.ended = false;
		started = thread_start(&out.thread, "log", write_lines, NULL, err);
		out.mode = started ? MODE_THREAD : MODE_DIRECT;
	}
	pthread_mutex_unlock(&out.lock);
	return started;
}

void log_stop(unsigned int timeout_ms)
{
	struct timespec until;
	int waited = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += timeout_ms / 1000;
	until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&out.lock);
	bool runs = out.mode == MODE_THREAD;
	if (runs) {
		out.ending = true;
		pthread_cond_signal(&out.wake);
		while (!out.ended && waited == 0)
			waited = pthread_cond_timedwait(&out.done, &out.lock, &until);
		out.mode = out.ended ? MODE_DIRECT : MODE_STUCK;
	}
	bool ended = out.ended;
	pthread_mutex_unlock(&out.lock);
	if (!runs)
		return;
	if (ended)
		pthread_join(out.thread, NULL);
	else
		pthread_detach(out.thread);
	if (ended)
		buf_free(&out.waiting);
}

uint64_t log_dropped(void)
{
	pthread_mutex_lock(&out.lock);
	uint64_t dropped = out.dropped;
	pthread_mutex_unlock(&out.lock);
	return dropped;
}
