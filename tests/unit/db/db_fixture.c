#include "tests/unit/db/db_fixture.h"

#include <fcntl.h>
#include <stdlib.h>

#include "base/file.h"
#include "db/sql.h"

const struct db_migration fixture_migrations[FIXTURE_MIGRATIONS] = {
	{1, "blobs", sql_blobs},
	{2, "words", "CREATE TABLE words (id BIGSERIAL PRIMARY KEY, word TEXT NOT NULL UNIQUE); CREATE TABLE other (x BIGINT)"},
};

void place_make(struct place *place)
{
	*place = (struct place){0};
	snprintf(place->folder, sizeof place->folder, "/tmp/naru-test-XXXXXX");
	unit_assert(mkdtemp(place->folder) != NULL, "a folder");
	snprintf(place->where, sizeof place->where, "sqlite:%s/test.db", place->folder);
}

void place_open(struct place *place, bool shared, size_t migrations_count)
{
	cleanup_error struct error err = {0};
	struct db_settings settings = {.where = place->where,
		.migrations = fixture_migrations,
		.migrations_count = migrations_count,
		.readers = 2,
		.readers_now = 1,
		.shared = shared};

	unit_assert(db_open(&place->db, &settings, &err), "%s", error_text(&err));
}

void place_end(struct place *place)
{
	db_close(place->db);
	folder_remove(AT_FDCWD, place->folder, NULL);
}

bool add_word(struct db_tx *tx, void *argument, struct error *err)
{
	return db_run(tx, "INSERT INTO words (word) VALUES ($1)", DB_ARGS(DB_TEXT(str_of(argument))), err);
}

bool count_words(struct db_tx *tx, void *argument, struct error *err)
{
	bool found;

	return db_ask_int(tx, "SELECT COUNT(*) FROM words", DB_NONE, argument, &found, err) && found;
}

int64_t words(struct db *db)
{
	cleanup_error struct error err = {0};
	int64_t count = -1;

	unit_assert(db_read(db, count_words, &count, &err), "%s", error_text(&err));
	return count;
}
