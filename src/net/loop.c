/*
 * One epoll loop: sockets are registered once, edge-triggered in both directions, and never changed again, so that a request costs no epoll_ctl. A
 * connection that has used its budget stands in `run` and goes on in the next turn. Other threads reach a loop only through its inbox.
 */
#include "net/server_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"

#define EVENTS_MAX 128

bool loop_init(struct loop *loop, struct server *server, size_t index, struct error *err)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = loop};

	loop->source = SOURCE_WAKE;
	loop->server = server;
	loop->index = index;
	loop->policy = server->policy;
	policy_hold(loop->policy);
	loop->epoll_fd = loop->wake_fd = -1;
	link_init(&loop->all);
	link_init(&loop->run);
	link_init(&loop->starved);
	link_init(&loop->dead);
	for (size_t i = 0; i < TIMER_KINDS_COUNT; i++)
		link_init(&loop->timers[i]);
	random_bytes(&loop->next_id, sizeof loop->next_id);
	pthread_mutex_init(&loop->inbox_lock, NULL);
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->epoll_fd < 0 || loop->wake_fd < 0 || epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->wake_fd, &event) < 0)
		return error_set_errno(err, errno, "make an event loop");
	return true;
}

void loop_destroy(struct loop *loop)
{
	/* A connection may still have been on its way here when the loop ended. */
	while (loop->inbox_first) {
		struct connection *connection = loop->inbox_first;
		loop->inbox_first = connection->post_next;
		connection_free(connection);
	}
	policy_release(atomic_load(&loop->next_policy));
	policy_release(loop->policy);
	if (loop->epoll_fd >= 0)
		close(loop->epoll_fd);
	if (loop->wake_fd >= 0)
		close(loop->wake_fd);
	buf_free(&loop->tls.gathered);
	pthread_mutex_destroy(&loop->inbox_lock);
}

bool loop_is_current(const struct loop *loop)
{
	return pthread_equal(loop->thread, pthread_self());
}

void loop_wake(struct loop *loop)
{
	uint64_t one = 1;

	/* It can fail only when the counter is full, and then the loop is awake. */
	ssize_t written = write(loop->wake_fd, &one, sizeof one);
	(void)written;
}

void loop_post(struct connection *connection, enum post flag)
{
	struct loop *loop = connection->loop;

	pthread_mutex_lock(&loop->inbox_lock);
	if (!connection->posted) {
		connection->post_next = NULL;
		if (loop->inbox_first) {
			loop->inbox_last->post_next = connection;
		} else {
			loop->inbox_first = connection;
			loop_wake(loop); /* one for all that come until the loop looks; within the lock, as behind it the loop may be gone */
		}
		loop->inbox_last = connection;
	}
	connection->posted |= flag;
	pthread_mutex_unlock(&loop->inbox_lock);
}

static void read_inbox(struct loop *loop)
{
	for (;;) {
		pthread_mutex_lock(&loop->inbox_lock);
		struct connection *connection = loop->inbox_first;
		unsigned int flags = 0;
		if (connection) {
			loop->inbox_first = connection->post_next;
			flags = connection->posted;
			connection->posted = 0;
		}
		pthread_mutex_unlock(&loop->inbox_lock);
		if (!connection)
			return;
		connection_posted(connection, flags);
	}
}

void server_give_buffer(struct server *server, struct body_buffer *buffer)
{
	if (body_pool_give(&server->pool, buffer))
		for (size_t i = 0; i < server->loops_count; i++)
			loop_wake(&server->loops[i]);
}

struct str loop_date(struct loop *loop)
{
	int64_t now_s = clock_now_us() / 1000000;

	if (now_s != loop->date_at_s) {
		static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
		static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
		time_t at = (time_t)now_s;
		struct tm tm;
		gmtime_r(&at, &tm);
		/* RFC 9110, 5.6.7; not strftime, whose words follow the locale. */
		snprintf(loop->date, sizeof loop->date, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday], tm.tm_mday % 100, months[tm.tm_mon],
			(tm.tm_year + 1900) % 10000, tm.tm_hour % 100, tm.tm_min % 100, tm.tm_sec % 100);
		loop->date_at_s = now_s;
	}
	return str_of(loop->date);
}

static void on_event(struct loop *loop, const struct epoll_event *event)
{
	enum source_kind kind = *(enum source_kind *)event->data.ptr;

	if (kind == SOURCE_WAKE) {
		uint64_t count;
		ssize_t got = read(loop->wake_fd, &count, sizeof count);
		(void)got; /* nothing to read is fine: the inbox is looked at in every turn */
	} else if (kind == SOURCE_LISTENER) {
		loop_accept(loop, event->data.ptr);
	} else {
		struct connection *connection = event->data.ptr;
		if (event->events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
			connection->hung_up = true;
		if (event->events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
			connection->can_read = connection->socket_can_read = true;
		if (event->events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
			connection->can_write = true;
		connection_run(connection);
	}
}

/* Those that used up their budget; who uses it up again comes after all others. */
static void run_waiting(struct loop *loop)
{
	struct link now;

	link_init(&now);
	while (!link_alone(&loop->run))
		link_append(&now, loop->run.next);
	while (!link_alone(&now)) {
		struct connection *connection = LINK_OWNER(now.next, struct connection, run);
		link_remove(&connection->run);
		connection_run(connection);
	}
}

static void feed_starved(struct loop *loop)
{
	struct link now;

	link_init(&now);
	while (!link_alone(&loop->starved))
		link_append(&now, loop->starved.next);
	while (!link_alone(&now)) {
		struct connection *connection = LINK_OWNER(now.next, struct connection, starved);
		link_remove(&connection->starved);
		sink_fed(connection);
	}
}

static void bury_dead(struct loop *loop)
{
	while (!link_alone(&loop->dead)) {
		struct connection *connection = LINK_OWNER(loop->dead.next, struct connection, all);
		link_remove(&connection->all);
		connection_free(connection);
	}
}

/* When the server stops: who waits for a request goes at once, who runs may finish until the time is over. */
static void stop_connections(struct loop *loop)
{
	bool over = loop->now_us >= atomic_load(&loop->server->stop_at_us);
	struct link *next;

	if (!loop->stopping)
		loop_set_accepting(loop, false);
	if (loop->stopping && !over)
		return;
	loop->stopping = true;
	for (struct link *link = loop->all.next; link != &loop->all; link = next) {
		struct connection *connection = LINK_OWNER(link, struct connection, all);
		next = link->next;
		if (over || (connection->state == CONNECTION_HEAD && connection->in_len == 0) || connection->state == CONNECTION_LINGER)
			connection_abort(connection);
	}
}

static int wait_ms(struct loop *loop)
{
	int wait = timers_wait_ms(loop);

	if (!link_alone(&loop->run))
		return 0;
	/* Paused for too many connections or descriptors, or stopping: look again soon. */
	if ((!loop->accepting || loop->stopping) && (wait < 0 || wait > 50))
		wait = 50;
	return wait;
}

void *loop_run(void *argument)
{
	struct loop *loop = argument;
	struct server *server = loop->server;
	struct epoll_event events[EVENTS_MAX];

	loop->thread = pthread_self();
	loop->now_us = clock_monotonic_us();
	while (!loop->stopping || atomic_load(&loop->connections) > 0) {
		int count = epoll_wait(loop->epoll_fd, events, EVENTS_MAX, wait_ms(loop));
		loop->now_us = clock_monotonic_us();
		policy_take(loop);
		for (int i = 0; i < count; i++)
			on_event(loop, &events[i]);
		read_inbox(loop);
		run_waiting(loop);
		if (!link_alone(&loop->starved))
			feed_starved(loop);
		timers_run(loop);
		if (atomic_load(&server->stopping))
			stop_connections(loop);
		else if (!loop->accepting)
			loop_set_accepting(loop, true);
		bury_dead(loop);
	}
	return NULL;
}
