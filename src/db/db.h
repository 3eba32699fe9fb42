/*
 * The one way to a database: many readers, one writer. There is no begin and no commit to call.
 *
 * A change is a function given to the writer; changes that wait together commit together (one COMMIT for the group, a savepoint for each, so that
 * one that fails takes only itself back), and each caller is answered after the commit is durable. A change talks to no client, file or
 * network, and may be run twice. A read is a function with a consistent view. SQL is what PostgreSQL and SQLite both take; parameters are $1, $2 …
 * in the order of their first use; db/sqlite.c alone knows SQLite.
 */
#ifndef DB_DB_H
#define DB_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/histogram.h"
#include "base/str.h"

struct db;
struct db_tx;    /* one change or read while its function runs; on one thread */
struct db_query; /* rows being read */

/* Applied in the order of their numbers, each in a transaction of its own; sql may hold several statements. */
struct db_migration {
	int number; /* 1, 2, 3 … without gaps */
	const char *name;
	const char *sql; /* "BIGSERIAL PRIMARY KEY", "BIGINT", "TEXT", "BYTEA" are the types */
};

struct db_settings {
	const char *where; /* "sqlite:/path/registry.db" */
	const struct db_migration *migrations;
	size_t migrations_count;
	size_t readers;     /* connections for reading; 0: 8 */
	size_t readers_now; /* and for db_read_now: as many as threads call it, or none */
	bool shared;        /* other processes write too (naru's own store): wait for them instead of failing. false: this process owns it */
};

/* Opens or makes it, migrates it forward. A database with a higher number than the last migration is ERROR_UNSUPPORTED, and left as it is. */
bool db_open(struct db **out, const struct db_settings *settings, struct error *err);
/* Waits for what runs. NULL is fine. */
void db_close(struct db *db);

/* A function of a change or read: true commits a change, false with *err set takes it back. */
typedef bool db_function(struct db_tx *tx, void *argument, struct error *err);

/* Runs fn as a change and returns when it is durable (or taken back: its error). From any thread but a loop; not from inside a change or read. */
bool db_change(struct db *db, db_function *fn, void *argument, struct error *err);
/*
 * As db_change, but returns before it is durable: a power cut may take it back, whole. The next durable change makes it so too; other processes see
 * it at once. For what is worth nothing after a power cut.
 */
bool db_change_volatile(struct db *db, db_function *fn, void *argument, struct error *err);
/* Runs fn with a reader's connection and a consistent view. From any thread but a loop; not from inside a change or read. */
bool db_read(struct db *db, db_function *fn, void *argument, struct error *err);
/*
 * The same on a loop: never waits, neither for the disk nor for another thread. ERROR_UNAVAILABLE when it would have had to, or when anything else is
 * wrong: then the caller goes to a worker and asks db_read, which says what it is. fn fails with ERROR_NOT_FOUND for what is not there. Each query
 * has a view of its own, which saves a tenth of the time: fn asks one that tells all.
 */
bool db_read_now(struct db *db, db_function *fn, void *argument, struct error *err);
/* Either of the two. */
typedef bool db_read_function(struct db *db, db_function *fn, void *argument, struct error *err);
/* Whether this is such a read: then fn may not wait for files either. */
bool db_never_waits(const struct db_tx *tx);
/*
 * From inside a change: runs done(argument) on the writer's thread after the group has committed and before the caller is answered; not when it is
 * taken back. For dropping what was cached.
 */
void db_after_commit(struct db_tx *tx, void (*done)(void *argument), void *argument);

/* What has happened since it was opened, and what is at this moment. */
struct db_counters {
	uint64_t changes, changes_failed; /* answered; those of them that were taken back */
	uint64_t groups_failed;           /* commits that did not succeed */
	struct histogram_values group_changes,
		commit_us; /* changes in each commit, and how long it took, which is the disk's share; by the bounds below */
	size_t waiting;    /* changes that no group has taken yet */
	int64_t busy_us;   /* for how long the writer has been at its present group; 0: it waits for work */
	size_t readers_max, readers_open, readers_busy;
	uint64_t reads, reads_waited;      /* and how many of them had to wait for a connection */
	uint64_t reads_now, reads_not_now; /* of db_read_now: done, and sent to a worker */
};
extern const struct histogram_bounds db_group_bounds, db_commit_bounds;
/* From any thread; waits for no change and no read. */
void db_counters(struct db *db, struct db_counters *out);

enum db_type { DB_TYPE_NULL, DB_TYPE_INT, DB_TYPE_TEXT, DB_TYPE_BYTES };

struct db_value {
	enum db_type type;
	int64_t integer;
	struct str text; /* text or bytes; borrowed until the statement has run */
};

#define DB_NULL ((struct db_value){.type = DB_TYPE_NULL})
#define DB_INT(value) ((struct db_value){.type = DB_TYPE_INT, .integer = (value)})
#define DB_TEXT(value) ((struct db_value){.type = DB_TYPE_TEXT, .text = (value)})
#define DB_BYTES(value) ((struct db_value){.type = DB_TYPE_BYTES, .text = (value)})
/* For the two parameters `values, count`: DB_ARGS(DB_INT(1), DB_TEXT(name)), or DB_NONE. */
#define DB_ARGS(...) (const struct db_value[]){__VA_ARGS__}, sizeof((const struct db_value[]){__VA_ARGS__}) / sizeof(struct db_value)
#define DB_NONE NULL, 0

/* Runs a statement that returns no rows. sql must be a literal or outlive the db: statements are kept prepared by their address. */
bool db_run(struct db_tx *tx, const char *sql, const struct db_value *values, size_t count, struct error *err);
/* Rows that the last db_run of this tx changed. */
int64_t db_changed(const struct db_tx *tx);

/* Starts a statement that returns rows; NULL with *err set when it fails. End with db_query_end before the next change of the same rows. */
struct db_query *db_query(struct db_tx *tx, const char *sql, const struct db_value *values, size_t count, struct error *err);
/* Steps to the next row: false at the end or with *err set. */
bool db_next(struct db_query *query, struct error *err);
/* Columns from 0 of the current row; text and bytes are borrowed until the next step. NULL reads as 0 or empty. */
int64_t db_int(const struct db_query *query, int column);
struct str db_text(const struct db_query *query, int column);
bool db_is_null(const struct db_query *query, int column);
void db_query_end(struct db_query *query);
void db_query_cleanup(struct db_query **query);
#define cleanup_query __attribute__((cleanup(db_query_cleanup)))

/* A question for one row: *found says whether there was one, and its first column is *value (which may be NULL). */
bool db_ask_int(struct db_tx *tx, const char *sql, const struct db_value *values, size_t count, int64_t *value, bool *found, struct error *err);

#endif
