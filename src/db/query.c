/* Statements, the same for every database behind. */
#include "db/db_internal.h"

struct db_query *db_query(struct db_tx *tx, const char *sql, const struct db_value *values, size_t count, struct error *err)
{
	return tx->backend->query(tx->connection, sql, values, count, err);
}

bool db_next(struct db_query *query, struct error *err)
{
	return query->backend->next(query, err);
}

bool db_run(struct db_tx *tx, const char *sql, const struct db_value *values, size_t count, struct error *err)
{
	struct error failed = {0};
	struct db_query *query = db_query(tx, sql, values, count, err);

	if (!query)
		return false;
	while (db_next(query, &failed))
		continue;
	db_query_end(query);
	return failed.kind == ERROR_NONE || error_move(err, &failed);
}

int64_t db_changed(const struct db_tx *tx)
{
	return tx->backend->changed(tx->connection);
}

int64_t db_int(const struct db_query *query, int column)
{
	return query->backend->column_int(query, column);
}

struct str db_text(const struct db_query *query, int column)
{
	return query->backend->column_text(query, column);
}

bool db_is_null(const struct db_query *query, int column)
{
	return query->backend->column_is_null(query, column);
}

void db_query_end(struct db_query *query)
{
	if (query)
		query->backend->query_end(query);
}

void db_query_cleanup(struct db_query **query)
{
	db_query_end(*query);
	*query = NULL;
}

bool db_ask_int(struct db_tx *tx, const char *sql, const struct db_value *values, size_t count, int64_t *value, bool *found, struct error *err)
{
	struct error failed = {0};
	cleanup_query struct db_query *query = db_query(tx, sql, values, count, err);

	if (!query)
		return false;
	*found = db_next(query, &failed);
	if (*found)
		*value = db_int(query, 0);
	return failed.kind == ERROR_NONE || error_move(err, &failed);
}
