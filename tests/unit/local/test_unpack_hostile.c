/* Layers that want out of their folder. The fixture's tear-down fails a test that touched what lies outside. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "tests/unit/local/layer_fixture.h"

#define FILE_OF(path)                                                                                                                                \
	{                                                                                                                                            \
		.name = path, .type = '0', .mode = 0644, .content = { "evil", 4 }                                                                    \
	}
#define FOLDER(path)                                                                                                                                 \
	{                                                                                                                                            \
		.name = path, .type = '5', .mode = 0777                                                                                              \
	}
#define SYMLINK(path, target)                                                                                                                        \
	{                                                                                                                                            \
		.name = path, .type = '2', .link = target, .mode = 0777                                                                              \
	}
#define HARDLINK(path, target)                                                                                                                       \
	{                                                                                                                                            \
		.name = path, .type = '1', .link = target                                                                                            \
	}

struct row {
	const char *why;
	const char *refused; /* what the message says; NULL: the layer is taken */
	struct tar_entry entries[8];
};

static const struct row rows[] = {
	{"a path that leaves", "entry '../outside/file': leaves the layer", {FILE_OF("../outside/file")}},
	{"one that leaves later", "leaves the layer", {FOLDER("a"), FILE_OF("a/../../outside/file")}},
	{"a folder that leaves", "leaves the layer", {FOLDER("../outside")}},
	{"a whiteout that leaves", "leaves the layer", {FILE_OF("../outside/.wh.file")}},
	{"an absolute path is below the layer", NULL, {FILE_OF("/outside/file")}},
	{"a file through a symbolic link", "parent 'l': l is a symbolic link", {SYMLINK("l", "../outside"), FILE_OF("l/file")}},
	{"an absolute one", "is a symbolic link", {SYMLINK("l", "/tmp"), FILE_OF("l/naru-test-hostile")}},
	{"one that stays within", NULL, {FOLDER("d"), SYMLINK("l", "d"), FILE_OF("l/file")}},
	{"one whose way leaves and comes back", NULL, {FOLDER("layer"), SYMLINK("l", "../layer"), FILE_OF("l/file")}},
	{"one that leads to what has the neighbour's name within", NULL, {FOLDER("outside"), SYMLINK("l", "../outside"), FILE_OF("l/file")}},
	{"a chain of them", "is a symbolic link", {SYMLINK("a", "b"), SYMLINK("b", "/proc/self/cwd"), FILE_OF("a/file")}},
	{"a loop of them", "is a symbolic link", {SYMLINK("a", "b"), SYMLINK("b", "a"), FILE_OF("a/file")}},
	{"one to a link that leaves", "is a symbolic link", {FOLDER("d"), SYMLINK("d/m", "../../outside"), SYMLINK("l", "d/m"), FILE_OF("l/file")}},
	{"a hard link through one to the neighbour", "hard link to", {FOLDER("d"), SYMLINK("l", "d"), HARDLINK("h", "l/../../outside/file")}},
	{"one further up", "parent 'a/l': l is a symbolic link", {FOLDER("a"), SYMLINK("a/l", "../../outside"), FILE_OF("a/l/b/c")}},
	{"a folder through one", "is a symbolic link", {SYMLINK("l", "../outside"), FOLDER("l/new")}},
	{"a symbolic link through one", "is a symbolic link", {SYMLINK("l", "../outside"), SYMLINK("l/new", "x")}},
	{"a fifo through one", "is a symbolic link", {SYMLINK("l", "../outside"), {.name = "l/new", .type = '6'}}},
	{"a device through one", "is a symbolic link", {SYMLINK("dev", "../outside"), {.name = "dev/null", .type = '3', .major = 1, .minor = 3}}},
	{"a whiteout through one", "is a symbolic link", {SYMLINK("l", "../outside"), FILE_OF("l/.wh.file")}},
	{"an opaque mark through one", "is a symbolic link", {SYMLINK("l", "../outside"), FILE_OF("l/.wh..wh..opq")}},
	{"a hard link that leaves", "hard link to '../outside/file': leaves the layer", {HARDLINK("h", "../outside/file")}},
	{"a hard link through a symbolic link", "is a symbolic link", {SYMLINK("l", "../outside"), HARDLINK("h", "l/file")}},
	{"a name below a hard link's place", "is a symbolic link", {SYMLINK("l", "../outside"), FILE_OF("f"), HARDLINK("l/h", "f")}},
	{"a hard link to an absolute path", "hard link to", {HARDLINK("h", "/etc/passwd")}},
	{"a hard link to a folder", "no file of this layer", {FOLDER("d"), HARDLINK("h", "d")}},
	{"a hard link to a whiteout", "no file of this layer", {FILE_OF(".wh.a"), HARDLINK("h", "a")}},
	{"a hard link to the layer itself", "which is no file", {HARDLINK("h", "./")}},
	{"a hard link to nothing", "hard link to 'nosuch'", {HARDLINK("h", "nosuch")}},
	{"writing to a symbolic link replaces it", NULL, {SYMLINK("s", "../outside/file"), FILE_OF("s")}},
	{"so does writing to a hard link of one", NULL, {SYMLINK("s", "../outside/file"), HARDLINK("h", "s"), FILE_OF("h")}},
	{"so does a folder", NULL, {SYMLINK("d", "../outside"), FOLDER("d"), FILE_OF("d/file")}},
	{"and a whiteout leaves it", NULL, {SYMLINK("d", "../outside"), FILE_OF(".wh.d")}},
	{"a folder is replaced while it is worked in", "is a symbolic link",
		{FOLDER("d"), FILE_OF("d/a"), SYMLINK("d", "../outside"), FILE_OF("d/file")}},
	{"so is its parent", "is a symbolic link", {FOLDER("p"), FOLDER("p/d"), FILE_OF("p/d/a"), SYMLINK("p", "../outside"), FILE_OF("p/d/file")}},
	{"a file as a parent", "f is no folder", {FILE_OF("f"), FILE_OF("f/x")}},
	{"the layer as a file", "is no folder", {FILE_OF(".")}},
	{"the layer as a symbolic link", "is no folder", {SYMLINK(".", "../outside")}},
	{"the layer as a hard link", "is no folder", {FILE_OF("f"), HARDLINK(".", "f")}},
	{"an empty link", "make symbolic link", {SYMLINK("l", "")}},
	{"escape sequences", "entry '?[31m'", {SYMLINK("\x1b[31m", "")}},
};

static void test_escapes(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_buf struct buf tar = {0};
		cleanup_error struct error err = {0};
		void *own;

		for (const struct tar_entry *entry = rows[i].entries; entry->name; entry++)
			tar_add(&tar, entry);
		tar_end(&tar);
		assert_int_equal(layer_fixture_set_up(&own), 0);
		bool applied = layer_apply(own, buf_str(&tar), 0, NULL, &err);
		unit_assert(layer_fixture_tear_down(&own) == 0, "%s", rows[i].why);
		unit_assert(applied == !rows[i].refused, "%s: %s", rows[i].why, error_text(&err));
		unit_assert(applied || strstr(error_text(&err), rows[i].refused), "%s: '%s' is not in '%s'", rows[i].why, rows[i].refused,
			error_text(&err));
	}
	(void)state;
}

/* What pax records say goes before what the header says. */
static void test_pax_escapes(void **state)
{
	static const struct {
		const char *key, *value;
		struct tar_entry entry;
		const char *refused;
	} paxes[] = {
		{"path", "../outside/file", FILE_OF("harmless"), "leaves the layer"},
		{"linkpath", "../outside/file", HARDLINK("harmless", "x"), "leaves the layer"},
		{"uid", "4294967295", FILE_OF("f"), "out of range"},
		{"gid", "4294967295", FILE_OF("f"), "out of range"},
		{"uid", "99999999999", FILE_OF("f"), "out of range"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(paxes); i++) {
		cleanup_buf struct buf tar = {0};
		cleanup_error struct error err = {0};

		tar_add_pax(&tar, paxes[i].key, str_of(paxes[i].value));
		tar_add(&tar, &paxes[i].entry);
		tar_end(&tar);
		unit_assert(!layer_apply(*state, buf_str(&tar), 0, NULL, &err), "%s=%s was taken", paxes[i].key, paxes[i].value);
		unit_assert(strstr(error_text(&err), paxes[i].refused), "%s", error_text(&err));
	}
}

/* Neither a device nor an attribute can say to overlayfs what only whiteouts may. */
static void test_overlayfs_is_not_steered(void **state)
{
	static const char *const names[] = {"trusted.overlay.opaque", "trusted.overlay.redirect", "user.overlay.opaque", "trusted.overlay.metacopy"};
	cleanup_buf struct buf tar = {0}, records = {0};
	cleanup_error struct error err = {0};
	struct stat status;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		cleanup_free char *key = mem_printf("SCHILY.xattr.%s", names[i]);
		tar_pax(&records, key, STR("y"));
	}
	tar_add(&tar, &(struct tar_entry){.name = "pax", .type = 'x', .content = buf_str(&records)});
	tar_add(&tar, &(struct tar_entry)FOLDER("d"));
	tar_add(&tar, &(struct tar_entry){.name = "c", .type = '3'});
	tar_end(&tar);
	unit_assert(layer_apply(*state, buf_str(&tar), 0, NULL, &err), "%s", error_text(&err));
	assert_false(layer_stat(*state, "c", &status));
	cleanup_free char *folder = mem_printf("%s/layer/d", ((struct layer_fixture *)*state)->path);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		unit_assert(getxattr(folder, names[i], NULL, 0) < 0, "%s was set", names[i]);
}

static void test_what_is_no_tar(void **state)
{
	cleanup_buf struct buf tar = {0}, noise = {0};

	tar_add(&tar, &(struct tar_entry)FILE_OF("f"));
	for (int i = 0; i < 4096; i++)
		buf_add_char(&noise, (char)(i * 7 + 1));
	const struct {
		const char *why;
		struct str bytes;
	} broken[] = {
		{"noise", buf_str(&noise)},
		{"a text", STR("hello, this is no layer")},
		{"half a header", str_head(buf_str(&tar), 300)},
		{"a header alone", str_head(buf_str(&tar), 512)},
		{"half of the content", str_head(buf_str(&tar), 514)},
	};
	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		cleanup_error struct error err = {0};

		unit_assert(!layer_apply(*state, broken[i].bytes, 0, NULL, &err), "%s was taken", broken[i].why);
		unit_assert(err.kind == ERROR_INVALID, "%s: %s", broken[i].why, error_text(&err));
	}
	tar.data[3] = 'x';
	cleanup_error struct error err = {0};
	assert_false(layer_apply(*state, buf_str(&tar), 0, NULL, &err));
	unit_assert(err.kind == ERROR_INVALID, "checksum: %s", error_text(&err));
}

UNIT_MAIN(cmocka_unit_test(test_escapes), cmocka_unit_test_setup_teardown(test_pax_escapes, layer_fixture_set_up, layer_fixture_tear_down),
	cmocka_unit_test_setup_teardown(test_overlayfs_is_not_steered, layer_fixture_set_up, layer_fixture_tear_down),
	cmocka_unit_test_setup_teardown(test_what_is_no_tar, layer_fixture_set_up, layer_fixture_tear_down))
