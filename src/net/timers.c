/*
 * Timeouts. All timers of a kind take equally long, so a list in order of starting is in order of ending: every operation is one step. When a reload
 * makes a kind shorter, those that began before it may keep others waiting for up to the old time, once.
 */
#include "net/server_internal.h"

static int64_t kind_us(const struct loop *loop, enum timer_kind kind)
{
	const struct server_limits *limits = &loop->policy->limits;

	switch (kind) {
	case TIMER_HEAD:
		return (int64_t)limits->head_timeout_ms * 1000;
	case TIMER_IDLE:
		return (int64_t)limits->idle_timeout_ms * 1000;
	case TIMER_BODY:
		return (int64_t)limits->body_timeout_ms * 1000;
	default:
		return (int64_t)LINGER_MS * 1000;
	}
}

void timer_start(struct connection *connection, enum timer_kind kind)
{
	struct loop *loop = connection->loop;

	connection->timer = kind;
	connection->timer_at_us = loop->now_us + kind_us(loop, kind);
	link_append(&loop->timers[kind], &connection->timer_link);
}

void timer_stop(struct connection *connection)
{
	link_remove(&connection->timer_link);
}

static struct connection *first_of(const struct loop *loop, size_t kind)
{
	const struct link *list = &loop->timers[kind];

	return link_alone(list) ? NULL : LINK_OWNER(list->next, struct connection, timer_link);
}

int timers_wait_ms(const struct loop *loop)
{
	int64_t first_us = INT64_MAX;

	for (size_t i = 0; i < TIMER_KINDS_COUNT; i++) {
		const struct connection *connection = first_of(loop, i);
		if (connection && connection->timer_at_us < first_us)
			first_us = connection->timer_at_us;
	}
	if (first_us == INT64_MAX)
		return -1;
	if (first_us <= loop->now_us)
		return 0;
	int64_t wait_ms = (first_us - loop->now_us + 999) / 1000;
	return wait_ms > 60000 ? 60000 : (int)wait_ms;
}

void timers_run(struct loop *loop)
{
	for (size_t i = 0; i < TIMER_KINDS_COUNT; i++) {
		struct connection *connection;
		while ((connection = first_of(loop, i)) && connection->timer_at_us <= loop->now_us) {
			timer_stop(connection);
			connection_timed_out(connection);
		}
	}
}
