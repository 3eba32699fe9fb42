/*
 * Writers and readers. A database of one process has a writer thread, which commits the changes that wait together. A shared one (naru's own store)
 * has none: a change runs on its caller's thread, and other processes wait for it in the database.
 */
#include "db/db.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "db/db_internal.h"

#define READERS_DEFAULT 8
#define GROUP_MAX 256 /* changes in one commit: bounds how long the first of them waits */

/* A change that waits; lives on its caller's stack. */
struct change {
	db_function *run;
	void *argument;
	struct error err;
	bool is_volatile; /* db_change_volatile's */
	bool committed, answered;
	bool over; /* it took a transaction with it and is not run again */
	pthread_cond_t answer;
	struct log_request request; /* that its caller works for */
	struct db_hook *hooks;      /* owned; what to tell after the commit */
	size_t hooks_count;
	struct change *next;
};

/* A connection for reads that never wait: whoever finds it free takes it. */
struct reader_now {
	atomic_bool taken;
	struct db_connection *connection;
};

struct db {
	const struct db_backend *backend;
	char *where; /* without the scheme */
	bool shared;

	pthread_mutex_t lock; /* guards the queue and ending */
	pthread_cond_t wake;
	struct change *first, *last;
	size_t waiting; /* changes from first to last */
	bool ending;
	bool has_thread;
	pthread_t thread;
	struct db_connection *writer; /* the writer thread's; in a shared database whoever holds writer_lock */
	pthread_mutex_t writer_lock;

	pthread_mutex_t readers_lock; /* guards what follows */
	pthread_cond_t reader_free;
	size_t readers_max, readers_open, readers_idle;
	struct db_connection **idle; /* readers_idle of them */
	uint64_t reads, reads_waited;

	size_t now_count;
	struct reader_now *now;
	_Atomic uint64_t reads_now, reads_not_now;

	/* Counted by the writer. */
	_Atomic uint64_t changes, changes_failed, groups_failed;
	_Atomic int64_t busy_since_us; /* 0: it waits */
	struct histogram group_changes, commit_us;
};

const struct histogram_bounds db_group_bounds = {9, {1, 2, 4, 8, 16, 32, 64, 128, 256}};
const struct histogram_bounds db_commit_bounds = {
	16, {100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000}};

/* Forgets what an earlier try left. */
static void forget_try(struct change *change)
{
	error_clear(&change->err);
	free(change->hooks);
	change->hooks = NULL;
	change->hooks_count = 0;
	change->committed = false;
}

/* Runs one change inside the open transaction. False: it was taken back alone, or (*lost) the whole transaction is gone. */
static bool run_change(struct db *db, struct change *change, bool *lost)
{
	struct db_tx tx = {.backend = db->backend, .connection = db->writer, .is_change = true};

	forget_try(change);
	log_request_set(log_request_id(&change->request));
	bool done = db->backend->savepoint(db->writer, &change->err) && change->run(&tx, change->argument, &change->err) &&
		    db->backend->release(db->writer, &change->err);
	change->hooks = tx.hooks;
	change->hooks_count = tx.hooks_count;
	if (done)
		return true;
	if (change->err.kind == ERROR_NONE)
		error_set(&change->err, ERROR_INTERNAL, "a change failed without saying why");
	change->hooks_count = 0;
	*lost = db->backend->is_lost(db->writer) || !db->backend->rollback_to(db->writer, NULL);
	return false;
}

/* What the group from first to end came to. */
static void count_commit(struct db *db, const struct change *first, const struct change *end, bool committed, int64_t took_us)
{
	uint64_t changes = 0;

	for (const struct change *change = first; change != end; change = change->next)
		changes += change->committed;
	if (!committed) {
		atomic_fetch_add(&db->groups_failed, 1);
	} else if (changes) {
		histogram_count(&db->group_changes, &db_group_bounds, changes);
		histogram_count(&db->commit_us, &db_commit_bounds, (uint64_t)took_us);
	}
}

/*
 * One transaction around the changes from first to end that are not over. False: one of them took the whole transaction with it; that one is over,
 * and of the others nothing is decided.
 */
static bool try_group(struct db *db, struct change *first, const struct change *end)
{
	cleanup_error struct error err = {0};
	bool lost = false, durable = false;

	for (struct change *change = first; change != end; change = change->next)
		durable = durable || !change->is_volatile;
	bool open = db->backend->begin(db->writer, true, durable, &err);
	for (struct change *change = first; open && !lost && change != end; change = change->next) {
		if (change->over)
			continue;
		change->committed = run_change(db, change, &lost);
		change->over = lost;
	}
	int64_t started_us = clock_monotonic_us();
	bool committed = open && !lost && db->backend->commit(db->writer, &err);
	count_commit(db, first, end, committed, clock_monotonic_us() - started_us);
	if (open && !committed)
		db->backend->rollback(db->writer);
	for (struct change *change = first; !lost && !committed && change != end; change = change->next) {
		change->committed = false;
		if (change->err.kind == ERROR_NONE)
			error_set(&change->err, err.kind, "%s", error_text(&err));
	}
	return !lost;
}

/* Afterwards each change of the group has committed, and its hooks have run, or has its error. */
static void run_group(struct db *db, struct change *group)
{
	atomic_store(&db->busy_since_us, clock_monotonic_us());
	/* What one change broke (a full disk, mostly) is not the others' loss: each gets a transaction of its own. */
	if (!try_group(db, group, NULL))
		for (struct change *change = group; change; change = change->next)
			try_group(db, change, change->next);

	for (struct change *change = group; change; change = change->next) {
		log_request_set(log_request_id(&change->request));
		for (size_t i = 0; change->committed && i < change->hooks_count; i++)
			change->hooks[i].done(change->hooks[i].argument);
		free(change->hooks);
		atomic_fetch_add(&db->changes, 1);
		atomic_fetch_add(&db->changes_failed, !change->committed);
	}
	atomic_store(&db->busy_since_us, 0);
}

static struct change *take_group(struct db *db)
{
	struct change *group = db->first, *last = group;

	size_t count = 1;

	for (; last->next && count < GROUP_MAX; count++)
		last = last->next;
	db->waiting -= count;
	db->first = last->next;
	if (!db->first)
		db->last = NULL;
	last->next = NULL;
	return group;
}

static void *write_changes(void *argument)
{
	struct db *db = argument;

	pthread_mutex_lock(&db->lock);
	for (;;) {
		while (!db->first && !db->ending)
			pthread_cond_wait(&db->wake, &db->lock);
		if (!db->first)
			break;
		struct change *group = take_group(db);
		pthread_mutex_unlock(&db->lock);
		run_group(db, group);
		pthread_mutex_lock(&db->lock);
		for (struct change *change = group, *next; change; change = next) {
			next = change->next;
			change->answered = true;
			pthread_cond_signal(&change->answer);
		}
	}
	pthread_mutex_unlock(&db->lock);
	return NULL;
}

static void wait_for_writer(struct db *db, struct change *change)
{
	pthread_cond_init(&change->answer, NULL);
	pthread_mutex_lock(&db->lock);
	if (db->last)
		db->last->next = change;
	else
		db->first = change;
	db->last = change;
	db->waiting++;
	pthread_cond_signal(&db->wake);
	while (!change->answered)
		pthread_cond_wait(&change->answer, &db->lock);
	pthread_mutex_unlock(&db->lock);
	pthread_cond_destroy(&change->answer);
}

static bool change_run(struct db *db, struct change *change, struct error *err)
{
	change->request = log_request_get();
	if (db->has_thread) {
		wait_for_writer(db, change);
	} else {
		pthread_mutex_lock(&db->writer_lock);
		run_group(db, change);
		pthread_mutex_unlock(&db->writer_lock);
	}
	if (!change->committed)
		error_move(err, &change->err);
	error_clear(&change->err);
	return change->committed;
}

bool db_change(struct db *db, db_function *fn, void *argument, struct error *err)
{
	return change_run(db, &(struct change){.run = fn, .argument = argument}, err);
}

bool db_change_volatile(struct db *db, db_function *fn, void *argument, struct error *err)
{
	return change_run(db, &(struct change){.run = fn, .argument = argument, .is_volatile = true}, err);
}

static struct db_connection *take_reader(struct db *db, struct error *err)
{
	struct db_connection *connection = NULL;

	pthread_mutex_lock(&db->readers_lock);
	db->reads++;
	db->reads_waited += !db->readers_idle && db->readers_open == db->readers_max;
	while (!db->readers_idle && db->readers_open == db->readers_max)
		pthread_cond_wait(&db->reader_free, &db->readers_lock);
	bool opens = !db->readers_idle;
	if (opens)
		db->readers_open++;
	else
		connection = db->idle[--db->readers_idle];
	pthread_mutex_unlock(&db->readers_lock);

	if (opens && !db->backend->open(&connection, db->where, false, db->shared, err)) {
		pthread_mutex_lock(&db->readers_lock);
		db->readers_open--;
		pthread_cond_signal(&db->reader_free);
		pthread_mutex_unlock(&db->readers_lock);
		return NULL;
	}
	return connection;
}

static void give_reader(struct db *db, struct db_connection *connection)
{
	pthread_mutex_lock(&db->readers_lock);
	db->idle[db->readers_idle++] = connection;
	pthread_cond_signal(&db->reader_free);
	pthread_mutex_unlock(&db->readers_lock);
}

bool db_read(struct db *db, db_function *fn, void *argument, struct error *err)
{
	struct db_connection *connection = take_reader(db, err);

	if (!connection)
		return false;
	struct db_tx tx = {.backend = db->backend, .connection = connection};
	bool done = db->backend->begin(connection, false, false, err) && fn(&tx, argument, err);
	db->backend->rollback(connection);
	give_reader(db, connection);
	return done;
}

static struct reader_now *take_now(struct db *db)
{
	for (size_t i = 0; i < db->now_count; i++)
		if (!atomic_exchange_explicit(&db->now[i].taken, true, memory_order_acquire))
			return &db->now[i];
	return NULL;
}

bool db_read_now(struct db *db, db_function *fn, void *argument, struct error *err)
{
	struct reader_now *reader = take_now(db);

	if (!reader) {
		atomic_fetch_add_explicit(&db->reads_not_now, 1, memory_order_relaxed);
		return error_set(err, ERROR_UNAVAILABLE, "no reader is free");
	}
	struct db_tx tx = {.backend = db->backend, .connection = reader->connection, .never_waits = true};
	db->backend->may_wait(reader->connection, false);
	bool done = fn(&tx, argument, err);
	db->backend->may_wait(reader->connection, true);
	atomic_store_explicit(&reader->taken, false, memory_order_release);
	if (!done && err->kind != ERROR_NOT_FOUND)
		err->kind = ERROR_UNAVAILABLE;
	atomic_fetch_add_explicit(done || err->kind == ERROR_NOT_FOUND ? &db->reads_now : &db->reads_not_now, 1, memory_order_relaxed);
	return done;
}

bool db_never_waits(const struct db_tx *tx)
{
	return tx->never_waits;
}

static bool open_now(struct db *db, size_t count, struct error *err)
{
	db->now = mem_alloc(count, sizeof *db->now);
	for (; db->backend->may_wait && db->now_count < count; db->now_count++)
		if (!db->backend->open(&db->now[db->now_count].connection, db->where, false, db->shared, err))
			return false;
	return true;
}

void db_after_commit(struct db_tx *tx, void (*done)(void *argument), void *argument)
{
	tx->hooks = mem_grow(tx->hooks, tx->hooks_count, &tx->hooks_capacity, sizeof *tx->hooks);
	tx->hooks[tx->hooks_count++] = (struct db_hook){done, argument};
}

void db_counters(struct db *db, struct db_counters *out)
{
	int64_t busy_since_us = atomic_load(&db->busy_since_us), now_us = clock_monotonic_us();

	*out = (struct db_counters){
		.changes = atomic_load(&db->changes),
		.changes_failed = atomic_load(&db->changes_failed),
		.groups_failed = atomic_load(&db->groups_failed),
		.busy_us = busy_since_us ? now_us - busy_since_us : 0,
	};
	histogram_read(&db->group_changes, &out->group_changes);
	histogram_read(&db->commit_us, &out->commit_us);
	pthread_mutex_lock(&db->lock);
	out->waiting = db->waiting;
	pthread_mutex_unlock(&db->lock);
	pthread_mutex_lock(&db->readers_lock);
	out->readers_max = db->readers_max;
	out->readers_open = db->readers_open;
	out->readers_busy = db->readers_open - db->readers_idle;
	out->reads = db->reads;
	out->reads_waited = db->reads_waited;
	pthread_mutex_unlock(&db->readers_lock);
	out->reads_now = atomic_load(&db->reads_now);
	out->reads_not_now = atomic_load(&db->reads_not_now);
}

bool db_open(struct db **out, const struct db_settings *settings, struct error *err)
{
	const struct db_backend *backend = &db_sqlite;

	if (!str_starts(str_of(settings->where), str_of(backend->scheme)))
		return error_set(err, ERROR_UNSUPPORTED, "database '%s' does not begin with sqlite:", settings->where);

	struct db *db = mem_alloc(1, sizeof *db);
	db->backend = backend;
	db->where = str_dup(str_from(str_of(settings->where), strlen(backend->scheme)));
	db->shared = settings->shared;
	db->readers_max = settings->readers ? settings->readers : READERS_DEFAULT;
	db->idle = mem_alloc(db->readers_max, sizeof(struct db_connection *));
	pthread_mutex_init(&db->lock, NULL);
	pthread_cond_init(&db->wake, NULL);
	pthread_mutex_init(&db->writer_lock, NULL);
	pthread_mutex_init(&db->readers_lock, NULL);
	pthread_cond_init(&db->reader_free, NULL);
	if (!backend->open(&db->writer, db->where, true, db->shared, err) ||
		!db_migrate(backend, db->writer, settings->migrations, settings->migrations_count, err) ||
		!open_now(db, settings->readers_now, err) ||
		(!db->shared && !(db->has_thread = thread_start(&db->thread, "db-writer", write_changes, db, err)))) {
		error_prefix(err, "%s", db->where);
		db_close(db);
		return false;
	}
	*out = db;
	return true;
}

void db_close(struct db *db)
{
	if (!db)
		return;
	pthread_mutex_lock(&db->lock);
	db->ending = true;
	pthread_cond_signal(&db->wake);
	pthread_mutex_unlock(&db->lock);
	if (db->has_thread)
		pthread_join(db->thread, NULL);
	for (size_t i = 0; i < db->readers_idle; i++)
		db->backend->close(db->idle[i]);
	for (size_t i = 0; i < db->now_count; i++)
		db->backend->close(db->now[i].connection);
	db->backend->close(db->writer);
	pthread_mutex_destroy(&db->lock);
	pthread_cond_destroy(&db->wake);
	pthread_mutex_destroy(&db->writer_lock);
	pthread_mutex_destroy(&db->readers_lock);
	pthread_cond_destroy(&db->reader_free);
	free(db->idle);
	free(db->now);
	free(db->where);
	free(db);
}
