/* A store in a folder of its own, with a database beside it, for cmocka's setup and teardown: *state is a struct place. */
#ifndef TESTS_UNIT_BLOBS_BLOBS_FIXTURE_H
#define TESTS_UNIT_BLOBS_BLOBS_FIXTURE_H

#include "tests/unit/unit.h"

#include "blobs/blobs.h"

struct place {
	char folder[32];
	struct db *db;
	struct blob_store *store;
};

int make_place(void **state);
int end_place(void **state);

/* len bytes that are not all alike; owned by the caller. */
char *pattern(size_t len);

#endif
