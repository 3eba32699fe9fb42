/*
 * The states of a connection and what leads from one to the next. Everything here runs on the connection's loop. A connection ends only while no
 * worker and no answer to come has its request: until then `failed` says that it will.
 */
#include "net/server_internal.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/mem.h"

/* Reads on for a little after the last answer: a reset because of unread bytes could take the answer from the client. */
static void linger(struct connection *connection)
{
	connection->state = CONNECTION_LINGER;
	connection->body_rest = 0;
	connection_end_writing(connection);
	timer_start(connection, TIMER_LINGER);
}

static bool linger_run(struct connection *connection)
{
	struct loop *loop = connection->loop;
	size_t budget = READ_BUDGET;

	while (budget) {
		size_t got;
		enum io_result result = connection_read(connection, loop->scratch, sizeof loop->scratch, &got);
		connection->body_rest += (int64_t)got;
		if (result == IO_DRY)
			return false;
		if (result != IO_SOME || connection->body_rest > LINGER_MAX) {
			connection_close(connection);
			return false;
		}
		budget -= got < budget ? got : budget;
	}
	link_append(&loop->run, &connection->run);
	return false;
}

/* Ready for the next request; what came of it already stays. */
static void next_request(struct connection *connection)
{
	size_t kept = connection->in_len - connection->in_done, need = kept + connection->next.len;

	if (connection->request.body_charged)
		body_release(connection);
	request_reset(&connection->request);
	if (kept)
		memmove(connection->in, connection->in + connection->in_done, kept);
	if (need > connection->in_capacity || (need <= HEAD_FIRST_SIZE && connection->in_capacity > HEAD_FIRST_SIZE)) {
		connection->in_capacity = need > HEAD_FIRST_SIZE ? need : HEAD_FIRST_SIZE;
		connection->in = mem_resize(connection->in, connection->in_capacity, 1);
	}
	if (connection->next.len)
		memcpy(connection->in + kept, connection->next.data, connection->next.len);
	buf_free(&connection->next);
	connection->in_len = need;
	connection->in_done = 0;
	connection->blank_skipped = connection->answer_ready = connection->continue_due = false;
	connection->sink_begun = connection->sink_over = false;
	connection->state = CONNECTION_HEAD;
	if (need == 0 && atomic_load(&connection->loop->server->stopping))
		connection_close(connection);
}

/* The answer has left, or failed. */
static void answer_done(struct connection *connection)
{
	struct request *request = &connection->request;
	const struct server_settings *settings = &connection->loop->server->settings;

	timer_stop(connection);
	if (settings->answered) {
		request_enter(request);
		settings->answered(request, request->status, connection->sent, clock_monotonic_us() - request->started_us);
		request_leave();
	}
	answer_release(request);
	if (connection->failed)
		connection_close(connection);
	else if (connection->keep && connection->body_left != 0)
		connection->state = CONNECTION_REST;
	else if (connection->keep)
		next_request(connection);
	else if (connection->body_left == 0 && connection->in_done == connection->in_len && !connection->next.len && !connection->can_read)
		connection_close(connection);
	else
		linger(connection);
}

static void plain_refusal(struct request *request, int status, const char *why)
{
	char text[128];
	int len = snprintf(text, sizeof text, "%s\n", why);

	request_answer_header(request, "Content-Type", "text/plain; charset=utf-8");
	request_answer(request, status, str_make(text, len < (int)sizeof text ? (size_t)len : sizeof text - 1));
}

/* Those that a path knows, for a method that it does not. */
static void add_allow(struct request *request)
{
	char text[64] = "";
	size_t len = 0;

	for (size_t i = 0; i < HTTP_METHODS_COUNT; i++)
		if (request->match.methods & 1u << i)
			len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", len ? ", " : "", http_method_name((enum http_method)i));
	request_answer_header(request, "Allow", "%s", text);
}

/* Behind a call that may have answered on the loop. */
static void after_call(struct connection *connection)
{
	connection->handling = false;
	request_leave();
	if (connection->answer_ready)
		answer_begin(connection);
}

void connection_refuse(struct connection *connection, int status, const char *why)
{
	const struct server_settings *settings = &connection->loop->server->settings;
	struct request *request = &connection->request;

	timer_stop(connection);
	connection->state = CONNECTION_WAIT;
	connection->handling = true;
	request_enter(request);
	if (status == 405)
		add_allow(request);
	if (settings->refuse && !connection->tls.spoke_plain)
		settings->refuse(request, status, why);
	else
		plain_refusal(request, status, why);
	assert(atomic_load(&request->answered));
	after_call(connection);
}

static void run_handler(struct thread_task *task)
{
	struct request *request = LINK_OWNER(task, struct request, task);

	request_enter(request);
	request->handle(request);
	request_leave();
}

void request_hand_over(struct request *request, void (*handle)(struct request *request))
{
	request->handle = handle;
	request->task.run = run_handler;
	thread_pool_add(request_connection(request)->loop->server->workers, &request->task);
}

void connection_handle(struct connection *connection)
{
	struct request *request = &connection->request;
	const struct route *route = request->match.route;

	timer_stop(connection);
	connection->state = CONNECTION_WAIT;
	if (route->place == ROUTE_ON_WORKER) {
		request_hand_over(request, route->handle);
		return;
	}
	connection->handling = true;
	request_enter(request);
	route->handle(request);
	after_call(connection);
}

/* The server's own name for this request: an odd step through all 64-bit numbers from a random start, so none comes twice. */
static void start_request(struct connection *connection)
{
	struct request *request = &connection->request;
	struct loop *loop = connection->loop;

	loop->next_id += 0x9e3779b97f4a7c15u;
	uint64_t id = loop->next_id;
	hex_encode_lower(request->id, (const uint8_t *)&id, sizeof id);
	request->started_us = loop->now_us;
	connection->keep = true;
	connection->body_status = 0;
	connection->body_got = connection->body_rest = 0;
	connection->pace = (struct pace){0};
	connection->chunked = (struct chunked){0};
	timer_stop(connection);
}

/* A head that cannot be read: where the next request would begin nobody knows. */
static void refuse_head(struct connection *connection, int status, const char *why)
{
	start_request(connection);
	connection->keep = false;
	connection->body_left = -1;
	connection_refuse(connection, status, why);
}

static bool is_admitted(struct connection *connection)
{
	const struct server_settings *settings = &connection->loop->server->settings;
	struct request *request = &connection->request;

	if (!settings->admit)
		return true;
	connection->handling = true;
	connection->state = CONNECTION_WAIT;
	request_enter(request);
	bool admitted = settings->admit(request, request->match.route);
	assert(admitted != atomic_load(&request->answered));
	after_call(connection);
	return admitted;
}

/* A whole head has come. */
static void dispatch(struct connection *connection)
{
	struct request *request = &connection->request;
	const char *why;

	start_request(connection);
	connection->in_done = request->head.length;
	connection->body_left = request->head.content_length;
	connection->continue_due = request->head.expect_continue;
	int status = request_parse(request, connection->loop->server->router, connection->in, &why);
	if (status != 400 && limits_refuse_request(connection))
		return;
	if (status) {
		if (status == 400) {
			connection->keep = false;
			connection->body_left = -1;
		}
		connection_refuse(connection, status, why);
		return;
	}
	if (!is_admitted(connection))
		return;
	const struct route *route = request->match.route;
	if (route->sink || (route->body_max && connection->body_left != 0)) {
		connection->state = CONNECTION_BODY;
		if (!route->sink && connection->body_left > 0 && (uint64_t)connection->body_left > route->body_max)
			connection_refuse(connection, 413, "the body is too large");
		return;
	}
	connection_handle(connection);
}

/* An empty line before a request is an old client's mistake (RFC 9112, 2.2): one is overlooked. True when more has to come to know. */
static bool skip_blank(struct connection *connection)
{
	if (connection->blank_skipped || !connection->in_len || connection->in[0] != '\r')
		return false;
	if (connection->in_len == 1)
		return true;
	connection->blank_skipped = true;
	if (connection->in[1] == '\n') {
		connection->in_len -= 2;
		memmove(connection->in, connection->in + 2, connection->in_len);
	}
	return false;
}

/* Reads a little more of a head; false when nothing has come. */
static bool read_head(struct connection *connection)
{
	size_t got, limit = connection->loop->policy->limits.header_bytes;

	if (connection->in_len == connection->in_capacity) {
		connection->in_capacity = connection->in_capacity * 2 < limit ? connection->in_capacity * 2 : limit + HEAD_FIRST_SIZE;
		connection->in = mem_resize(connection->in, connection->in_capacity, 1);
	}
	enum io_result result = connection_read(connection, connection->in + connection->in_len, connection->in_capacity - connection->in_len, &got);
	connection->in_len += got;
	if (result == IO_SOME)
		return true;
	if (result != IO_DRY)
		connection_close(connection);
	else if (connection->in_len && (connection->timer != TIMER_HEAD || link_alone(&connection->timer_link)))
		timer_start(connection, TIMER_HEAD);
	else if (link_alone(&connection->timer_link))
		timer_start(connection, TIMER_IDLE);
	return false;
}

static bool head_run(struct connection *connection)
{
	struct guard *guard = &connection->request.head;
	size_t limit = connection->loop->policy->limits.header_bytes;

	for (;;) {
		enum guard_result result = GUARD_MORE;
		if (connection->tls.spoke_plain) {
			refuse_head(connection, 400, "this address speaks TLS: say https:// instead of http://");
			return true;
		}
		if (connection->in_len && !skip_blank(connection))
			result = guard_check(guard, connection->in, connection->in_len, limit);
		if (result == GUARD_DONE) {
			dispatch(connection);
			return true;
		}
		if (result == GUARD_REFUSED) {
			refuse_head(connection, guard->status, guard->why);
			return true;
		}
		if (!read_head(connection))
			return false;
	}
}

static bool answer_run(struct connection *connection)
{
	uint64_t before = connection->socket_sent;

	if (connection->fetch.running)
		return false;
	if (!connection->failed && !answer_send(connection)) {
		if (connection->fetch.running) {
			/* It is the disk that is waited for, not the client. */
			timer_stop(connection);
			pace_wait(&connection->pace, false, connection->loop->now_us);
			return false;
		}
		if (limits_wait_for_reader(connection, connection->socket_sent != before))
			return false;
		limits_give_up_reader(connection);
	}
	answer_done(connection);
	return true;
}

static bool rest_run(struct connection *connection)
{
	if (!body_drop(connection))
		return false;
	timer_stop(connection);
	if (connection->body_left == 0)
		next_request(connection);
	else
		linger(connection);
	return true;
}

void connection_run(struct connection *connection)
{
	int requests = 0;
	bool more = true;

	if (connection->tls.out.len || connection->tls.paused)
		tls_go_on(connection);
	while (more) {
		switch (connection->state) {
		case CONNECTION_HEAD:
			if (requests++ == REQUESTS_BUDGET) {
				link_append(&connection->loop->run, &connection->run);
				return;
			}
			more = head_run(connection);
			break;
		case CONNECTION_BODY:
			more = body_run(connection);
			break;
		case CONNECTION_ANSWER:
			more = answer_run(connection);
			break;
		case CONNECTION_REST:
			more = rest_run(connection);
			break;
		case CONNECTION_LINGER:
			more = linger_run(connection);
			break;
		default:
			more = false;
		}
	}
}

void connection_posted(struct connection *connection, unsigned int flags)
{
	if (flags & POST_ADOPT) {
		connection_adopt(connection->loop, connection);
		return;
	}
	if (flags & POST_ANSWERED)
		connection->answer_ready = true;
	if (flags & POST_FETCHED)
		connection->fetch.running = false;
	if (flags & POST_JOB_DONE)
		sink_job_done(connection);
	if (connection->answer_ready && connection->state == CONNECTION_WAIT)
		answer_begin(connection);
	connection_run(connection);
}

void connection_timed_out(struct connection *connection)
{
	switch (connection->state) {
	case CONNECTION_HEAD:
		if (connection->in_len == 0) {
			if (connection->tls.ssl && !connection->tls.established)
				loop_count(connection->loop, COUNTER_TLS_FAILURES, 1);
			connection_close(connection);
			return;
		}
		loop_count(connection->loop, COUNTER_TIMEOUTS, 1);
		refuse_head(connection, 408, "the request did not come in time");
		break;
	case CONNECTION_BODY:
		loop_count(connection->loop, COUNTER_TIMEOUTS, 1);
		connection->body_status = 408;
		break;
	case CONNECTION_ANSWER:
		if (limits_reader_moved(connection) && limits_wait_for_reader(connection, true))
			return;
		limits_give_up_reader(connection);
		break;
	default:
		connection_close(connection);
		return;
	}
	connection_run(connection);
}
