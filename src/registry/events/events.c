#include "registry/events/events.h"

#include "base/clock.h"

bool event_add(struct db_tx *tx, const struct event *event, struct error *err)
{
	return db_run(tx, "INSERT INTO events (at, kind, repository, reference, digest, actor) VALUES ($1, $2, $3, $4, $5, $6)",
		DB_ARGS(DB_INT(clock_now_us()), DB_TEXT(str_of(event->kind)), DB_TEXT(event->repository), DB_TEXT(event->reference),
			DB_TEXT(event->digest), DB_TEXT(event->actor)),
		err);
}
