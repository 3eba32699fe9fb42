/*
 * The log of what happened: one row an event, written in the change that it tells of. Tag history, audit, webhooks and the rest will be its readers.
 */
#ifndef REGISTRY_EVENTS_EVENTS_H
#define REGISTRY_EVENTS_EVENTS_H

#include "base/error.h"
#include "base/str.h"
#include "db/db.h"

struct event {
	const char *kind; /* "manifest.push", "manifest.delete", "tag.delete", "blob.push", "blob.mount", "blob.delete", "blob.damaged" */
	struct str repository;
	struct str reference; /* the tag, or empty */
	struct str digest;
	struct str actor; /* who; empty for nobody known */
};

/* In a change: adds the row. */
bool event_add(struct db_tx *tx, const struct event *event, struct error *err);

#endif
