/* A database in a folder of its own, with a table of words. */
#ifndef TESTS_UNIT_DB_DB_FIXTURE_H
#define TESTS_UNIT_DB_DB_FIXTURE_H

#include "tests/unit/unit.h"

#include "db/db.h"

#define FIXTURE_MIGRATIONS 2 /* blobs.sql; words (id, word UNIQUE) */
extern const struct db_migration fixture_migrations[FIXTURE_MIGRATIONS];

struct place {
	char folder[32];
	char where[64];
	struct db *db; /* NULL when it is not open */
};

/* Makes the folder; opens nothing. */
void place_make(struct place *place);
/* Opens the database with the first migrations_count migrations, or fails the test. */
void place_open(struct place *place, bool shared, size_t migrations_count);
/* Closes it and removes the folder. */
void place_end(struct place *place);

/* A change: adds the word that argument is, a NUL-ended text. A word that is there already is ERROR_CONFLICT. */
bool add_word(struct db_tx *tx, void *argument, struct error *err);
/* A read: how many words there are; argument is an int64_t. */
bool count_words(struct db_tx *tx, void *argument, struct error *err);
/* The same, read from outside. */
int64_t words(struct db *db);

#endif
