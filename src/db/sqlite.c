/* The one file that knows SQLite. */
#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "db/db_internal.h"
#include "db/sqlite_now.h"

#define STATEMENT_SLOTS 256 /* a power of two, well over the number of literals in the program */
#define SHARED_CHECKPOINT_PAGES 200
#define WAL_RETRY_MS 5
#define BUSY_TIMEOUT_MS 30000 /* another process' write, in a shared database */

struct statement {
	const char *sql; /* the literal's address is the key */
	sqlite3_stmt *prepared;
	bool in_use;
};

struct db_connection {
	sqlite3 *handle;
	bool shared;
	bool is_volatile; /* synchronous=NORMAL: in WAL mode a commit does not wait for the disk, a checkpoint does */
	struct statement statements[STATEMENT_SLOTS];
};

struct sqlite_query {
	struct db_query base;
	struct db_connection *connection;
	sqlite3_stmt *prepared;
	struct statement *slot; /* NULL: prepared for this one use */
};

static bool fail(struct db_connection *connection, const char *doing, struct error *err)
{
	int code = sqlite3_errcode(connection->handle), os_errno = sqlite3_system_errno(connection->handle);
	bool refused = code == SQLITE_IOERR || code == SQLITE_CANTOPEN; /* by the operating system; os_errno is of this error */
	enum error_kind kind = ERROR_SYSTEM;

	if (code == SQLITE_FULL || (refused && (os_errno == ENOSPC || os_errno == EDQUOT)))
		kind = ERROR_NO_SPACE;
	else if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
		kind = ERROR_UNAVAILABLE;
	else if (code == SQLITE_CONSTRAINT)
		kind = ERROR_CONFLICT;
	else if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
		kind = ERROR_CORRUPT;
	error_set(err, kind, "database: %.200s: %s", doing, sqlite3_errmsg(connection->handle));
	if (err && kind == ERROR_NO_SPACE)
		err->os_errno = ENOSPC;
	else if (err && refused)
		err->os_errno = os_errno;
	return false;
}

static bool run_text(struct db_connection *connection, const char *sql, struct error *err)
{
	return sqlite3_exec(connection->handle, sql, NULL, NULL, NULL) == SQLITE_OK || fail(connection, sql, err);
}

static void close_connection(struct db_connection *connection)
{
	if (!connection)
		return;
	for (size_t i = 0; i < STATEMENT_SLOTS; i++)
		sqlite3_finalize(connection->statements[i].prepared);
	sqlite3_close_v2(connection->handle);
	free(connection);
}

static int busy_timeout_ms(const struct db_connection *connection)
{
	return connection->shared ? BUSY_TIMEOUT_MS : 5000;
}

/* When several processes make the database at once, SQLite refuses all but one of them at once, without its busy timeout: so we ask again. */
static bool use_wal(struct db_connection *connection, struct error *err)
{
	static const char ask[] = "PRAGMA journal_mode=WAL";
	int code, waited_ms = 0;

	while ((code = sqlite3_exec(connection->handle, ask, NULL, NULL, NULL)) == SQLITE_BUSY && waited_ms < busy_timeout_ms(connection))
		waited_ms += sqlite3_sleep(WAL_RETRY_MS);
	return code == SQLITE_OK || fail(connection, ask, err);
}

/*
 * WAL, so that readers and the writer do not wait for each other; synchronous=FULL, so that a commit is on the disk when it returns.
 * A database of many processes is checkpointed by whoever passes the mark, not by each that closes it last: that is two more syncs a command. The
 * mark is lower, since the first to open it again reads the whole log.
 */
static bool open_connection(struct db_connection **out, const char *where, bool writes, bool shared, struct error *err)
{
	struct db_connection *connection = mem_alloc(1, sizeof *connection);

	sqlite_now_prepare();
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (writes ? SQLITE_OPEN_CREATE : 0);

	if (sqlite3_open_v2(where, &connection->handle, flags, NULL) != SQLITE_OK) {
		fail(connection, where, err);
		close_connection(connection);
		return false;
	}
	connection->shared = shared;
	sqlite3_busy_timeout(connection->handle, busy_timeout_ms(connection));
	sqlite3_extended_result_codes(connection->handle, 0);
	if (shared) {
		sqlite3_db_config(connection->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
		sqlite3_wal_autocheckpoint(connection->handle, SHARED_CHECKPOINT_PAGES);
	}
	if (!use_wal(connection, err) ||
		!run_text(connection, "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF; PRAGMA temp_store=MEMORY", err) ||
		!run_text(connection, writes ? "PRAGMA cache_size=-4000" : "PRAGMA cache_size=-2000", err)) {
		close_connection(connection);
		return false;
	}
	*out = connection;
	return true;
}

static void sqlite_may_wait(struct db_connection *connection, bool may)
{
	sqlite3_busy_timeout(connection->handle, may ? busy_timeout_ms(connection) : 0);
	sqlite_now_set(!may);
}

/* PostgreSQL's name for a key that counts up is not one that SQLite counts up for. */
static bool run_script(struct db_connection *connection, const char *sql, struct error *err)
{
	static const char portable[] = "BIGSERIAL PRIMARY KEY", own[] = "INTEGER PRIMARY KEY AUTOINCREMENT";
	cleanup_buf struct buf script = {0};

	for (const char *at; (at = strstr(sql, portable)); sql = at + sizeof portable - 1) {
		buf_add(&script, sql, (size_t)(at - sql));
		buf_add_text(&script, own);
	}
	buf_add_text(&script, sql);
	return run_text(connection, script.data, err);
}

static bool is_lost(struct db_connection *connection)
{
	return sqlite3_get_autocommit(connection->handle) != 0;
}

/* The kept statement of this literal, or one of its own when its slot is taken or in use. */
static bool prepare(struct sqlite_query *query, const char *sql, struct error *err)
{
	struct db_connection *connection = query->connection;
	size_t at = ((uintptr_t)sql >> 3) * 2654435761u % STATEMENT_SLOTS;

	for (size_t tries = 0; tries < 8; tries++, at = (at + 1) % STATEMENT_SLOTS) {
		struct statement *slot = &connection->statements[at];

		if (slot->sql && slot->sql != sql)
			continue;
		if (slot->in_use)
			break;
		if (!slot->prepared && sqlite3_prepare_v3(connection->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &slot->prepared, NULL) != SQLITE_OK)
			return fail(connection, sql, err);
		*slot = (struct statement){sql, slot->prepared, true};
		query->slot = slot;
		query->prepared = slot->prepared;
		return true;
	}
	if (sqlite3_prepare_v2(connection->handle, sql, -1, &query->prepared, NULL) != SQLITE_OK)
		return fail(connection, sql, err);
	return true;
}

static int bind(sqlite3_stmt *prepared, int at, const struct db_value *value)
{
	const char *text = value->text.data ? value->text.data : "";

	switch (value->type) {
	case DB_TYPE_INT:
		return sqlite3_bind_int64(prepared, at, value->integer);
	case DB_TYPE_TEXT:
		return sqlite3_bind_text64(prepared, at, text, value->text.len, SQLITE_STATIC, SQLITE_UTF8);
	case DB_TYPE_BYTES:
		return sqlite3_bind_blob64(prepared, at, text, value->text.len, SQLITE_STATIC);
	case DB_TYPE_NULL:
		break;
	}
	return sqlite3_bind_null(prepared, at);
}

static void query_end(struct db_query *base)
{
	struct sqlite_query *query = (struct sqlite_query *)base;

	if (query->slot) {
		sqlite3_reset(query->prepared);
		sqlite3_clear_bindings(query->prepared);
		query->slot->in_use = false;
	} else {
		sqlite3_finalize(query->prepared);
	}
	free(query);
}

static struct db_query *start_query(struct db_connection *connection, const char *sql, const struct db_value *values, size_t count, struct error *err)
{
	struct sqlite_query *query = mem_alloc(1, sizeof *query);

	*query = (struct sqlite_query){.base = {&db_sqlite}, .connection = connection};
	if (!prepare(query, sql, err)) {
		free(query);
		return NULL;
	}
	for (size_t i = 0; i < count; i++) {
		if (bind(query->prepared, (int)i + 1, &values[i]) != SQLITE_OK) {
			fail(connection, sql, err);
			query_end(&query->base);
			return NULL;
		}
	}
	return &query->base;
}

static bool next(struct db_query *base, struct error *err)
{
	struct sqlite_query *query = (struct sqlite_query *)base;
	int answer = sqlite3_step(query->prepared);

	if (answer == SQLITE_ROW)
		return true;
	if (answer != SQLITE_DONE)
		fail(query->connection, sqlite3_sql(query->prepared), err);
	return false;
}

/* A statement without rows and values, prepared once. */
static bool run_kept(struct db_connection *connection, const char *literal, struct error *err)
{
	struct error failed = {0};
	struct db_query *query = start_query(connection, literal, NULL, 0, err);

	if (!query)
		return false;
	next(query, &failed);
	query_end(query);
	return failed.kind == ERROR_NONE || error_move(err, &failed);
}

static bool begin(struct db_connection *connection, bool writes, bool durable, struct error *err)
{
	/* It cannot be changed inside of a transaction. */
	if (writes && durable == connection->is_volatile) {
		if (!run_text(connection, durable ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL", err))
			return false;
		connection->is_volatile = !durable;
	}
	return run_kept(connection, writes ? "BEGIN IMMEDIATE" : "BEGIN", err);
}

static bool commit(struct db_connection *connection, struct error *err)
{
	return run_kept(connection, "COMMIT", err);
}

static void rollback(struct db_connection *connection)
{
	if (!is_lost(connection))
		run_kept(connection, "ROLLBACK", NULL);
}

static bool savepoint(struct db_connection *connection, struct error *err)
{
	return run_kept(connection, "SAVEPOINT one", err);
}

static bool release(struct db_connection *connection, struct error *err)
{
	return run_kept(connection, "RELEASE one", err);
}

static bool rollback_to(struct db_connection *connection, struct error *err)
{
	return run_kept(connection, "ROLLBACK TO one", err) && run_kept(connection, "RELEASE one", err);
}

static int64_t changed(struct db_connection *connection)
{
	return sqlite3_changes64(connection->handle);
}

static int64_t column_int(const struct db_query *base, int column)
{
	return sqlite3_column_int64(((const struct sqlite_query *)base)->prepared, column);
}

static struct str column_text(const struct db_query *base, int column)
{
	sqlite3_stmt *prepared = ((const struct sqlite_query *)base)->prepared;
	const void *data = sqlite3_column_blob(prepared, column);

	return (struct str){data, (size_t)sqlite3_column_bytes(prepared, column)};
}

static bool column_is_null(const struct db_query *base, int column)
{
	return sqlite3_column_type(((const struct sqlite_query *)base)->prepared, column) == SQLITE_NULL;
}

const struct db_backend db_sqlite = {
	.scheme = "sqlite:",
	.open = open_connection,
	.close = close_connection,
	.script = run_script,
	.may_wait = sqlite_may_wait,
	.begin = begin,
	.commit = commit,
	.rollback = rollback,
	.savepoint = savepoint,
	.release = release,
	.rollback_to = rollback_to,
	.is_lost = is_lost,
	.query = start_query,
	.next = next,
	.query_end = query_end,
	.changed = changed,
	.column_int = column_int,
	.column_text = column_text,
	.column_is_null = column_is_null,
};
