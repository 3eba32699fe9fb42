/* What a layer says is what is there afterwards: files and all that they carry, whiteouts as overlayfs takes them. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "tests/unit/local/layer_fixture.h"

#define A120 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void apply(struct layer_fixture *fixture, const struct tar_entry *entries, struct layer_result *out)
{
	cleanup_buf struct buf tar = {0};
	cleanup_error struct error err = {0};

	for (; entries->name; entries++)
		tar_add(&tar, entries);
	tar_end(&tar);
	unit_assert(layer_apply(fixture, buf_str(&tar), 0, out, &err), "%s", error_text(&err));
}

static struct stat stat_of(struct layer_fixture *fixture, const char *path)
{
	struct stat status;

	unit_assert(layer_stat(fixture, path, &status), "%s is missing", path);
	return status;
}

/* Extended attributes are asked for by path. */
static ssize_t get_xattr(struct layer_fixture *fixture, const char *path, const char *name, void *value, size_t size)
{
	cleanup_free char *full = mem_printf("%s/layer/%s", fixture->path, path);

	return lgetxattr(full, name, value, size);
}

static bool is_opaque(struct layer_fixture *fixture, const char *path)
{
	char value[4] = {0};

	return get_xattr(fixture, path, "trusted.overlay.opaque", value, sizeof value) == 1 && value[0] == 'y';
}

static bool is_whiteout(struct layer_fixture *fixture, const char *path)
{
	struct stat status;

	return layer_stat(fixture, path, &status) && S_ISCHR(status.st_mode) && status.st_rdev == makedev(0, 0);
}

static void test_kinds_and_what_they_carry(void **state)
{
	static const struct tar_entry entries[] = {
		{.name = "./", .type = '5', .mode = 0711, .uid = 7, .gid = 8, .modified_at_s = 1000},
		{.name = "d/", .type = '5', .mode = 0750, .uid = 1, .gid = 2, .modified_at_s = 2000},
		{.name = "d/file", .type = '0', .mode = 0640, .uid = 3, .gid = 4, .modified_at_s = 3000, .content = {"content", 7}},
		{.name = "d/empty", .type = '0', .mode = 0, .modified_at_s = 3001},
		{.name = "d/suid", .type = '0', .mode = 06755, .uid = 5, .gid = 6, .modified_at_s = 3002, .content = {"x", 1}},
		{.name = "link", .type = '2', .link = "/nowhere", .mode = 0777, .uid = 9, .gid = 10, .modified_at_s = 4000},
		{.name = "d/hard", .type = '1', .link = "d/file"},
		{.name = "hardlink-of-link", .type = '1', .link = "./link"},
		{.name = "fifo", .type = '6', .mode = 0622, .uid = 11, .gid = 12, .modified_at_s = 5000},
		{.name = "null", .type = '3', .mode = 0666, .major = 1, .minor = 3, .modified_at_s = 6000},
		{.name = "disk", .type = '4', .mode = 0660, .gid = 6, .major = 259, .minor = 300, .modified_at_s = 7000},
		{.name = "tmp/", .type = '5', .mode = 01777, .modified_at_s = 8000},
		{.name = "implied/by/file", .type = '0', .mode = 0600},
		{0},
	};
	static const struct {
		const char *path;
		mode_t mode;
		uid_t uid;
		gid_t gid;
		time_t modified_at_s; /* -1: not told by the layer */
	} rows[] = {
		{".", S_IFDIR | 0711, 7, 8, 1000},
		{"d", S_IFDIR | 0750, 1, 2, 2000},
		{"d/file", S_IFREG | 0640, 3, 4, 3000},
		{"d/empty", S_IFREG, 0, 0, 3001},
		{"d/suid", S_IFREG | 06755, 5, 6, 3002},
		{"link", S_IFLNK | 0777, 9, 10, 4000},
		{"hardlink-of-link", S_IFLNK | 0777, 9, 10, 4000},
		{"fifo", S_IFIFO | 0622, 11, 12, 5000},
		{"null", S_IFCHR | 0666, 0, 0, 6000},
		{"disk", S_IFBLK | 0660, 0, 6, 7000},
		{"tmp", S_IFDIR | 01777, 0, 0, 8000},
		{"implied", S_IFDIR | 0755, 0, 0, -1},
		{"implied/by", S_IFDIR | 0755, 0, 0, -1},
	};
	cleanup_buf struct buf content = {0};
	struct layer_result result;
	char target[32] = {0};

	apply(*state, entries, &result);
	assert_int_equal(result.size_bytes, 8);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct stat status = stat_of(*state, rows[i].path);

		unit_assert(status.st_mode == rows[i].mode, "%s: mode %o", rows[i].path, status.st_mode);
		unit_assert(
			status.st_uid == rows[i].uid && status.st_gid == rows[i].gid, "%s: owner %u:%u", rows[i].path, status.st_uid, status.st_gid);
		unit_assert(rows[i].modified_at_s < 0 || status.st_mtim.tv_sec == rows[i].modified_at_s, "%s: time %lld", rows[i].path,
			(long long)status.st_mtim.tv_sec);
	}
	layer_read(*state, "d/file", &content);
	unit_assert_text(content.data, "content");
	assert_int_equal(readlinkat(((struct layer_fixture *)*state)->layer_fd, "link", target, sizeof target - 1), 8);
	unit_assert_text(target, "/nowhere");
	assert_int_equal(stat_of(*state, "d/hard").st_ino, stat_of(*state, "d/file").st_ino);
	assert_int_equal(stat_of(*state, "hardlink-of-link").st_ino, stat_of(*state, "link").st_ino);
	assert_int_equal(stat_of(*state, "null").st_rdev, makedev(1, 3));
	assert_int_equal(stat_of(*state, "disk").st_rdev, makedev(259, 300));
}

/* OCI image-spec 1.1, layer.md, "Whiteouts": they hide what is below, never what this layer has, in whichever order. */
static void test_whiteouts(void **state)
{
	static const struct tar_entry entries[] = {
		{.name = "a/.wh.gone", .type = '0'},
		{.name = ".wh.top", .type = '0'},
		{.name = "absent/.wh.gone", .type = '0'},
		{.name = "opaque/", .type = '5', .mode = 0700},
		{.name = "opaque/.wh..wh..opq", .type = '0'},
		{.name = "opaque/new", .type = '0', .mode = 0600},
		{.name = "later/.wh..wh..opq", .type = '0'},
		{.name = ".wh.dir-after", .type = '0'},
		{.name = "dir-after/", .type = '5', .mode = 0755},
		{.name = "dir-before/", .type = '5', .mode = 0755},
		{.name = ".wh.dir-before", .type = '0'},
		{.name = ".wh.parent-after", .type = '0'},
		{.name = "parent-after/file", .type = '0', .mode = 0600},
		{.name = ".wh.file-after", .type = '0'},
		{.name = "file-after", .type = '0', .mode = 0600},
		{.name = "file-before", .type = '0', .mode = 0600},
		{.name = ".wh.file-before", .type = '0'},
		{.name = ".wh..wh.plnk/1.2", .type = '0'},
		{.name = ".wh..wh.aufs", .type = '0'},
		{0},
	};
	static const char *const whiteouts[] = {"a/gone", "top", "absent/gone"};
	static const char *const opaques[] = {"opaque", "later", "dir-after", "dir-before", "parent-after"};
	static const char *const plain[] = {"opaque/new", "parent-after/file", "file-after", "file-before"};
	struct stat status;

	apply(*state, entries, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(whiteouts); i++)
		unit_assert(is_whiteout(*state, whiteouts[i]), "%s is no whiteout", whiteouts[i]);
	for (size_t i = 0; i < ARRAY_SIZE(opaques); i++)
		unit_assert(is_opaque(*state, opaques[i]) && S_ISDIR(stat_of(*state, opaques[i]).st_mode), "%s is not opaque", opaques[i]);
	for (size_t i = 0; i < ARRAY_SIZE(plain); i++)
		unit_assert(S_ISREG(stat_of(*state, plain[i]).st_mode), "%s is no file", plain[i]);
	assert_false(is_opaque(*state, "a"));
	assert_false(layer_stat(*state, ".wh..wh.plnk", &status));
	assert_false(layer_stat(*state, ".wh..wh.aufs", &status));
}

static void test_the_layer_itself_may_be_opaque(void **state)
{
	static const struct tar_entry entries[] = {{.name = ".wh..wh..opq", .type = '0'}, {0}};

	apply(*state, entries, NULL);
	assert_true(is_opaque(*state, ""));
}

/* A later entry takes the place of an earlier one; a folder over a folder is merged. */
static void test_replacing(void **state)
{
	static const struct tar_entry entries[] = {
		{.name = "a", .type = '0', .mode = 0600, .content = {"long content", 12}},
		{.name = "hard", .type = '1', .link = "a"},
		{.name = "a", .type = '0', .mode = 0644, .content = {"new", 3}},
		{.name = "d/", .type = '5', .mode = 0700, .uid = 3, .modified_at_s = 10},
		{.name = "d/kept", .type = '0', .mode = 0600},
		{.name = "other", .type = '0', .mode = 0600},
		{.name = "d/", .type = '5', .mode = 0755, .modified_at_s = 20},
		{.name = "f", .type = '0', .mode = 0600},
		{.name = "f/", .type = '5', .mode = 0755},
		{.name = "t/x/y", .type = '0', .mode = 0600},
		{.name = "t", .type = '2', .link = "a"},
		{.name = "self", .type = '0', .mode = 0600, .content = {"s", 1}},
		{.name = "self", .type = '1', .link = "self"},
		{0},
	};
	cleanup_buf struct buf a = {0}, hard = {0}, self = {0};

	apply(*state, entries, NULL);
	layer_read(*state, "a", &a);
	layer_read(*state, "hard", &hard);
	layer_read(*state, "self", &self);
	unit_assert_text(a.data, "new");
	unit_assert_text(hard.data, "long content");
	unit_assert_text(self.data, "s");
	assert_true(S_ISREG(stat_of(*state, "d/kept").st_mode));
	struct stat folder = stat_of(*state, "d");
	assert_int_equal(folder.st_mode & 07777, 0755);
	assert_int_equal(folder.st_uid, 0);
	assert_int_equal(folder.st_mtim.tv_sec, 20);
	assert_true(S_ISDIR(stat_of(*state, "f").st_mode));
	assert_true(S_ISLNK(stat_of(*state, "t").st_mode));
}

/* However often it is left and come back to. */
/* As docker: within the layer's folder, as if that were "/". */
static void test_links_are_followed(void **state)
{
	static const struct tar_entry entries[] = {
		{.name = "usr/lib/", .type = '5', .mode = 0755, .modified_at_s = 2000},
		{.name = "lib", .type = '2', .link = "usr/lib"},
		{.name = "usr/up", .type = '2', .link = "../../../../usr/lib"},
		{.name = "absolute", .type = '2', .link = "/usr/lib"},
		{.name = "chain", .type = '2', .link = "absolute"},
		{.name = "lib/a", .type = '0', .mode = 0644, .content = {"a", 1}},
		{.name = "usr/up/b", .type = '0', .mode = 0644, .content = {"b", 1}},
		{.name = "absolute/new/c", .type = '0', .mode = 0644, .content = {"c", 1}},
		{.name = "chain/.wh.gone", .type = '0'},
		{.name = "hard", .type = '1', .link = "lib/a"},
		{0},
	};
	static const char *const files[] = {"usr/lib/a", "usr/lib/b", "usr/lib/new/c", "hard"};

	apply(*state, entries, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		unit_assert(S_ISREG(stat_of(*state, files[i]).st_mode), "%s", files[i]);
	assert_true(S_ISLNK(stat_of(*state, "lib").st_mode));
	assert_true(is_whiteout(*state, "usr/lib/gone"));
	assert_int_equal(stat_of(*state, "usr/lib").st_mtim.tv_sec, 2000);
}

static void test_a_folder_keeps_its_time(void **state)
{
	static const struct tar_entry entries[] = {
		{.name = "a/", .type = '5', .mode = 0755, .modified_at_s = 100},
		{.name = "a/b/", .type = '5', .mode = 0755, .modified_at_s = 200},
		{.name = "a/b/1", .type = '0'},
		{.name = "a/2", .type = '0'},
		{.name = "a/b/3", .type = '2', .link = "x"},
		{.name = "a/.wh.4", .type = '0'},
		{.name = "a/c/d/5", .type = '0'},
		{.name = "a/2", .type = '5', .mode = 0755},
		{.name = "a/b/.wh..wh..opq", .type = '0'},
		{0},
	};

	apply(*state, entries, NULL);
	assert_int_equal(stat_of(*state, "a").st_mtim.tv_sec, 100);
	assert_int_equal(stat_of(*state, "a/b").st_mtim.tv_sec, 200);
}

/* A set-group-ID folder hands its group down, and its bit to folders: what the layer says wins. */
static void test_set_group_id_folders(void **state)
{
	static const struct tar_entry entries[] = {
		{.name = "s/", .type = '5', .mode = 02775, .gid = 50},
		{.name = "s/file", .type = '0', .mode = 0644},
		{.name = "s/folder/", .type = '5', .mode = 0755},
		{.name = "s/link", .type = '2', .link = "x"},
		{.name = "s/implied/file", .type = '0', .mode = 0644},
		{0},
	};
	static const struct {
		const char *path;
		mode_t mode;
		gid_t gid;
	} rows[] = {{"s", 02775, 50}, {"s/file", 0644, 0}, {"s/folder", 0755, 0}, {"s/link", 0777, 0}, {"s/implied", 0755, 0},
		{"s/implied/file", 0644, 0}};

	apply(*state, entries, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct stat status = stat_of(*state, rows[i].path);

		unit_assert((status.st_mode & 07777) == rows[i].mode && status.st_gid == rows[i].gid, "%s: %o, group %u", rows[i].path,
			status.st_mode & 07777, status.st_gid);
	}
}

static void test_umask_changes_nothing(void **state)
{
	static const struct tar_entry entries[] = {{.name = "f", .type = '0', .mode = 0666}, {.name = "d/", .type = '5', .mode = 0777}, {0}};
	mode_t before = umask(077);

	apply(*state, entries, NULL);
	/* The caller's own is as it was. */
	assert_int_equal(umask(before), 077);
	assert_int_equal(stat_of(*state, "f").st_mode & 07777, 0666);
	assert_int_equal(stat_of(*state, "d").st_mode & 07777, 0777);
}

/* Names and attributes are bytes: what Unicode could compose stays as it is, what is no UTF-8 too. */
static void test_pax(void **state)
{
	static const char decomposed[] = "e\xcc\x81-\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab", latin[] = "\xe9" A120;
	/* vfs_cap_data: revision 2, effective, CAP_NET_RAW. */
	static const char capability[20] = {1, 0, 0, 2, 0, 0x20};
	cleanup_buf struct buf tar = {0}, records = {0};
	cleanup_error struct error err = {0};
	char value[32] = {0};

	tar_pax(&records, "path", str_of(decomposed));
	tar_pax(&records, "mtime", STR("1700000000.123456789"));
	tar_pax(&records, "uid", STR("3000000"));
	tar_pax(&records, "SCHILY.xattr.security.capability", str_make(capability, sizeof capability));
	tar_pax(&records, "SCHILY.xattr.user.a", STR("b"));
	tar_pax(&records, "SCHILY.xattr.nosuch.a", STR("b"));
	tar_add(&tar, &(struct tar_entry){.name = "pax", .type = 'x', .content = buf_str(&records)});
	tar_add(&tar, &(struct tar_entry){.name = "short", .type = '0', .mode = 0755, .content = {"x", 1}});
	tar_add_pax(&tar, "path", str_of(latin));
	tar_add(&tar, &(struct tar_entry){.name = "short", .type = '0', .mode = 0755});
	tar_add_pax(&tar, "linkpath", str_of(decomposed));
	tar_add(&tar, &(struct tar_entry){.name = "hard", .type = '1', .link = "short"});
	tar_add_pax(&tar, "linkpath", str_of(decomposed));
	tar_add(&tar, &(struct tar_entry){.name = "soft", .type = '2', .link = "short"});
	tar_end(&tar);
	unit_assert(layer_apply(*state, buf_str(&tar), 0, NULL, &err), "%s", error_text(&err));
	struct stat status = stat_of(*state, decomposed);
	assert_int_equal(status.st_uid, 3000000);
	assert_int_equal(status.st_mtim.tv_sec, 1700000000);
	assert_int_equal(status.st_mtim.tv_nsec, 123456789);
	assert_int_equal(status.st_nlink, 2);
	assert_int_equal(get_xattr(*state, decomposed, "security.capability", value, sizeof value), sizeof capability);
	assert_memory_equal(value, capability, sizeof capability);
	assert_int_equal(get_xattr(*state, decomposed, "user.a", value, sizeof value), 1);
	stat_of(*state, latin);
	memset(value, 0, sizeof value);
	assert_true(readlinkat(((struct layer_fixture *)*state)->layer_fd, "soft", value, sizeof value) > 0);
	unit_assert_text(value, decomposed);
}

/* GNU's long names ('L', 'K'), as docker's own tar writer made them before pax. */
static void test_gnu_long_names(void **state)
{
	cleanup_buf struct buf tar = {0};
	cleanup_error struct error err = {0};

	tar_add(&tar, &(struct tar_entry){.name = "././@LongLink", .type = 'L', .content = {A120 "/" A120, 242}});
	tar_add(&tar, &(struct tar_entry){.name = "cut", .type = '0', .mode = 0600});
	tar_add(&tar, &(struct tar_entry){.name = "././@LongLink", .type = 'K', .content = {A120 "/" A120, 242}});
	tar_add(&tar, &(struct tar_entry){.name = "hard", .type = '1', .link = "cut"});
	tar_end(&tar);
	unit_assert(layer_apply(*state, buf_str(&tar), 0, NULL, &err), "%s", error_text(&err));
	assert_int_equal(stat_of(*state, A120 "/" A120).st_nlink, 2);
}

/* GNU's sparse format 1.0: 100 KiB with 3 bytes at 50,000, and a hole up to the end. */
static void test_sparse(void **state)
{
	cleanup_buf struct buf tar = {0}, records = {0}, content = {0}, got = {0};
	cleanup_error struct error err = {0};
	struct layer_result result;

	tar_pax(&records, "GNU.sparse.major", STR("1"));
	tar_pax(&records, "GNU.sparse.minor", STR("0"));
	tar_pax(&records, "GNU.sparse.name", STR("sparse"));
	tar_pax(&records, "GNU.sparse.realsize", STR("102400"));
	tar_add(&tar, &(struct tar_entry){.name = "pax", .type = 'x', .content = buf_str(&records)});
	buf_add_text(&content, "2\n50000\n3\n102400\n0\n");
	while (content.len < 512)
		buf_add_char(&content, '\0');
	buf_add_text(&content, "xyz");
	tar_add(&tar, &(struct tar_entry){.name = "GNUSparseFile.1/sparse", .type = '0', .mode = 0600, .content = buf_str(&content)});
	tar_end(&tar);
	unit_assert(layer_apply(*state, buf_str(&tar), 0, &result, &err), "%s", error_text(&err));
	layer_read(*state, "sparse", &got);
	assert_int_equal(got.len, 102400);
	assert_int_equal(result.size_bytes, 102400);
	assert_memory_equal(got.data + 50000, "xyz", 4);
	assert_int_equal(got.data[49999], 0);
	assert_true(stat_of(*state, "sparse").st_blocks * 512 < 102400);
}

#define UNPACK_TEST(test) cmocka_unit_test_setup_teardown(test, layer_fixture_set_up, layer_fixture_tear_down)

UNIT_MAIN(UNPACK_TEST(test_kinds_and_what_they_carry), UNPACK_TEST(test_whiteouts), UNPACK_TEST(test_links_are_followed),
	UNPACK_TEST(test_the_layer_itself_may_be_opaque), UNPACK_TEST(test_replacing), UNPACK_TEST(test_a_folder_keeps_its_time),
	UNPACK_TEST(test_set_group_id_folders), UNPACK_TEST(test_umask_changes_nothing), UNPACK_TEST(test_pax), UNPACK_TEST(test_gnu_long_names),
	UNPACK_TEST(test_sparse))
