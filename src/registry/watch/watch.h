/*
 * How the registry is watched: /metrics, /healthz and /readyz, and the line that each request leaves in the log.
 *
 * What may hang (the database, the disk) is asked by a thread of its own, every two seconds; handlers look at what it found and how long ago, so
 * that they answer at once, whatever has stopped.
 */
#ifndef REGISTRY_WATCH_WATCH_H
#define REGISTRY_WATCH_WATCH_H

#include "blobs/blobs.h"
#include "db/db.h"
#include "net/server.h"

struct watch;
struct distribution;

struct watch_settings {
	const struct route *routes; /* the server's; kept */
	size_t routes_count;
	size_t loops;                            /* of the server: each counts apart */
	struct db *db;                           /* kept, as are the next three */
	const struct distribution *distribution; /* for its counters */
	const char *folder;                      /* with the database */
	const char *storage_folder;              /* with the content; NULL: the same */
	bool log_requests;                       /* a line a request */
};

struct watch *watch_new(const struct watch_settings *settings);
/* Starts the thread that asks. */
bool watch_start(struct watch *watch, struct error *err);
/* Once the server runs, for its counters; it must outlive the requests that it serves, as it does. */
void watch_set_server(struct watch *watch, const struct server *server);
/* A line a request, or none. From any thread. */
void watch_set_log_requests(struct watch *watch, bool log_requests);
/* /readyz says from now on that it stops, so that nobody sends more. */
void watch_stopping(struct watch *watch);
/* Ends the thread. No request may be running. NULL is fine. */
void watch_free(struct watch *watch);

/* For server_settings.answered: counts, and logs. */
void watch_answered(const struct request *request, int status, int64_t sent_bytes, int64_t took_us);

/* Handlers, on a loop. */
void watch_healthz(struct request *request); /* this process answers */
void watch_readyz(struct request *request);  /* … and can do its work; 503 and what is wrong when not */
void watch_metrics(struct request *request); /* Prometheus' text format, 0.0.4 */

#endif
