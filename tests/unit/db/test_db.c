/* Changes that commit together, one that fails alone, hooks, readers, migrations. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "db/db.h"
#include "db/sql.h"

static const struct db_migration migrations[] = {
	{1, "blobs", sql_blobs},
	{2, "words", "CREATE TABLE words (id BIGSERIAL PRIMARY KEY, word TEXT NOT NULL UNIQUE); CREATE TABLE other (x BIGINT)"},
};

struct place {
	char folder[32];
	char where[64];
	struct db *db;
};

static void open_place(struct place *place, bool shared, size_t migrations_count)
{
	cleanup_error struct error err = {0};
	struct db_settings settings = {.where = place->where, .migrations = migrations, .migrations_count = migrations_count, .shared = shared};

	unit_assert(db_open(&place->db, &settings, &err), "%s", error_text(&err));
}

static void make_place(struct place *place)
{
	snprintf(place->folder, sizeof place->folder, "/tmp/naru-test-XXXXXX");
	unit_assert(mkdtemp(place->folder) != NULL, "a folder");
	snprintf(place->where, sizeof place->where, "sqlite:%s/test.db", place->folder);
}

static void end_place(struct place *place)
{
	db_close(place->db);
	folder_remove(AT_FDCWD, place->folder, NULL);
}

static bool add_word(struct db_tx *tx, void *argument, struct error *err)
{
	return db_run(tx, "INSERT INTO words (word) VALUES ($1)", DB_ARGS(DB_TEXT(str_of(argument))), err);
}

static bool add_word_and_fail(struct db_tx *tx, void *argument, struct error *err)
{
	return add_word(tx, argument, err) && error_set(err, ERROR_DENIED, "no");
}

static bool count_words(struct db_tx *tx, void *argument, struct error *err)
{
	bool found;

	return db_ask_int(tx, "SELECT COUNT(*) FROM words", DB_NONE, argument, &found, err) && found;
}

static int64_t words(struct db *db)
{
	cleanup_error struct error err = {0};
	int64_t count = -1;

	unit_assert(db_read(db, count_words, &count, &err), "%s", error_text(&err));
	return count;
}

static void a_change_that_fails_takes_only_itself_back(void **state)
{
	char one[] = "one", two[] = "two";

	(void)state;
	for (int shared = 0; shared < 2; shared++) {
		struct place place;
		cleanup_error struct error err = {0};

		make_place(&place);
		open_place(&place, shared, 2);
		assert_true(db_change(place.db, add_word, one, &err));
		assert_false(db_change(place.db, add_word_and_fail, two, &err));
		assert_int_equal(err.kind, ERROR_DENIED);
		error_clear(&err);
		assert_false(db_change(place.db, add_word, one, &err));
		assert_int_equal(err.kind, ERROR_CONFLICT);
		assert_int_equal(words(place.db), 1);
		end_place(&place);
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
	make_place(&place);
	open_place(&place, false, 2);
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
	end_place(&place);
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
	make_place(&place);
	open_place(&place, false, 2);
	unit_assert(db_change(place.db, write_values, NULL, &err), "%s", error_text(&err));
	unit_assert(db_read(place.db, read_back, NULL, &err), "%s", error_text(&err));
	end_place(&place);
}

static void migrations_go_forward_and_a_newer_database_is_refused(void **state)
{
	struct place place;
	cleanup_error struct error err = {0};
	struct db_settings older = {.where = place.where, .migrations = migrations, .migrations_count = 1};
	struct db *db = NULL;
	char kept[] = "kept";

	(void)state;
	make_place(&place);
	open_place(&place, false, 1);
	db_close(place.db);
	open_place(&place, false, 2);
	assert_true(db_change(place.db, add_word, kept, &err));
	db_close(place.db);
	assert_false(db_open(&db, &older, &err));
	assert_int_equal(err.kind, ERROR_UNSUPPORTED);
	open_place(&place, true, 2);
	assert_int_equal(words(place.db), 1);
	end_place(&place);
}

UNIT_MAIN(cmocka_unit_test(a_change_that_fails_takes_only_itself_back),
	cmocka_unit_test(changes_of_many_threads_commit_and_their_hooks_run_only_then), cmocka_unit_test(values_come_back_as_they_went_in),
	cmocka_unit_test(migrations_go_forward_and_a_newer_database_is_refused))
