#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

struct fixture {
	char path[64];
	int fd;
};

static int set_up(void **state)
{
	struct fixture *fixture = mem_alloc(1, sizeof *fixture);

	snprintf(fixture->path, sizeof fixture->path, "/tmp/naru-test-file-XXXXXX");
	if (!mkdtemp(fixture->path))
		return -1;
	fixture->fd = open(fixture->path, O_RDONLY | O_DIRECTORY);
	*state = fixture;
	return fixture->fd < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	bool removed = folder_remove(AT_FDCWD, fixture->path, NULL) && access(fixture->path, F_OK) < 0;

	close(fixture->fd);
	free(fixture);
	return removed ? 0 : -1;
}

static void test_replace_and_read(void **state)
{
	struct fixture *fixture = *state;
	cleanup_buf struct buf content = {0};
	cleanup_error struct error err = {0}, missing = {0};
	struct stat status;

	assert_true(file_replace(fixture->fd, "a", "one", 3, 0600, NULL));
	assert_true(file_replace(fixture->fd, "a", "two!", 4, 0640, NULL));
	assert_int_equal(fstatat(fixture->fd, "a", &status, 0), 0);
	assert_int_equal(status.st_mode & 0777, 0640);
	assert_true(file_read_all(fixture->fd, "a", 4, &content, NULL));
	unit_assert_text(content.data, "two!");
	assert_false(file_read_all(fixture->fd, "a", 3, &content, &err));
	assert_int_equal(err.kind, ERROR_TOO_LARGE);
	assert_false(file_read_all(fixture->fd, "nosuch", 3, &content, &missing));
	assert_int_equal(missing.kind, ERROR_NOT_FOUND);
}

static void test_read_and_write_at(void **state)
{
	struct fixture *fixture = *state;
	cleanup_fd int fd = file_open(fixture->fd, "b", O_RDWR | O_CREAT, 0600, NULL);
	char got[16] = {0};
	size_t len;
	int64_t size;

	assert_true(fd >= 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC));
	assert_true(file_write(fd, "hello", 5, NULL));
	assert_true(file_write_at(fd, "J", 1, 0, NULL));
	assert_true(file_size(fd, &size, NULL));
	assert_int_equal(size, 5);
	assert_true(file_read_at(fd, got, sizeof got, 0, &len, NULL));
	assert_int_equal(len, 5);
	unit_assert_text(got, "Jello");
	assert_true(file_read_at(fd, got, sizeof got, 99, &len, NULL));
	assert_int_equal(len, 0);
}

static void test_folder_make(void **state)
{
	struct fixture *fixture = *state;
	cleanup_free char *path = mem_printf("%s/x/y/z", fixture->path), *file = mem_printf("%s/f", fixture->path),
			  *below = mem_printf("%s/f/g", fixture->path);
	struct stat status;

	assert_true(folder_make(path, 0755, NULL));
	assert_true(folder_make(path, 0755, NULL));
	assert_true(stat(path, &status) == 0 && S_ISDIR(status.st_mode));
	assert_true(file_replace(AT_FDCWD, file, "", 0, 0600, NULL));
	assert_false(folder_make(below, 0755, NULL));
}

/* A link is removed, never what it points at. */
static void test_remove_follows_no_link(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(mkdirat(fixture->fd, "kept", 0755), 0);
	assert_true(file_replace(fixture->fd, "kept/file", "x", 1, 0600, NULL));
	assert_int_equal(mkdirat(fixture->fd, "gone", 0755), 0);
	assert_int_equal(symlinkat("../kept", fixture->fd, "gone/link"), 0);
	assert_int_equal(symlinkat("kept", fixture->fd, "link"), 0);
	assert_true(folder_remove(fixture->fd, "gone", NULL));
	assert_true(folder_remove(fixture->fd, "link", NULL));
	assert_true(folder_remove(fixture->fd, "nosuch", NULL));
	assert_int_equal(faccessat(fixture->fd, "gone", F_OK, 0), -1);
	assert_int_equal(faccessat(fixture->fd, "link", F_OK, AT_SYMLINK_NOFOLLOW), -1);
	assert_int_equal(faccessat(fixture->fd, "kept/file", F_OK, 0), 0);
}

/* A layer may nest folders deeper than a process may have descriptors, and further than a path can say. */
static void test_remove_a_deep_tree(void **state)
{
	struct fixture *fixture = *state;
	struct rlimit before, few = {.rlim_cur = 256};
	int fd = dup(fixture->fd);

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few.rlim_max = before.rlim_max;
	for (int i = 0; i < 2500; i++) {
		assert_int_equal(mkdirat(fd, "d", 0755), 0);
		assert_int_equal(mkdirat(fd, "e", 0755), 0);
		int next = openat(fd, "d", O_RDONLY | O_DIRECTORY);
		close(fd);
		fd = next;
		assert_true(fd >= 0);
	}
	close(fd);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	cleanup_error struct error err = {0};
	bool removed = folder_remove(fixture->fd, "d", &err);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	unit_assert(removed, "%s", error_text(&err));
	assert_int_equal(faccessat(fixture->fd, "d", F_OK, 0), -1);
}

static void test_lock(void **state)
{
	struct fixture *fixture = *state;
	cleanup_fd int one = file_open(fixture->fd, "lock", O_RDWR | O_CREAT, 0600, NULL);
	cleanup_fd int two = file_open(fixture->fd, "lock", O_RDWR, 0, NULL);
	cleanup_error struct error err = {0};

	assert_true(file_lock(one, false, false, NULL));
	assert_true(file_lock(two, false, false, NULL));
	assert_false(file_lock(two, true, false, &err));
	assert_int_equal(err.kind, ERROR_CONFLICT);
	file_cleanup(&one);
	assert_true(file_lock(two, true, false, NULL));
}

UNIT_MAIN(cmocka_unit_test_setup_teardown(test_replace_and_read, set_up, tear_down),
	cmocka_unit_test_setup_teardown(test_read_and_write_at, set_up, tear_down),
	cmocka_unit_test_setup_teardown(test_folder_make, set_up, tear_down),
	cmocka_unit_test_setup_teardown(test_remove_follows_no_link, set_up, tear_down),
	cmocka_unit_test_setup_teardown(test_remove_a_deep_tree, set_up, tear_down), cmocka_unit_test_setup_teardown(test_lock, set_up, tear_down))
