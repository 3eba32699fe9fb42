/* Content goes in and comes out whole, is refused under a wrong digest, and is durable before its row: the order of the calls is recorded. */
#include "tests/unit/blobs/blobs_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "tests/unit/blobs/recorder.h"

static int end_recorded(void **state)
{
	recorder_on = recorder_disk_full = false;
	recorder_failing = NULL;
	recorder_calls[0] = '\0';
	return end_place(state);
}

static bool add(struct db_tx *tx, void *argument, struct error *err)
{
	int64_t id;

	return blob_add(tx, argument, &id, err) && id > 0;
}

struct opened {
	struct place *place;
	struct digest digest;
	struct blob_content content;
};

static bool open_it(struct db_tx *tx, void *argument, struct error *err)
{
	struct opened *opened = argument;

	return blob_open(opened->place->store, tx, &opened->digest, &opened->content, err);
}

static struct digest digest_of(enum hash_kind kind, const char *bytes, size_t len)
{
	struct digest digest = {.algorithm = kind == HASH_SHA512 ? DIGEST_SHA512 : DIGEST_SHA256};

	hash_bytes(kind, bytes, len, digest.hash);
	return digest;
}

static void content_comes_back_equal_on_both_sides_of_the_limit(void **state)
{
	static const size_t sizes[] = {0, 1, BLOB_ROW_MAX - 1, BLOB_ROW_MAX, BLOB_ROW_MAX + 1, 300000};
	struct place *place = *state;

	for (size_t i = 0; i < 2 * ARRAY_SIZE(sizes); i++) {
		cleanup_error struct error err = {0};
		size_t len = sizes[i / 2], got;
		cleanup_free char *bytes = pattern(len), *back = mem_alloc(len, 1);
		struct opened opened = {place, digest_of(i % 2 ? HASH_SHA512 : HASH_SHA256, bytes, len), {.fd = -1}};
		struct blob_writer *writer;

		assert_true(blob_writer_new(&writer, place->store, &err));
		for (size_t at = 0; at < len; at += 50000)
			assert_true(blob_writer_append(writer, str_make(bytes + at, len - at < 50000 ? len - at : 50000), &err));
		unit_assert(blob_writer_seal(writer, &opened.digest, &err), "%zu bytes: %s", len, error_text(&err));
		unit_assert(db_change(place->db, add, writer, &err), "%s", error_text(&err));
		blob_writer_close(writer);

		unit_assert(db_read(place->db, open_it, &opened, &err), "%zu bytes: %s", len, error_text(&err));
		assert_int_equal(opened.content.size_bytes, len);
		assert_true((opened.content.fd >= 0) == (len > BLOB_ROW_MAX));
		if (opened.content.fd >= 0)
			assert_true(file_read(opened.content.fd, back, len, &got, &err) && got == len);
		assert_memory_equal(opened.content.fd >= 0 ? back : opened.content.bytes.data ? opened.content.bytes.data : "", bytes, len);
		blob_content_close(&opened.content);
	}
}

static void a_wrong_digest_is_never_stored(void **state)
{
	static const size_t sizes[] = {10, BLOB_ROW_MAX + 1};
	struct place *place = *state;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		cleanup_error struct error err = {0};
		cleanup_free char *bytes = pattern(sizes[i]);
		struct opened opened = {place, digest_of(HASH_SHA256, "other", 5), {.fd = -1}};
		struct blob_writer *writer;

		assert_true(blob_writer_new(&writer, place->store, &err) && blob_writer_append(writer, str_make(bytes, sizes[i]), &err));
		unit_assert(!blob_writer_seal(writer, &opened.digest, &err), "the store took content under another digest");
		assert_int_equal(err.kind, ERROR_CORRUPT);
		error_clear(&err);
		assert_false(db_change(place->db, add, writer, &err));
		error_clear(&err);
		blob_writer_close(writer);
		assert_false(db_read(place->db, open_it, &opened, &err));
		assert_int_equal(err.kind, ERROR_NOT_FOUND);
	}
}

/* Seals content that is large enough for a file, recorded. */
static bool seal_recorded(struct place *place, struct blob_writer **writer, struct error *err)
{
	cleanup_free char *bytes = pattern(100000);

	assert_true(blob_writer_new(writer, place->store, err) && blob_writer_append(*writer, str_make(bytes, 100000), err));
	recorder_on = true;
	bool sealed = blob_writer_seal(*writer, NULL, err);
	recorder_on = false;
	return sealed;
}

static void a_file_is_synced_then_named_then_its_folder_is_synced(void **state)
{
	cleanup_error struct error err = {0};
	struct blob_writer *writer;

	assert_true(seal_recorded(*state, &writer, &err));
	blob_writer_close(writer);
	unit_assert_text(recorder_calls, "sync-file rename sync-folder ");
}

static void a_failed_sync_is_final(void **state)
{
	static const char *const each[] = {"sync-file", "rename", "sync-folder"};

	for (size_t i = 0; i < ARRAY_SIZE(each); i++) {
		cleanup_error struct error err = {0};
		struct blob_writer *writer;

		recorder_failing = each[i];
		unit_assert(!seal_recorded(*state, &writer, &err), "%s failed and the content was sealed", each[i]);
		recorder_failing = NULL;
		error_clear(&err);
		if (i != 1)
			unit_assert(!blob_writer_seal(writer, NULL, &err), "a second sync was believed after %s failed", each[i]);
		blob_writer_close(writer);
	}
}

/* A large upload is synced while it comes; the kernel tells of a failure once, and the last sync would not see it. */
static void a_sync_that_fails_while_more_comes_is_final(void **state)
{
	const size_t piece = 8 * 1024 * 1024;
	struct place *place = *state;
	cleanup_error struct error err = {0};
	cleanup_free char *bytes = pattern(piece);
	struct blob_writer *writer;

	assert_true(blob_writer_new(&writer, place->store, &err));
	recorder_on = true;
	recorder_failing = "sync-file";
	/* Cutting waits for what runs, so each piece finds nobody at work. */
	bool going_on = true;
	for (int i = 0; i < 16 && going_on; i++)
		going_on =
			blob_writer_append(writer, str_make(bytes, piece), &err) && blob_writer_truncate(writer, blob_writer_size(writer) - 1, &err);
	recorder_on = false;
	recorder_failing = NULL;
	unit_assert(!going_on, "it was not synced while it came");
	error_clear(&err);
	unit_assert(!blob_writer_seal(writer, NULL, &err), "a later sync was believed");
	blob_writer_close(writer);
}

static bool refuse(struct db_tx *tx, void *argument, struct error *err)
{
	int64_t id;

	return blob_add(tx, argument, &id, err) && error_set(err, ERROR_UNAVAILABLE, "refused");
}

/* Somebody else's row may name the same file: whoever's change failed must not write to it. */
static void what_was_sealed_is_written_to_no_more(void **state)
{
	struct place *place = *state;
	cleanup_error struct error err = {0};
	cleanup_free char *bytes = pattern(100000);
	struct opened opened = {.place = place, .digest = digest_of(HASH_SHA256, bytes, 100000)};

	for (int i = 0; i < 2; i++) {
		struct blob_writer *writer;

		assert_true(blob_writer_new(&writer, place->store, &err) && blob_writer_append(writer, str_make(bytes, 100000), &err));
		assert_true(blob_writer_seal(writer, NULL, &err));
		assert_int_equal(db_change(place->db, i ? refuse : add, writer, NULL), i == 0);
		assert_false(blob_writer_truncate(writer, 0, NULL));
		assert_false(blob_writer_append(writer, str_make(bytes, 10), NULL));
		assert_false(blob_writer_seal(writer, NULL, NULL));
		blob_writer_drop(writer);
	}
	assert_true(db_read(place->db, open_it, &opened, &err));
	assert_int_equal(opened.content.size_bytes, 100000);
	blob_content_close(&opened.content);
}

/* A small upload that was kept is read back for its row: once more after a change that failed, and not twice. */
static void a_small_one_can_be_sealed_again(void **state)
{
	struct place *place = *state;
	cleanup_error struct error err = {0};
	struct opened opened = {.place = place, .digest = digest_of(HASH_SHA256, "small", 5)};
	struct blob_writer *writer;

	assert_true(blob_writer_new(&writer, place->store, &err) && blob_writer_append(writer, STR("sma"), &err) && blob_writer_keep(writer, &err));
	for (int i = 0; i < 2; i++) {
		assert_true(blob_writer_append(writer, STR("ll"), &err) && blob_writer_seal(writer, &opened.digest, &err));
		assert_int_equal(db_change(place->db, i ? add : refuse, writer, NULL), i == 1);
		assert_true(blob_writer_truncate(writer, 3, &err));
	}
	blob_writer_drop(writer);
	assert_true(db_read(place->db, open_it, &opened, &err));
	assert_true(str_equal(buf_str(&opened.content.bytes), STR("small")));
	blob_content_close(&opened.content);
}

static void one_that_begins_anew_holds_no_file(void **state)
{
	struct place *place = *state;
	cleanup_error struct error err = {0};
	cleanup_free char *bytes = pattern(100000), *path = NULL;
	struct digest digest = digest_of(HASH_SHA256, bytes, 100000);
	struct blob_writer *writer;

	assert_true(blob_writer_new(&writer, place->store, &err) && blob_writer_append(writer, str_make(bytes + 1, 99999), &err));
	path = mem_printf("%s/uploads/%s", place->folder, blob_writer_name(writer));
	assert_int_equal(access(path, F_OK), 0);
	assert_true(blob_writer_truncate(writer, 0, &err));
	unit_assert(access(path, F_OK) != 0, "the file is still there");
	/* Nor does one whose first bytes did not fit. */
	recorder_disk_full = true;
	assert_false(blob_writer_append(writer, str_make(bytes, 100000), &err));
	error_clear(&err);
	recorder_disk_full = false;
	assert_true(blob_writer_truncate(writer, 0, &err));
	unit_assert(access(path, F_OK) != 0, "the file is still there");
	assert_true(blob_writer_append(writer, str_make(bytes, 100000), &err));
	unit_assert(blob_writer_seal(writer, &digest, &err), "%s", error_text(&err));
	blob_writer_close(writer);
}

static void a_full_disk_fails_that_append_alone(void **state)
{
	struct place *place = *state;
	cleanup_error struct error err = {0};
	cleanup_free char *bytes = pattern(200000);
	struct digest digest = digest_of(HASH_SHA256, bytes, 200000);
	struct blob_writer *writer;

	assert_true(blob_writer_new(&writer, place->store, &err) && blob_writer_append(writer, str_make(bytes, 100000), &err));
	recorder_disk_full = true;
	assert_false(blob_writer_append(writer, str_make(bytes + 100000, 100000), &err));
	assert_int_equal(err.kind, ERROR_NO_SPACE);
	error_clear(&err);
	recorder_disk_full = false;
	unit_assert(blob_writer_append(writer, str_make(bytes + 100000, 100000), &err), "%s", error_text(&err));
	unit_assert(blob_writer_seal(writer, &digest, &err), "%s", error_text(&err));
	blob_writer_close(writer);
}

/* Whichever algorithm it hashes with on the way, it is sealed as either: after a cut, and when it goes on, too. */
static void either_algorithm_is_sealed_as_either(void **state)
{
	struct place *place = *state;
	static const enum digest_algorithm algorithms[] = {DIGEST_SHA256, DIGEST_SHA512};

	for (size_t i = 0; i < 4; i++) {
		cleanup_error struct error err = {0};
		const size_t size = 100000 + i;
		cleanup_free char *bytes = pattern(size);
		enum digest_algorithm on_the_way = algorithms[i % 2], sealed = algorithms[i / 2];
		struct digest digest = digest_of(sealed == DIGEST_SHA512 ? HASH_SHA512 : HASH_SHA256, bytes, size);
		struct blob_writer *writer;
		char name[64];

		assert_true(blob_writer_new(&writer, place->store, &err));
		blob_writer_expect(writer, on_the_way);
		assert_true(blob_writer_append(writer, str_make(bytes, size), &err) && blob_writer_append(writer, STR("more"), &err));
		assert_true(blob_writer_truncate(writer, 60, &err) && blob_writer_keep(writer, &err));
		blob_writer_expect(writer, DIGEST_SHA256); /* too late */
		assert_int_equal(blob_writer_algorithm(writer), on_the_way);
		snprintf(name, sizeof name, "%s", blob_writer_name(writer));
		blob_writer_close(writer);
		unit_assert(blob_writer_resume(&writer, place->store, str_of(name), on_the_way, &err), "%s", error_text(&err));
		assert_true(blob_writer_append(writer, str_make(bytes + 60, size - 60), &err));
		unit_assert(blob_writer_seal(writer, &digest, &err), "%s", error_text(&err));
		blob_writer_close(writer);
	}
}

static void a_kept_upload_goes_on_and_a_dropped_one_is_gone(void **state)
{
	struct place *place = *state;
	static const size_t sizes[] = {10, 100000};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		cleanup_error struct error err = {0};
		cleanup_free char *bytes = pattern(sizes[i]);
		struct digest digest = digest_of(HASH_SHA256, bytes, sizes[i]);
		struct blob_writer *writer;
		char name[64];

		assert_true(blob_writer_new(&writer, place->store, &err) && blob_writer_append(writer, str_make(bytes, sizes[i]), &err));
		assert_true(blob_writer_keep(writer, &err));
		snprintf(name, sizeof name, "%s", blob_writer_name(writer));
		blob_writer_close(writer);
		unit_assert(blob_writer_resume(&writer, place->store, str_of(name), DIGEST_SHA256, &err), "%s", error_text(&err));
		assert_true(blob_writer_append(writer, STR("behind"), &err) && blob_writer_truncate(writer, (int64_t)sizes[i], &err));
		unit_assert(blob_writer_seal(writer, &digest, &err), "%s", error_text(&err));
		blob_writer_drop(writer);
		assert_false(blob_writer_resume(&writer, place->store, str_of(name), DIGEST_SHA256, &err));
		assert_int_equal(err.kind, ERROR_NOT_FOUND);
		error_clear(&err);
		assert_false(blob_writer_resume(&writer, place->store, STR("../../etc/passwd"), DIGEST_SHA256, &err));
	}
}

static void a_row_whose_file_is_gone_or_cut_is_corrupt(void **state)
{
	struct place *place = *state;
	cleanup_error struct error err = {0};
	cleanup_free char *bytes = pattern(100000);
	struct opened opened = {place, digest_of(HASH_SHA256, bytes, 100000), {.fd = -1}};
	struct blob_writer *writer;

	assert_true(blob_writer_new(&writer, place->store, &err) && blob_writer_append(writer, str_make(bytes, 100000), &err));
	assert_true(blob_writer_seal(writer, NULL, &err) && db_change(place->db, add, writer, &err));
	blob_writer_close(writer);
	assert_true(db_read(place->db, open_it, &opened, &err));
	cleanup_free char *path = mem_printf("/proc/self/fd/%d", opened.content.fd);
	assert_int_equal(truncate(path, 99999), 0);
	blob_content_close(&opened.content);
	assert_false(db_read(place->db, open_it, &opened, &err));
	assert_int_equal(err.kind, ERROR_CORRUPT);
	error_clear(&err);
	assert_true(blob_file_remove(place->store, &opened.digest, &err));
	assert_false(db_read(place->db, open_it, &opened, &err));
	assert_int_equal(err.kind, ERROR_CORRUPT);
}

/* Seals content; the caller closes the writer. */
static struct blob_writer *sealed(struct place *place, const char *bytes, size_t len)
{
	cleanup_error struct error err = {0};
	struct blob_writer *writer;

	assert_true(blob_writer_new(&writer, place->store, &err) && blob_writer_append(writer, str_make(bytes, len), &err));
	unit_assert(blob_writer_seal(writer, NULL, &err), "%s", error_text(&err));
	return writer;
}

static void check_stored(struct place *place, const char *bytes, size_t len)
{
	cleanup_error struct error err = {0};
	cleanup_free char *back = mem_alloc(len + 1, 1);
	struct opened opened = {place, digest_of(HASH_SHA256, bytes, len), {.fd = -1}};
	size_t got = 0;

	unit_assert(db_read(place->db, open_it, &opened, &err), "%s", error_text(&err));
	if (opened.content.fd >= 0)
		assert_true(file_read(opened.content.fd, back, len + 1, &got, &err));
	unit_assert(opened.content.fd < 0 || got == len, "%zu bytes came back instead of %zu", got, len);
	assert_memory_equal(opened.content.fd >= 0 ? back : opened.content.bytes.data, bytes, len);
	blob_content_close(&opened.content);
}

struct pusher {
	struct place *place;
	const char *bytes;
	size_t len;
	bool done;
};

static void *push_same(void *argument)
{
	struct pusher *pusher = argument;
	struct place *place = pusher->place;
	struct digest digest = digest_of(HASH_SHA256, pusher->bytes, pusher->len);

	pusher->done = true;
	for (int i = 0; i < 20 && pusher->done; i++) {
		struct blob_writer *writer;

		pusher->done = blob_writer_new(&writer, place->store, NULL) &&
			       blob_writer_append(writer, str_make(pusher->bytes, pusher->len), NULL) && blob_writer_seal(writer, &digest, NULL) &&
			       db_change(place->db, add, writer, NULL);
		blob_writer_close(writer);
	}
	return NULL;
}

static void the_same_content_may_come_from_several_at_once(void **state)
{
	static const size_t sizes[] = {1000, 100000};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		cleanup_free char *bytes = pattern(sizes[i]);
		struct pusher pushers[4];
		pthread_t threads[4];

		for (size_t j = 0; j < ARRAY_SIZE(threads); j++) {
			pushers[j] = (struct pusher){*state, bytes, sizes[i], false};
			pthread_create(&threads[j], NULL, push_same, &pushers[j]);
		}
		for (size_t j = 0; j < ARRAY_SIZE(threads); j++) {
			pthread_join(threads[j], NULL);
			assert_true(pushers[j].done);
		}
		check_stored(*state, bytes, sizes[i]);
	}
}

/* The disk is full just when content outgrows memory: nothing is lost, and nothing lies around. */
static void a_full_disk_at_the_first_write_can_be_tried_again(void **state)
{
	struct place *place = *state;
	cleanup_error struct error err = {0};
	cleanup_free char *bytes = pattern(100000), *path = NULL;
	struct blob_writer *writer;

	assert_true(blob_writer_new(&writer, place->store, &err) && blob_writer_append(writer, str_make(bytes, 60000), &err));
	path = mem_printf("%s/uploads/%s", place->folder, blob_writer_name(writer));
	recorder_disk_full = true;
	assert_false(blob_writer_append(writer, str_make(bytes + 60000, 40000), &err));
	assert_int_equal(err.kind, ERROR_NO_SPACE);
	error_clear(&err);
	recorder_disk_full = false;
	unit_assert(access(path, F_OK) != 0, "an upload's file was left behind");
	assert_int_equal(blob_writer_size(writer), 60000);
	unit_assert(blob_writer_append(writer, str_make(bytes + 60000, 40000), &err), "%s", error_text(&err));
	assert_true(blob_writer_seal(writer, NULL, &err) && db_change(place->db, add, writer, &err));
	blob_writer_close(writer);
	check_stored(place, bytes, 100000);
	unit_assert(access(path, F_OK) != 0, "an upload's file was left behind");
}

struct forgetting {
	struct digest digest;
	bool was_file;
};

static bool forget(struct db_tx *tx, void *argument, struct error *err)
{
	struct forgetting *forgetting = argument;

	return blob_forget(tx, &forgetting->digest, &forgetting->was_file, err);
}

static void forgotten_content_is_not_found_and_says_whether_it_was_a_file(void **state)
{
	static const size_t sizes[] = {10, 100000};
	struct place *place = *state;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		cleanup_error struct error err = {0};
		cleanup_free char *bytes = pattern(sizes[i]);
		struct blob_writer *writer = sealed(place, bytes, sizes[i]);
		struct forgetting forgetting = {*blob_writer_digest(writer), false};
		struct opened opened = {place, forgetting.digest, {.fd = -1}};

		assert_true(db_change(place->db, add, writer, &err));
		blob_writer_close(writer);
		unit_assert(db_change(place->db, forget, &forgetting, &err), "%s", error_text(&err));
		assert_true(forgetting.was_file == (sizes[i] > BLOB_ROW_MAX));
		assert_true(blob_file_remove(place->store, &forgetting.digest, &err));
		assert_false(db_read(place->db, open_it, &opened, &err));
		assert_int_equal(err.kind, ERROR_NOT_FOUND);
	}
}

#define HERE(test) cmocka_unit_test_setup_teardown(test, make_place, end_recorded)

UNIT_MAIN(HERE(content_comes_back_equal_on_both_sides_of_the_limit), HERE(a_wrong_digest_is_never_stored),
	HERE(a_file_is_synced_then_named_then_its_folder_is_synced), HERE(a_failed_sync_is_final), HERE(a_sync_that_fails_while_more_comes_is_final),
	HERE(what_was_sealed_is_written_to_no_more), HERE(a_small_one_can_be_sealed_again), HERE(one_that_begins_anew_holds_no_file),
	HERE(a_full_disk_fails_that_append_alone), HERE(either_algorithm_is_sealed_as_either), HERE(a_kept_upload_goes_on_and_a_dropped_one_is_gone),
	HERE(a_row_whose_file_is_gone_or_cut_is_corrupt), HERE(the_same_content_may_come_from_several_at_once),
	HERE(a_full_disk_at_the_first_write_can_be_tried_again), HERE(forgotten_content_is_not_found_and_says_whether_it_was_a_file))
