/*
 * A body that streams: the loop fills buffers, a worker calls the sink. There is at most one job of a request at a time; it takes buffers as long as
 * there are some. The loop fills the next meanwhile, up to BODY_BUFFERS_EACH, and then leaves the socket alone until half of them are gone.
 */
#include "net/server_internal.h"

#define BUFFER_FULL (BODY_BUFFER_SIZE - 4096) /* less room than that is not worth a system call */

/* On a worker. */
static void run_job(struct thread_task *task)
{
	struct sink_job *job = LINK_OWNER(task, struct sink_job, task);
	struct request *request = LINK_OWNER(job, struct request, job);
	struct connection *connection = request_connection(request);
	const struct body_sink *sink = request->match.route->sink;
	request_enter(request);
	bool begun = !job->begin || sink->begin(request);

	job->refused = !begun;
	struct body_buffer *buffer;
	bool has_room;
	while ((buffer = body_queue_take(&connection->filled, &has_room))) {
		if (has_room)
			loop_post(connection, POST_ROOM);
		if (!job->refused)
			job->refused = !sink->chunk(request, str_make(buffer->data, buffer->len));
		server_give_buffer(connection->loop->server, buffer);
	}
	job->ended = begun && (job->end || job->refused);
	if (job->ended)
		sink->end(request, job->complete && !job->refused);
	request_leave();
	loop_post(connection, POST_JOB_DONE);
}

static void push_filled(struct connection *connection)
{
	body_queue_add(&connection->filled, connection->filling);
	connection->filling = NULL;
}

/* Nobody wants more of this body, or no more of it will come. */
static bool is_abandoned(const struct connection *connection)
{
	return connection->answer_ready || connection->failed || connection->body_status;
}

/* Fills buffers with what the socket has; true when some came. */
static bool fill(struct connection *connection)
{
	struct loop *loop = connection->loop;
	size_t budget = READ_BUDGET;
	bool progress = false;

	while (connection->body_left != 0 && (connection->can_read || connection->in_done < connection->in_len)) {
		size_t got;
		if (!connection->filling) {
			if (!body_queue_has_room(&connection->filled))
				break;
			connection->filling = body_pool_take(&loop->server->pool);
			if (!connection->filling) {
				link_append(&loop->starved, &connection->starved);
				break;
			}
		}
		struct body_buffer *buffer = connection->filling;
		enum io_result result = body_read(connection, buffer->data + buffer->len, BODY_BUFFER_SIZE - buffer->len, &got);
		buffer->len += got;
		progress |= result == IO_SOME || result == IO_END;
		if (buffer->len >= BUFFER_FULL)
			push_filled(connection);
		if (result == IO_FAILED)
			break;
		budget -= got < budget ? got : budget;
		if (budget == 0) {
			link_append(&loop->run, &connection->run);
			break;
		}
	}
	return progress;
}

/* Gives a worker something to do when there is something and none has this request. */
static void schedule(struct connection *connection)
{
	struct sink_job *job = &connection->request.job;

	if (connection->job_running || connection->sink_over)
		return;
	if (is_abandoned(connection)) {
		body_release(connection);
		connection->sink_over = !connection->sink_begun;
		if (connection->sink_over)
			return;
		*job = (struct sink_job){.end = true};
	} else {
		if (connection->filling && connection->filling->len)
			push_filled(connection);
		if (connection->sink_begun && connection->body_left != 0 && body_queue_is_empty(&connection->filled))
			return;
		*job = (struct sink_job){
			.begin = !connection->sink_begun,
			.end = connection->body_left == 0,
			.complete = true,
		};
	}
	job->task.run = run_job;
	connection->job_running = true;
	thread_pool_add(connection->loop->server->workers, &job->task);
}

void sink_job_done(struct connection *connection)
{
	struct sink_job *job = &connection->request.job;

	connection->job_running = false;
	if (job->begin && !job->refused)
		connection->sink_begun = true;
	connection->sink_over = job->refused || job->ended;
	if (connection->continue_due && !connection->sink_over && !is_abandoned(connection))
		body_continue(connection);
}

void sink_fed(struct connection *connection)
{
	connection_run(connection);
}

/* The sink is done with: what comes now is the answer, from whoever has it. */
static void finish(struct connection *connection)
{
	bool whole = connection->request.job.ended && connection->request.job.complete && !connection->request.job.refused;

	timer_stop(connection);
	body_release(connection);
	connection->state = CONNECTION_WAIT;
	if (connection->answer_ready)
		answer_begin(connection);
	else if (whole || atomic_load(&connection->request.answered))
		return; /* it is on its way here, or will be */
	else if (connection->failed || connection->body_status < 0)
		connection_close(connection);
	else if (connection->body_status)
		connection_refuse(
			connection, connection->body_status, connection->body_status == 408 ? "the body did not come in time" : "malformed body");
	else
		connection_refuse(connection, 500, "the request was left without an answer");
}

bool sink_run(struct connection *connection)
{
	bool progress = false;

	if (!is_abandoned(connection) && !connection->sink_over && !connection->continue_due)
		progress = fill(connection);
	schedule(connection);
	if (connection->sink_over && !connection->job_running) {
		finish(connection);
		return connection->state != CONNECTION_WAIT;
	}
	bool waits_for_client = !connection->continue_due && !is_abandoned(connection) && connection->body_left != 0 && !connection->can_read;
	if (!waits_for_client) {
		timer_stop(connection);
		pace_wait(&connection->pace, false, connection->loop->now_us);
	} else if (!limits_wait_for_body(connection, progress)) {
		return sink_run(connection); /* which gives it up */
	}
	return false;
}
