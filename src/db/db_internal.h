/*
 * What lies between db.c, which knows of writers and readers, and a database behind it. One connection is used by one thread at a time.
 */
#ifndef DB_DB_INTERNAL_H
#define DB_DB_INTERNAL_H

#include "db/db.h"

struct db_connection; /* the backend's own */

/* A hook of db_after_commit. */
struct db_hook {
	void (*done)(void *argument);
	void *argument;
};

struct db_tx {
	const struct db_backend *backend;
	struct db_connection *connection;
	bool is_change;
	bool never_waits;
	struct db_hook *hooks; /* owned */
	size_t hooks_count, hooks_capacity;
};

/* The functions of one kind of database. All that fail set *err. */
struct db_backend {
	const char *scheme; /* "sqlite:" */
	bool (*open)(struct db_connection **out, const char *where, bool writes, bool shared, struct error *err);
	void (*close)(struct db_connection *connection);
	bool (*script)(struct db_connection *connection, const char *sql, struct error *err); /* several statements */
	/* While it may not, reading fails instead of waiting for the disk or for others. NULL: it always may have to wait. */
	void (*may_wait)(struct db_connection *connection, bool may);
	/* durable: its commit waits for the disk. */
	bool (*begin)(struct db_connection *connection, bool writes, bool durable, struct error *err);
	bool (*commit)(struct db_connection *connection, struct error *err);
	void (*rollback)(struct db_connection *connection);
	/* A savepoint takes one change of a group back alone. */
	bool (*savepoint)(struct db_connection *connection, struct error *err);
	bool (*release)(struct db_connection *connection, struct error *err);
	bool (*rollback_to)(struct db_connection *connection, struct error *err);
	/* True when the error undid the whole transaction, so that no savepoint is left. */
	bool (*is_lost)(struct db_connection *connection);
	struct db_query *(*query)(struct db_connection *connection, const char *sql, const struct db_value *values, size_t count, struct error *err);
	bool (*next)(struct db_query *query, struct error *err);
	void (*query_end)(struct db_query *query);
	int64_t (*changed)(struct db_connection *connection);
	int64_t (*column_int)(const struct db_query *query, int column);
	struct str (*column_text)(const struct db_query *query, int column);
	bool (*column_is_null)(const struct db_query *query, int column);
};

/* A backend's query begins with this. */
struct db_query {
	const struct db_backend *backend;
};

extern const struct db_backend db_sqlite;

/* Brings the database behind an open writing connection to the last migration. */
bool db_migrate(
	const struct db_backend *backend, struct db_connection *connection, const struct db_migration *migrations, size_t count, struct error *err);

#endif
