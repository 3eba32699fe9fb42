/* Where the limits that limits.c knows meet a connection: its requests, and the pace of what moves in and out. */
#include "net/server_internal.h"

#include <stdio.h>

#define PACE_SPAN_US ((int64_t)30 * 1000 * 1000) /* a body is judged whenever its client was waited for so long */

bool limits_refuse_request(struct connection *connection)
{
	const struct server_limits *limits = &connection->loop->policy->limits;
	struct request *request = &connection->request;
	char why[80];

	if (!limits->requests_per_second || !request->client.counted)
		return false;
	int64_t wait_us = limits_request(connection->loop->server->limits, &request->client.key, limits->requests_per_second, limits->requests_burst,
		connection->loop->now_us);
	if (!wait_us)
		return false;
	long long wait_s = (wait_us + 999999) / 1000000;
	loop_count(connection->loop, COUNTER_REFUSED_RATE, 1);
	request_answer_header(request, "Retry-After", "%lld", wait_s);
	snprintf(why, sizeof why, "too many requests from your address: try again in %lld s", wait_s);
	connection_refuse(connection, 429, why);
	return true;
}

/* Whether what moved since this was last judged was too little. The span is half the time that may pass without a byte, where that is shorter. */
static bool is_slow(struct connection *connection, int64_t moved)
{
	const struct server_limits *limits = &connection->loop->policy->limits;
	int64_t span_us = (int64_t)limits->body_timeout_ms * 1000 / 2;

	return pace_is_due(&connection->pace, span_us < PACE_SPAN_US ? span_us : PACE_SPAN_US) &&
	       pace_is_slow(&connection->pace, moved, limits->body_rate_min);
}

bool limits_wait_for_body(struct connection *connection, bool progress)
{
	if (progress || link_alone(&connection->timer_link))
		timer_start(connection, TIMER_BODY);
	pace_wait(&connection->pace, true, connection->loop->now_us);
	if (!is_slow(connection, connection->body_got))
		return true;
	loop_count(connection->loop, COUNTER_TIMEOUTS, 1);
	connection->body_status = 408;
	return false;
}

bool limits_wait_for_reader(struct connection *connection, bool progress)
{
	bool waits = !connection->can_write;

	if (progress || link_alone(&connection->timer_link))
		timer_start(connection, TIMER_BODY);
	pace_wait(&connection->pace, waits, connection->loop->now_us);
	if (!waits)
		return true;
	/* The kernel takes megabytes ahead; what counts is what has arrived. */
	int64_t taken = connection_taken(connection);
	if (connection->taken < 0)
		connection->pace.from = taken;
	connection->taken = taken;
	return !is_slow(connection, taken);
}

void limits_give_up_reader(struct connection *connection)
{
	loop_count(connection->loop, COUNTER_TIMEOUTS, 1);
	connection_drop_unsent(connection);
	connection->failed = true;
}

bool limits_reader_moved(struct connection *connection)
{
	int64_t before = connection->taken;

	connection->taken = connection_taken(connection);
	return connection->taken > before;
}
