/* Users of hostile images. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "runtime/user.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
			     "# a comment: not: a line\n"
			     "\n"
			     ":x:5:5::/nobody:\n"
			     "huge:x:99999999999999999999:1::/h:\n"
			     "max:x:4294967295:1::/h:\n"
			     "minus:x:-1:1::/h:\n"
			     "bob:x:1000:1001::/home/bob:/bin/sh\n"
			     "short:x:7\n"
			     "last:x:8:9::/last";
static const char group[] = "root:x:0:\nstaff:x:50:alice, bob,carl\naudio:x:29:bob\nbad:x:zz:bob\nown:x:1001:bob\n";

static void test_find(void **state)
{
	static const struct {
		const char *wanted;
		uint32_t uid, gid;
		size_t groups;
		const char *home, *error;
	} table[] = {
		{"", 0, 0, 0, "/root", NULL},
		{"root", 0, 0, 0, "/root", NULL},
		{"0", 0, 0, 0, "/root", NULL},
		{"bob", 1000, 1001, 1, "/home/bob", NULL},
		{"1000", 1000, 1001, 1, "/home/bob", NULL},
		{"bob:", 1000, 1001, 1, "/home/bob", NULL},
		{"bob:staff", 1000, 50, 0, "/home/bob", NULL},
		{"bob:77", 1000, 77, 0, "/home/bob", NULL},
		{"1234", 1234, 0, 0, "/", NULL},
		{"1234:5678", 1234, 5678, 0, "/", NULL},
		{"last", 8, 9, 0, "/last", NULL},
		{"nosuch", 0, 0, 0, NULL, "unable to find user nosuch: no matching entries in passwd file"},
		{"bob:nosuch", 0, 0, 0, NULL, "unable to find group nosuch: no matching entries in group file"},
		{"bob:bad", 0, 0, 0, NULL, "unable to find group bad: no matching entries in group file"},
		{"huge", 0, 0, 0, NULL, "unable to find user huge: no matching entries in passwd file"},
		{"max", 0, 0, 0, NULL, "unable to find user max: no matching entries in passwd file"},
		{"minus", 0, 0, 0, NULL, "unable to find user minus: no matching entries in passwd file"},
		{"short", 0, 0, 0, NULL, "unable to find user short: no matching entries in passwd file"},
		{"4294967295", 0, 0, 0, NULL, "unable to find user 4294967295: no matching entries in passwd file"},
		{"-1", 0, 0, 0, NULL, "unable to find user -1: no matching entries in passwd file"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct user user;
		cleanup_error struct error err = {0};
		bool good = user_find(&user, str_of(table[i].wanted), str_of(passwd), str_of(group), &err);

		unit_assert(good == (table[i].error == NULL), "\"%s\": %s", table[i].wanted, error_text(&err));
		if (table[i].error) {
			unit_assert(strcmp(error_text(&err), table[i].error) == 0, "\"%s\": %s", table[i].wanted, error_text(&err));
			continue;
		}
		unit_assert(user.uid == table[i].uid && user.gid == table[i].gid && user.groups_count == table[i].groups, "\"%s\": %u:%u, %zu groups",
			table[i].wanted, user.uid, user.gid, user.groups_count);
		unit_assert(strcmp(user.home, table[i].home) == 0, "\"%s\": %s", table[i].wanted, user.home);
	}
}

static void write_text(int folder, const char *path, const char *text)
{
	cleanup_fd int fd = openat(folder, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0 && file_write(fd, text, strlen(text), NULL));
}

/* A link out of the root means a file of the image, and a pipe or a device is no passwd. */
static void test_links_stay_inside(void **state)
{
	char path[] = "/tmp/naru-unit.XXXXXX";
	struct user user;

	(void)state;
	assert_non_null(mkdtemp(path));
	cleanup_fd int top = folder_open(AT_FDCWD, path, NULL);
	assert_true(mkdirat(top, "root", 0755) == 0 && mkdirat(top, "root/etc", 0755) == 0);
	write_text(top, "passwd", "eve:x:666:666::/evil:\n");
	cleanup_free char *outside = mem_printf("%s/passwd", path);
	cleanup_fd int root = folder_open(top, "root", NULL);

	assert_int_equal(symlinkat(outside, root, "etc/passwd"), 0);
	assert_false(user_find_in(&user, STR("eve"), root, NULL));
	assert_int_equal(unlinkat(root, "etc/passwd", 0), 0);
	assert_int_equal(symlinkat("../../passwd", root, "etc/passwd"), 0);
	assert_false(user_find_in(&user, STR("eve"), root, NULL));
	assert_int_equal(unlinkat(root, "etc/passwd", 0), 0);
	assert_int_equal(mkfifoat(root, "etc/passwd", 0644), 0);
	assert_true(user_find_in(&user, STR("0"), root, NULL));
	unit_assert_text(user.home, "/");
	assert_int_equal(unlinkat(root, "etc/passwd", 0), 0);
	assert_int_equal(symlinkat("/real", root, "etc/passwd"), 0);
	write_text(root, "real", "eve:x:6:7::/inside:\n");
	assert_true(user_find_in(&user, STR("eve"), root, NULL));
	unit_assert_text(user.home, "/inside");
	assert_true(folder_remove(AT_FDCWD, path, NULL));
}

UNIT_MAIN(cmocka_unit_test(test_find), cmocka_unit_test(test_links_stay_inside))
