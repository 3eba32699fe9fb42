/* What pull and push share: telling how it goes, working on several layers at once. */
#ifndef LOCAL_TRANSFER_INTERNAL_H
#define LOCAL_TRANSFER_INTERNAL_H

#include <pthread.h>

#include "local/local_internal.h"

/* One transfer's state; what its threads share is guarded by lock. */
struct transfer {
	const struct local_watch *watch; /* may be NULL */
	const atomic_bool *canceled;     /* from outside; may be NULL */
	pthread_mutex_t lock;            /* of the two below, and of the calls to watch */
	struct error first_error;
	size_t next;
	atomic_bool stop; /* a layer failed: the others end */
	size_t count;
	/* Does the index-th piece of work; false with *err set ends the transfer. */
	bool (*work)(struct transfer *transfer, size_t index, struct error *err);
};

void transfer_begin(struct transfer *transfer, const struct local_watch *watch, const atomic_bool *canceled);
/* Works on all of count with that many threads at once; the first error is the result. */
bool transfer_run(struct transfer *transfer, size_t threads, struct error *err);
void transfer_end(struct transfer *transfer);

/* Someone said stop: outside, or another layer's failure. */
bool transfer_stopped(const struct transfer *transfer);
void transfer_tell(struct transfer *transfer, const struct local_event *event);

#endif
