/* What lies in uploads/: an upload holds nothing that it does not need, and what a process left behind can be found and removed. */
#include "tests/unit/blobs/blobs_fixture.h"

#include "base/hash.h"

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
