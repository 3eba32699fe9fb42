/* Content that is read on a thread that never waits: only what the kernel holds in memory. */
#include <errno.h>
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "tests/unit/blobs/blobs_fixture.h"

struct now {
	struct place *place;
	struct digest digest;
	struct blob_content content;
};

static bool add(struct db_tx *tx, void *argument, struct error *err)
{
	int64_t id;

	return blob_add(tx, argument, &id, err);
}

static bool open_it(struct db_tx *tx, void *argument, struct error *err)
{
	struct now *now = argument;

	return blob_open(now->place->store, tx, &now->digest, &now->content, err);
}

/* Takes content out of the kernel's memory; false where the file system does not do that. */
static bool evict(const struct now *now)
{
	char byte, text[DIGEST_TEXT_MAX];
	struct iovec piece = {&byte, 1};

	digest_format(&now->digest, text);
	cleanup_free char *path = mem_printf("%s/blobs/sha256/%.2s/%s", now->place->folder, text + strlen("sha256:"), text + strlen("sha256:"));
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0 && preadv2(fd, &piece, 1, 0, RWF_NOWAIT) < 0 && errno == EAGAIN;
}

static void content_that_is_not_in_memory_is_left_to_a_thread_that_may_wait(void **state)
{
	struct place *place = *state;
	cleanup_error struct error err = {0};
	cleanup_free char *bytes = pattern(100000);
	struct now now = {.place = place, .content = {.fd = -1}};
	struct blob_writer *writer;

	assert_true(blob_writer_new(&writer, place->store, &err) && blob_writer_append(writer, str_make(bytes, 100000), &err));
	assert_true(blob_writer_seal(writer, NULL, &err) && db_change(place->db, add, writer, &err));
	now.digest = *blob_writer_digest(writer);
	blob_writer_close(writer);
	unit_assert(db_read_now(place->db, open_it, &now, &err), "%s", error_text(&err));
	assert_int_equal(now.content.size_bytes, 100000);
	blob_content_close(&now.content);
	if (!evict(&now))
		skip();
	unit_assert(!db_read_now(place->db, open_it, &now, &err), "it was opened though its first byte has to be waited for");
	assert_int_equal(err.kind, ERROR_UNAVAILABLE);
	error_clear(&err);
	assert_true(db_read(place->db, open_it, &now, &err));
	blob_content_close(&now.content);
	assert_true(db_read_now(place->db, open_it, &now, &err));
	blob_content_close(&now.content);
}

UNIT_MAIN(cmocka_unit_test_setup_teardown(content_that_is_not_in_memory_is_left_to_a_thread_that_may_wait, make_place, end_place))
