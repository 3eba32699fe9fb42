/* What waits together commits together: one COMMIT, each with a savepoint of its own, hooks before answers; and literals are prepared once. */
#include "tests/unit/db/db_fixture.h"

#include <pthread.h>
#include <sched.h>
#include <sqlite3.h>
#include <stdatomic.h>

#include "base/log.h"

#define WAITING 8

/* ---- what is counted ---- */

static atomic_int commits, prepared, waiting;
static _Thread_local bool is_caller; /* a thread whose wait for the writer is counted */

int __real_sqlite3_step(sqlite3_stmt *statement);
int __wrap_sqlite3_step(sqlite3_stmt *statement);
int __real_sqlite3_prepare_v3(sqlite3 *handle, const char *sql, int bytes, unsigned int flags, sqlite3_stmt **out, const char **tail);
int __wrap_sqlite3_prepare_v3(sqlite3 *handle, const char *sql, int bytes, unsigned int flags, sqlite3_stmt **out, const char **tail);
int __real_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *lock);
int __wrap_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *lock);

int __wrap_sqlite3_step(sqlite3_stmt *statement)
{
	if (strcmp(sqlite3_sql(statement), "COMMIT") == 0)
		atomic_fetch_add(&commits, 1);
	return __real_sqlite3_step(statement);
}

int __wrap_sqlite3_prepare_v3(sqlite3 *handle, const char *sql, int bytes, unsigned int flags, sqlite3_stmt **out, const char **tail)
{
	atomic_fetch_add(&prepared, 1);
	return __real_sqlite3_prepare_v3(handle, sql, bytes, flags, out, tail);
}

int __wrap_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *lock)
{
	if (is_caller)
		atomic_fetch_add(&waiting, 1);
	is_caller = false;
	return __real_pthread_cond_wait(condition, lock);
}

/* ---- a group ---- */

struct caller {
	struct db *db;
	db_function *change;
	char word[16];
	bool answered, hook_ran, hook_was_early, done;
	enum error_kind kind;
	pthread_t thread;
};

static void hook(void *argument)
{
	struct caller *caller = argument;
	int64_t count = 0;

	/* Committed, so that a reader sees it, and not answered. */
	caller->hook_was_early = caller->answered || !db_read(caller->db, count_words, &count, NULL) || count == 0;
	caller->hook_ran = true;
}

static bool add(struct db_tx *tx, void *argument, struct error *err)
{
	struct caller *caller = argument;

	db_after_commit(tx, hook, caller);
	return add_word(tx, caller->word, err);
}

static bool add_and_fail(struct db_tx *tx, void *argument, struct error *err)
{
	return add(tx, argument, err) && error_set(err, ERROR_DENIED, "no");
}

/* Its error takes the whole transaction back, as a full disk may. */
static bool add_and_break(struct db_tx *tx, void *argument, struct error *err)
{
	return add(tx, argument, err) &&
	       db_run(tx, "INSERT OR ROLLBACK INTO words (word) VALUES ($1)", DB_ARGS(DB_TEXT(str_of(((struct caller *)argument)->word))), err);
}

static void *call(void *argument)
{
	struct caller *caller = argument;
	cleanup_error struct error err = {0};

	is_caller = true;
	caller->done = db_change(caller->db, caller->change, caller, &err);
	caller->answered = true;
	caller->kind = err.kind;
	return NULL;
}

/* A change that keeps the writer busy until all the others wait. */
static bool wait_for_all(struct db_tx *tx, void *argument, struct error *err)
{
	struct caller *callers = argument;

	(void)tx;
	for (int i = 0; i < WAITING; i++)
		if (pthread_create(&callers[i].thread, NULL, call, &callers[i]) != 0)
			return error_set(err, ERROR_INTERNAL, "no thread");
	while (atomic_load(&waiting) < WAITING)
		sched_yield();
	return true;
}

/* Runs WAITING changes as one group; the one at place 3 is different. */
static void run_group_with(struct place *place, db_function *different, struct caller callers[static WAITING])
{
	cleanup_error struct error err = {0};

	place_make(place);
	place_open(place, false, FIXTURE_MIGRATIONS);
	for (int i = 0; i < WAITING; i++) {
		callers[i] = (struct caller){.db = place->db, .change = i == 3 ? different : add};
		snprintf(callers[i].word, sizeof callers[i].word, "word%d", i);
	}
	atomic_store(&waiting, 0);
	atomic_store(&commits, 0);
	unit_assert(db_change(place->db, wait_for_all, callers, &err), "%s", error_text(&err));
	for (int i = 0; i < WAITING; i++)
		pthread_join(callers[i].thread, NULL);
}

static void check_others(struct place *place, const struct caller callers[static WAITING])
{
	for (int i = 0; i < WAITING; i++) {
		unit_assert(callers[i].done == (i != 3), "change %d", i);
		unit_assert(callers[i].hook_ran == (i != 3), "the hook of change %d", i);
		unit_assert(!callers[i].hook_was_early, "change %d: its hook ran before the commit or after the answer", i);
	}
	assert_int_equal(words(place->db), WAITING - 1);
}

static void what_waits_together_commits_once_without_the_one_that_fails(void **state)
{
	struct caller callers[WAITING];
	struct place place;

	(void)state;
	run_group_with(&place, add_and_fail, callers);
	unit_assert(commits == 2, "%d commits for one change and %d that waited", commits, WAITING);
	/* The counters say the same; a writer that has answered may not have said yet that it waits. */
	struct db_counters counters;
	do
		db_counters(place.db, &counters);
	while (counters.busy_us);
	assert_int_equal(counters.changes, 1 + WAITING);
	assert_int_equal(counters.changes_failed, 1);
	assert_int_equal(counters.groups_failed, 0);
	assert_int_equal(counters.group_changes.count, 2);
	assert_int_equal(counters.group_changes.sum, WAITING); /* the first alone, then all but the one that failed */
	assert_int_equal(counters.commit_us.count, 2);
	assert_int_equal(counters.waiting, 0);
	assert_int_equal(counters.readers_busy, 0);
	assert_int_equal(callers[3].kind, ERROR_DENIED);
	check_others(&place, callers);
	place_end(&place);
}

static void who_breaks_the_transaction_breaks_it_for_itself_alone(void **state)
{
	struct caller callers[WAITING];
	struct place place;

	(void)state;
	run_group_with(&place, add_and_break, callers);
	assert_int_equal(callers[3].kind, ERROR_CONFLICT);
	check_others(&place, callers);
	place_end(&place);
}

/* ---- a commit that fails ---- */

static bool add_orphan(struct db_tx *tx, void *argument, struct error *err)
{
	db_after_commit(tx, hook, argument);
	return db_run(tx, "INSERT INTO orphans (word) VALUES (1)", DB_NONE, err);
}

static void a_commit_that_fails_is_told_and_the_next_succeeds(void **state)
{
	/* A reference that is checked only at COMMIT. */
	static const struct db_migration migrations[] = {{1, "words",
		"CREATE TABLE words (id BIGSERIAL PRIMARY KEY, word TEXT NOT NULL UNIQUE);"
		"CREATE TABLE orphans (word BIGINT REFERENCES words (id) DEFERRABLE INITIALLY DEFERRED)"}};
	cleanup_error struct error err = {0};
	struct caller caller = {0};
	struct place place;
	char word[] = "word";

	(void)state;
	place_make(&place);
	struct db_settings settings = {.where = place.where, .migrations = migrations, .migrations_count = 1};
	unit_assert(db_open(&place.db, &settings, &err), "%s", error_text(&err));
	caller.db = place.db;
	unit_assert(!db_change(place.db, add_orphan, &caller, &err), "the commit failed and the change was acknowledged");
	assert_true(err.kind != ERROR_NONE);
	assert_false(caller.hook_ran);
	error_clear(&err);
	unit_assert(db_change(place.db, add_word, word, &err), "%s", error_text(&err));
	struct db_counters counters;
	db_counters(place.db, &counters);
	assert_int_equal(counters.groups_failed, 1);
	assert_int_equal(counters.changes_failed, 1);
	place_end(&place);
}

/* ---- whose change it is ---- */

static bool whose(struct db_tx *tx, void *argument, struct error *err)
{
	(void)tx;
	(void)err;
	*(struct log_request *)argument = log_request_get();
	return true;
}

/* What the writer logs in a change has the id of its caller's request. */
static void a_change_runs_for_the_request_of_its_caller(void **state)
{
	cleanup_error struct error err = {0};
	struct log_request seen = {0};
	struct place place;

	(void)state;
	place_make(&place);
	place_open(&place, false, FIXTURE_MIGRATIONS);
	log_request_set(STR("0123456789abcdef"));
	assert_true(db_change(place.db, whose, &seen, &err));
	assert_true(str_equal(log_request_id(&seen), STR("0123456789abcdef")));
	log_request_set(STR(""));
	assert_true(db_change(place.db, whose, &seen, &err));
	assert_int_equal(seen.len, 0);
	place_end(&place);
}

/* ---- statements ---- */

/* The same literal in use twice at once: the inner one may not disturb the outer. */
static bool read_nested(struct db_tx *tx, void *argument, struct error *err)
{
	static const char sql[] = "SELECT word FROM words ORDER BY word";
	cleanup_query struct db_query *outer = db_query(tx, sql, DB_NONE, err);
	int rows = 0;

	while (outer && db_next(outer, err)) {
		cleanup_query struct db_query *inner = db_query(tx, sql, DB_NONE, err);

		while (inner && db_next(inner, err))
			rows++;
	}
	*(int *)argument = rows;
	return err->kind == ERROR_NONE;
}

static bool count_often(struct db_tx *tx, void *argument, struct error *err)
{
	for (int i = 0; i < 100; i++)
		if (!count_words(tx, argument, err))
			return false;
	return true;
}

static void a_literal_is_prepared_once_and_may_be_in_use_twice(void **state)
{
	cleanup_error struct error err = {0};
	char each[][4] = {"a", "b", "c"};
	struct place place;
	int64_t count;
	int rows;

	(void)state;
	place_make(&place);
	place_open(&place, false, FIXTURE_MIGRATIONS);
	for (size_t i = 0; i < ARRAY_SIZE(each); i++)
		assert_true(db_change(place.db, add_word, each[i], &err));
	unit_assert(db_read(place.db, read_nested, &rows, &err), "%s", error_text(&err));
	assert_int_equal(rows, 9);
	atomic_store(&prepared, 0);
	assert_true(db_read(place.db, count_often, &count, &err));
	unit_assert(prepared <= 1, "100 runs of one literal prepared it %d times", prepared);
	place_end(&place);
}

UNIT_MAIN(cmocka_unit_test(what_waits_together_commits_once_without_the_one_that_fails),
	cmocka_unit_test(who_breaks_the_transaction_breaks_it_for_itself_alone), cmocka_unit_test(a_commit_that_fails_is_told_and_the_next_succeeds),
	cmocka_unit_test(a_change_runs_for_the_request_of_its_caller), cmocka_unit_test(a_literal_is_prepared_once_and_may_be_in_use_twice))
