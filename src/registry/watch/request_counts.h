/*
 * Requests counted by route, method and status, and how long they took. Each loop counts in a part of its own, so that it waits for no lock and
 * shares no cache line; a reader adds the parts up. The label of a route is its pattern: a client cannot make new ones.
 */
#ifndef REGISTRY_WATCH_REQUEST_COUNTS_H
#define REGISTRY_WATCH_REQUEST_COUNTS_H

#include "base/buf.h"
#include "net/server.h"

struct request_counts;

/* loops: how many there are; more than that share the parts. routes are kept. */
struct request_counts *request_counts_new(const struct route *routes, size_t routes_count, size_t loops);
void request_counts_free(struct request_counts *counts);

/* route is NULL when there was none; has_method is false when the head could not be read. */
void request_counts_add(
	struct request_counts *counts, size_t loop, const struct route *route, bool has_method, enum http_method method, int status, int64_t took_us);
/* The families of the metrics. */
void request_counts_write(const struct request_counts *counts, struct buf *out);

#endif
