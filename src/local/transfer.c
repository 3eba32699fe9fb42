#include "local/transfer_internal.h"

#include "base/mem.h"
#include "base/thread.h"

void transfer_begin(struct transfer *transfer, const struct local_watch *watch, const atomic_bool *canceled)
{
	transfer->watch = watch;
	transfer->canceled = canceled;
	pthread_mutex_init(&transfer->lock, NULL);
}

void transfer_end(struct transfer *transfer)
{
	pthread_mutex_destroy(&transfer->lock);
	error_clear(&transfer->first_error);
}

bool transfer_stopped(const struct transfer *transfer)
{
	return atomic_load(&transfer->stop) || (transfer->canceled && atomic_load(transfer->canceled));
}

void transfer_tell(struct transfer *transfer, const struct local_event *event)
{
	if (!transfer->watch || !transfer->watch->layer)
		return;
	pthread_mutex_lock(&transfer->lock);
	/* After a failure only that failure is of interest: its line comes last. */
	if (!atomic_load(&transfer->stop))
		transfer->watch->layer(transfer->watch->argument, event);
	pthread_mutex_unlock(&transfer->lock);
}

/* Keeps the first failure, and stops the others; what they then report is its echo. */
static void failed(struct transfer *transfer, struct error *err)
{
	pthread_mutex_lock(&transfer->lock);
	if (transfer->first_error.kind == ERROR_NONE)
		error_move(&transfer->first_error, err);
	atomic_store(&transfer->stop, true);
	pthread_mutex_unlock(&transfer->lock);
	error_clear(err);
}

static bool next_take(struct transfer *transfer, size_t *index)
{
	bool more;

	pthread_mutex_lock(&transfer->lock);
	more = !transfer_stopped(transfer) && transfer->next < transfer->count;
	if (more)
		*index = transfer->next++;
	pthread_mutex_unlock(&transfer->lock);
	return more;
}

static void *worker(void *argument)
{
	struct transfer *transfer = argument;
	size_t index;

	while (next_take(transfer, &index)) {
		struct error err = {0};

		if (!transfer->work(transfer, index, &err))
			failed(transfer, &err);
	}
	return NULL;
}

bool transfer_run(struct transfer *transfer, size_t threads, struct error *err)
{
	pthread_t *ids = mem_alloc(threads, sizeof *ids);
	size_t started = 0;

	transfer->next = 0;
	if (threads > transfer->count)
		threads = transfer->count;
	while (started < threads) {
		struct error why = {0};

		if (!thread_start(&ids[started], "layer", worker, transfer, &why)) {
			failed(transfer, &why);
			break;
		}
		started++;
	}
	for (size_t i = 0; i < started; i++)
		pthread_join(ids[i], NULL);
	free(ids);
	if (transfer->first_error.kind != ERROR_NONE)
		return error_move(err, &transfer->first_error);
	if (transfer->canceled && atomic_load(transfer->canceled))
		return error_set(err, ERROR_CANCELED, "canceled");
	return true;
}
