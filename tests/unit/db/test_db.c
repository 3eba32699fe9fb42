/* Changes from many threads and processes, one that fails alone, hooks, readers, values, migrations. */
#include "tests/unit/db/db_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

/* The library's commits come by here. */
static atomic_int syncs;

int fdatasync(int fd) /* NOLINT(readability-inconsistent-declaration-parameter-name): the library's own name is reserved */
{
	atomic_fetch_add(&syncs, 1);
	return (int)syscall(SYS_fdatasync, fd);
}

static void only_a_durable_change_waits_for_the_disk(void **state)
{
	char texts[][8] = {"one", "two", "three", "four"};
	static const bool durable[] = {true, false, false, true};

	(void)state;
	for (int shared = 0; shared < 2; shared++) {
		struct place place;

		place_make(&place);
		place_open(&place, shared, 2);
		for (size_t i = 0; i < ARRAY_SIZE(durable); i++) {
			cleanup_error struct error err = {0};
			int before = atomic_load(&syncs);

			assert_true((durable[i] ? db_change : db_change_volatile)(place.db, add_word, texts[i], &err));
			unit_assert((atomic_load(&syncs) > before) == durable[i], "change %zu", i);
			assert_int_equal(words(place.db), i + 1);
		}
		place_end(&place);
	}
}

static bool add_word_and_fail(struct db_tx *tx, void *argument, struct error *err)
{
	return add_word(tx, argument, err) && error_set(err, ERROR_DENIED, "no");
}

static void a_change_that_fails_takes_only_itself_back(void **state)
{
	char one[] = "one", two[] = "two";

	(void)state;
	for (int shared = 0; shared < 2; shared++) {
		struct place place;
		cleanup_error struct error err = {0};

		place_make(&place);
		place_open(&place, shared, 2);
		assert_true(db_change(place.db, add_word, one, &err));
		assert_false(db_change(place.db, add_word_and_fail, two, &err));
		assert_int_equal(err.kind, ERROR_DENIED);
		error_clear(&err);
		assert_false(db_change(place.db, add_word, one, &err));
		assert_int_equal(err.kind, ERROR_CONFLICT);
		assert_int_equal(words(place.db), 1);
		place_end(&place);
	}
}

struct writer {
	struct db *db;
	int number;
	atomic_int *hooks;
	int failed;
};

static void count_hook(void *argument)
{
	atomic_fetch_add((atomic_int *)argument, 1);
}

static bool add_numbered(struct db_tx *tx, void *argument, struct error *err)
{
	struct writer *writer = argument;
	char word[32];

	snprintf(word, sizeof word, "w%d", writer->number);
	db_after_commit(tx, count_hook, writer->hooks);
	if (!add_word(tx, word, err))
		return false;
	return writer->number % 10 != 3 || error_set(err, ERROR_DENIED, "three");
}

static void *write_many(void *argument)
{
	struct writer *writer = argument;

	for (int i = 0; i < 20; i++) {
		cleanup_error struct error err = {0};
		struct writer one = {writer->db, writer->number * 20 + i, writer->hooks, 0};

		writer->failed += !db_change(writer->db, add_numbered, &one, &err);
	}
	return NULL;
}

static void changes_of_many_threads_commit_and_their_hooks_run_only_then(void **state)
{
	struct place place;
	struct writer writers[8];
	pthread_t threads[8];
	atomic_int hooks = 0;
	int failed = 0;

	(void)state;
	place_make(&place);
	place_open(&place, false, 2);
	for (int i = 0; i < 8; i++) {
		writers[i] = (struct writer){place.db, i, &hooks, 0};
		pthread_create(&threads[i], NULL, write_many, &writers[i]);
	}
	for (int i = 0; i < 8; i++) {
		pthread_join(threads[i], NULL);
		failed += writers[i].failed;
	}
	assert_int_equal(failed, 16); /* one in ten ends in 3 */
	assert_int_equal(hooks, 160 - 16);
	assert_int_equal(words(place.db), 160 - 16);
	place_end(&place);
}

static bool read_back(struct db_tx *tx, void *argument, struct error *err)
{
	cleanup_query struct db_query *query =
		db_query(tx, "SELECT digest, size, content FROM blobs WHERE size >= $1 ORDER BY id", DB_ARGS(DB_INT(0)), err);

	(void)argument;
	assert_non_null(query);
	assert_true(db_next(query, err));
	assert_true(str_equal(db_text(query, 0), STR("a")));
	assert_true(str_equal(db_text(query, 2), STR("\0\1binary")));
	assert_true(db_next(query, err));
	assert_true(db_is_null(query, 2));
	assert_int_equal(db_int(query, 1), 70000);
	assert_false(db_next(query, err));
	return true;
}

static bool write_values(struct db_tx *tx, void *argument, struct error *err)
{
	static const char sql[] = "INSERT INTO blobs (digest, size, content, created_at) VALUES ($1, $2, $3, 0)";

	(void)argument;
	return db_run(tx, sql, DB_ARGS(DB_TEXT(STR("a")), DB_INT(8), DB_BYTES(STR("\0\1binary"))), err) &&
	       db_run(tx, sql, DB_ARGS(DB_TEXT(STR("b")), DB_INT(70000), DB_NULL), err) && db_changed(tx) == 1;
}

static void values_come_back_as_they_went_in(void **state)
{
	struct place place;
	cleanup_error struct error err = {0};

	(void)state;
	place_make(&place);
	place_open(&place, false, 2);
	unit_assert(db_change(place.db, write_values, NULL, &err), "%s", error_text(&err));
	unit_assert(db_read(place.db, read_back, NULL, &err), "%s", error_text(&err));
	place_end(&place);
}

static void migrations_go_forward_and_a_newer_database_is_refused(void **state)
{
	struct place place;
	cleanup_error struct error err = {0};
	struct db_settings older = {.where = place.where, .migrations = fixture_migrations, .migrations_count = 1};
	struct db *db = NULL;
	char kept[] = "kept";

	(void)state;
	place_make(&place);
	place_open(&place, false, 1);
	db_close(place.db);
	place_open(&place, false, 2);
	assert_true(db_change(place.db, add_word, kept, &err));
	db_close(place.db);
	assert_false(db_open(&db, &older, &err));
	assert_int_equal(err.kind, ERROR_UNSUPPORTED);
	place_open(&place, true, 2);
	assert_int_equal(words(place.db), 1);
	place_end(&place);
}

/* ---- readers ---- */

struct view {
	struct place *place;
	int64_t before, after;
};

static void *add_late(void *argument)
{
	char late[] = "late";

	return db_change(argument, add_word, late, NULL) ? argument : NULL;
}

/* Counts, lets another thread commit, and counts again. */
static bool count_around_a_commit(struct db_tx *tx, void *argument, struct error *err)
{
	struct view *view = argument;
	pthread_t thread;
	void *committed;

	if (!count_words(tx, &view->before, err))
		return false;
	pthread_create(&thread, NULL, add_late, view->place->db);
	pthread_join(thread, &committed);
	return committed && count_words(tx, &view->after, err);
}

static void a_read_sees_one_state_and_does_not_stop_the_writer(void **state)
{
	cleanup_error struct error err = {0};
	struct place place;
	struct view view = {.place = &place};

	(void)state;
	place_make(&place);
	place_open(&place, false, FIXTURE_MIGRATIONS);
	unit_assert(db_read(place.db, count_around_a_commit, &view, &err), "%s", error_text(&err));
	assert_int_equal(view.before, 0);
	assert_int_equal(view.after, 0);
	assert_int_equal(words(place.db), 1);
	place_end(&place);
}

static void *read_often(void *argument)
{
	struct db *db = argument;
	int64_t count = 0, last = 0;

	for (int i = 0; i < 50; i++, last = count)
		if (!db_read(db, count_words, &count, NULL) || count < last)
			return NULL;
	return db;
}

static void more_readers_than_connections_take_turns(void **state)
{
	struct place place;
	pthread_t threads[6];
	void *done;

	(void)state;
	place_make(&place);
	place_open(&place, false, FIXTURE_MIGRATIONS);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_create(&threads[i], NULL, read_often, place.db);
	for (int i = 0; i < 20; i++) {
		char word[16];

		snprintf(word, sizeof word, "w%d", i);
		assert_true(db_change(place.db, add_word, word, NULL));
	}
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
		pthread_join(threads[i], &done);
		unit_assert(done != NULL, "a reader failed, or saw fewer rows than before");
	}
	place_end(&place);
}

/* ---- many processes ---- */

/* What each process does: opens, which may be the first time, and writes. Its exit status. */
static int work_in_a_process(const char *where, int number)
{
	struct db_settings settings = {
		.where = where, .migrations = fixture_migrations, .migrations_count = FIXTURE_MIGRATIONS, .readers = 2, .shared = true};
	cleanup_error struct error err = {0};
	struct db *db = NULL;
	bool done = db_open(&db, &settings, &err);

	for (int i = 0; done && i < 5; i++) {
		char word[32];

		snprintf(word, sizeof word, "p%d-%d", number, i);
		done = db_change(db, add_word, word, &err);
	}
	if (!done)
		print_error("      process %d: %s\n", number, error_text(&err));
	db_close(db);
	return done ? 0 : 1;
}

static void processes_share_a_new_database(void **state)
{
	struct place place;
	pid_t processes[8];
	int status;

	(void)state;
	place_make(&place);
	for (int i = 0; i < (int)ARRAY_SIZE(processes); i++) {
		processes[i] = fork();
		if (processes[i] == 0)
			_exit(work_in_a_process(place.where, i));
	}
	for (size_t i = 0; i < ARRAY_SIZE(processes); i++)
		unit_assert(waitpid(processes[i], &status, 0) == processes[i] && status == 0, "process %zu failed", i);
	place_open(&place, true, FIXTURE_MIGRATIONS);
	assert_int_equal(words(place.db), 5 * ARRAY_SIZE(processes));
	place_end(&place);
}

/* ---- migrations ---- */

static void a_migration_that_fails_leaves_nothing(void **state)
{
	struct db_migration broken[] = {fixture_migrations[0], {2, "words", "CREATE TABLE words (id BIGINT); CREATE TABLE words (id BIGINT)"}};
	struct place place;
	struct db_settings settings = {.migrations = broken, .migrations_count = 2};
	cleanup_error struct error err = {0};

	(void)state;
	place_make(&place);
	settings.where = place.where;
	assert_false(db_open(&place.db, &settings, &err));
	unit_assert(strstr(error_text(&err), "migration 2 (words)") != NULL, "%s", error_text(&err));
	/* The first stands; the second is done when it is right. */
	place_open(&place, false, FIXTURE_MIGRATIONS);
	assert_int_equal(words(place.db), 0);
	place_end(&place);
}

static bool count_long_words(struct db_tx *tx, void *argument, struct error *err)
{
	bool found;

	return db_ask_int(tx, "SELECT COUNT(*) FROM words WHERE length(word) > $1", DB_ARGS(DB_INT(100)), argument, &found, err);
}

/* Takes the database's pages out of the kernel's memory; false where the file system does not do that. */
static bool evict(const struct place *place)
{
	char path[96], page[4096];
	struct iovec piece = {page, sizeof page};

	snprintf(path, sizeof path, "%s", place->where + strlen("sqlite:"));
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && fsync(fd) == 0 && posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0 && preadv2(fd, &piece, 1, 0, RWF_NOWAIT) < 0 &&
	       errno == EAGAIN;
}

static void a_read_now_takes_what_memory_holds_and_waits_for_nothing(void **state)
{
	struct place place;
	cleanup_error struct error err = {0};
	int64_t count = 0;
	char word[5000];

	(void)state;
	place_make(&place);
	place_open(&place, false, 2);
	memset(word, 'w', sizeof word - 1);
	word[sizeof word - 1] = '\0';
	assert_true(db_change(place.db, add_word, word, &err));
	unit_assert(db_read_now(place.db, count_long_words, &count, &err), "%s", error_text(&err));
	assert_int_equal(count, 1);
	/* Opened anew nothing of it is in SQLite's own memory, and closed its log is in the file. */
	db_close(place.db);
	place_open(&place, false, 2);
	if (!evict(&place)) {
		place_end(&place);
		skip();
	}
	assert_false(db_read_now(place.db, count_long_words, &count, &err));
	assert_int_equal(err.kind, ERROR_UNAVAILABLE);
	error_clear(&err);
	assert_true(db_read(place.db, count_long_words, &count, &err));
	assert_true(db_read_now(place.db, count_long_words, &count, &err));
	assert_int_equal(count, 1);
	place_end(&place);
}

UNIT_MAIN(cmocka_unit_test(only_a_durable_change_waits_for_the_disk), cmocka_unit_test(a_read_now_takes_what_memory_holds_and_waits_for_nothing),
	cmocka_unit_test(a_change_that_fails_takes_only_itself_back), cmocka_unit_test(changes_of_many_threads_commit_and_their_hooks_run_only_then),
	cmocka_unit_test(values_come_back_as_they_went_in), cmocka_unit_test(migrations_go_forward_and_a_newer_database_is_refused),
	cmocka_unit_test(a_read_sees_one_state_and_does_not_stop_the_writer), cmocka_unit_test(more_readers_than_connections_take_turns),
	cmocka_unit_test(processes_share_a_new_database), cmocka_unit_test(a_migration_that_fails_leaves_nothing))
