/* Numbered migrations forward, each one transaction. */
#include "base/clock.h"
#include "db/db_internal.h"

static bool apply(struct db_tx *tx, const struct db_migration *migration, struct error *err)
{
	if (!tx->backend->begin(tx->connection, true, true, err))
		return false;
	if (tx->backend->script(tx->connection, migration->sql, err) &&
		db_run(tx, "INSERT INTO migrations (number, name, applied_at) VALUES ($1, $2, $3)",
			DB_ARGS(DB_INT(migration->number), DB_TEXT(str_of(migration->name)), DB_INT(clock_now_us())), err) &&
		tx->backend->commit(tx->connection, err))
		return true;
	tx->backend->rollback(tx->connection);
	return error_prefix(err, "migration %d (%s)", migration->number, migration->name);
}

/* The number that the database stands at. Asked of a new one it is 0, and its table is made. */
static bool version(struct db_tx *tx, int64_t *number, struct error *err)
{
	bool found;

	return tx->backend->script(tx->connection,
		       "CREATE TABLE IF NOT EXISTS migrations (number BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL)",
		       err) &&
	       db_ask_int(tx, "SELECT COALESCE(MAX(number), 0) FROM migrations", DB_NONE, number, &found, err);
}

bool db_migrate(
	const struct db_backend *backend, struct db_connection *connection, const struct db_migration *migrations, size_t count, struct error *err)
{
	struct db_tx tx = {.backend = backend, .connection = connection, .is_change = true};
	int64_t at = 0;

	if (!version(&tx, &at, err))
		return false;
	if (at > (int64_t)count)
		return error_set(err, ERROR_UNSUPPORTED, "the database is at version %lld, and this program knows %zu: use a newer program",
			(long long)at, count);
	for (size_t i = (size_t)at; i < count; i++) {
		int64_t now;

		/* Another process may have done it since; the migration is asked again under the write lock by its primary key. */
		if (!apply(&tx, &migrations[i], err)) {
			struct error ignored = {0};
			bool done = version(&tx, &now, &ignored) && now >= migrations[i].number;

			error_clear(&ignored);
			if (!done)
				return false;
			error_clear(err);
		}
	}
	return true;
}
