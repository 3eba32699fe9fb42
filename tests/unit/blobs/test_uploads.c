/* What lies in uploads/: an upload holds nothing that it does not need, and what a process left behind can be found and removed. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/hash.h"
#include "blobs/blobs.h"
#include "db/sql.h"

struct place {
	char folder[32];
	struct db *db;
	struct blob_store *store;
};

static int make_place(void **state)
{
	static const struct db_migration migrations[] = {{1, "blobs", sql_blobs}};
	cleanup_error struct error err = {0};
	struct place *place = mem_alloc(1, sizeof *place);
	char where[64];

	snprintf(place->folder, sizeof place->folder, "/tmp/naru-test-XXXXXX");
	if (!mkdtemp(place->folder))
		return -1;
	snprintf(where, sizeof where, "sqlite:%s/test.db", place->folder);
	struct db_settings settings = {.where = where, .migrations = migrations, .migrations_count = 1};
	unit_assert(db_open(&place->db, &settings, &err) && blob_store_open(&place->store, place->folder, place->db, &err), "%s", error_text(&err));
	*state = place;
	return 0;
}

static int end_place(void **state)
{
	struct place *place = *state;

	blob_store_close(place->store);
	db_close(place->db);
	folder_remove(AT_FDCWD, place->folder, NULL);
	free(place);
	return 0;
}

static char *pattern(size_t len)
{
	char *bytes = mem_alloc(len, 1);

	for (size_t i = 0; i < len; i++)
		bytes[i] = (char)(i * 7 + i / 251);
	return bytes;
}

struct listed {
	size_t count;
	char name[64];
	int64_t written_at_us;
};

static void list(void *argument, struct str name, int64_t written_at_us)
{
	struct listed *listed = argument;

	listed->count++;
	snprintf(listed->name, sizeof listed->name, "%.*s", STR_ARG(name));
	listed->written_at_us = written_at_us;
}

static void an_upload_that_is_cut_to_nothing_holds_nothing_and_can_go_on(void **state)
{
	struct place *place = *state;
	cleanup_error struct error err = {0};
	cleanup_free char *bytes = pattern(100000);
	struct digest digest = {.algorithm = DIGEST_SHA256};
	struct listed listed = {0};
	struct blob_writer *writer;

	assert_true(blob_writer_new(&writer, place->store, &err) && blob_writer_append(writer, str_make(bytes, 100000), &err));
	hash_bytes(HASH_SHA256, bytes, 100000, digest.hash);
	assert_true(blob_writer_has_file(writer));
	assert_true(blob_writer_truncate(writer, 0, &err));
	assert_false(blob_writer_has_file(writer));
	assert_true(blob_uploads_each(place->store, list, &listed, &err));
	assert_int_equal(listed.count, 0);
	assert_true(blob_writer_append(writer, str_make(bytes, 100000), &err));
	unit_assert(blob_writer_seal(writer, &digest, &err), "%s", error_text(&err));
	blob_writer_close(writer);
}

static void what_lies_in_uploads_is_listed_and_can_be_removed(void **state)
{
	struct place *place = *state;
	cleanup_error struct error err = {0};
	struct listed listed = {0}, later = {0};
	struct blob_writer *writer;

	assert_true(blob_writer_new(&writer, place->store, &err) && blob_writer_append(writer, STR("kept"), &err) && blob_writer_keep(writer, &err));
	assert_true(blob_uploads_each(place->store, list, &listed, &err));
	assert_int_equal(listed.count, 1);
	assert_string_equal(listed.name, blob_writer_name(writer));
	assert_true(listed.written_at_us > 0);
	blob_writer_close(writer);
	for (int i = 0; i < 2; i++)
		unit_assert(blob_upload_remove(place->store, str_of(listed.name), &err), "%s", error_text(&err));
	assert_true(blob_uploads_each(place->store, list, &later, &err));
	assert_int_equal(later.count, 0);
	assert_false(blob_upload_remove(place->store, STR("../registry.db"), NULL));
}

#define HERE(test) cmocka_unit_test_setup_teardown(test, make_place, end_place)

UNIT_MAIN(HERE(an_upload_that_is_cut_to_nothing_holds_nothing_and_can_go_on), HERE(what_lies_in_uploads_is_listed_and_can_be_removed))
