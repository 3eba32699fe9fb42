/* Options joined with an image's configuration, their way into a row and back, and the config.json that comes of them. */
#include "tests/unit/unit.h"

#include <signal.h>

#include "runtime/bundle.h"
#include "runtime/names.h"
#include "runtime/seccomp.h"
#include "runtime/settings.h"

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static const char image_text[] =
	"{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{\"Cmd\":[\"c1\",\"c2\"],\"Entrypoint\":[\"e1\"],\"Env\":[\"PATH=/"
	"bin\",\"A=image\",\"novalue\"],"
	"\"User\":\"bob\",\"WorkingDir\":\"/srv\",\"ExposedPorts\":{\"80/tcp\":{},\"bad\":{}},\"Volumes\":{\"/data\":{}},\"StopSignal\":\"SIGQUIT\","
	"\"Labels\":{\"run.oci.hooks.stderr\":\"/x\"}},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}";

static void image_make(struct image_config *image)
{
	cleanup_error struct error err = {0};

	unit_assert(image_config_parse(image, str_of(image_text), &err), "%s", error_text(&err));
}

static void joined_args(const struct settings *settings, struct buf *out)
{
	for (size_t i = 0; i < settings->args.count; i++)
		buf_printf(out, "%s ", settings->args.items[i]);
}

static void test_log_options(void **state)
{
	static const struct {
		const char *options[3];
		int64_t bytes;
		const char *refused;
	} table[] = {
		{{NULL}, 0, NULL},
		{{"max-size=512"}, 512, NULL},
		{{"max-size=10m"}, 10 << 20, NULL},
		{{"max-size=1 KiB", "max-file=3"}, 3 << 10, NULL},
		{{"max-file=2", "max-size=1Gb"}, INT64_C(2) << 30, NULL},
		{{"max-file=5"}, 0, NULL},
		{{"max-size=abc"}, 0, "failed to initialize logging driver: invalid size: 'abc'"},
		{{"max-size=-1"}, 0, "invalid size: '-1'"},
		{{"max-size=1x"}, 0, "invalid size: '1x'"},
		{{"max-size=1kk"}, 0, "invalid size: '1kk'"},
		{{"max-size="}, 0, "invalid size: ''"},
		{{"max-size=0"}, 0, "max-size must be a positive number"},
		{{"max-size=99999999999999999999"}, 0, "invalid size"},
		{{"max-size=9007199254740992k"}, 0, "invalid size"},
		{{"max-size=8191p", "max-file=1000"}, 0, "too large"},
		{{"max-file=0"}, 0, "max-file '0'"},
		{{"foo=bar"}, 0, "unknown log opt 'foo' for json-file log driver"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		cleanup_error struct error err = {0};
		int64_t bytes = -1;
		bool good = log_options_parse(table[i].options, &bytes, &err);

		unit_assert(good == !table[i].refused, "row %zu: %s", i, error_text(&err));
		if (good)
			unit_assert(bytes == table[i].bytes, "row %zu: %lld", i, (long long)bytes);
		else
			unit_assert(strstr(error_text(&err), table[i].refused), "row %zu: %s", i, error_text(&err));
	}
}

static void test_args(void **state)
{
	static const struct {
		const char *entrypoint;
		const char *command[3];
		const char *want;
	} table[] = {
		{NULL, {NULL}, "e1 c1 c2 "},
		{NULL, {"x", "y"}, "e1 x y "},
		{"e2", {NULL}, "e2 "},
		{"e2", {"x"}, "e2 x "},
		{"", {"x"}, "x "},
		{"", {NULL}, NULL},
	};
	struct image_config image cleanup_image_config = {0};

	(void)state;
	image_make(&image);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct settings settings cleanup_settings = {0};
		cleanup_error struct error err = {0};
		cleanup_buf struct buf got = {0};
		bool good = settings_make(
			&settings, &(struct settings_request){.entrypoint = table[i].entrypoint, .command = table[i].command}, &image, &err);

		unit_assert(good == (table[i].want != NULL), "row %zu: %s", i, error_text(&err));
		joined_args(&settings, &got);
		if (good)
			unit_assert(strcmp(got.data, table[i].want) == 0, "row %zu: %s", i, got.data);
		else
			unit_assert_text(error_text(&err), "no command specified");
	}
}

static void test_refused(void **state)
{
	const struct {
		struct settings_request request;
		const char *error;
	} table[] = {
		{{.network = "nosuch"}, "network nosuch not found"},
		{{.working_dir = "rel"}, "the working directory 'rel' is invalid, it needs to be an absolute path"},
		{{.hostname = "a b"}, "invalid hostname: a b"},
		{{.cap_add = LIST("foo")}, "invalid CapAdd: unknown capability: \"CAP_foo\""},
		{{.cap_drop = LIST("foo")}, "invalid CapDrop: unknown capability: \"CAP_foo\""},
		{{.env = LIST("=x")}, "invalid environment variable: =x"},
		{{.ports = LIST("x")}, "invalid containerPort: x"},
	};
	struct image_config image cleanup_image_config = {0};

	(void)state;
	image_make(&image);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct settings settings cleanup_settings = {0};
		cleanup_error struct error err = {0};

		assert_false(settings_make(&settings, &table[i].request, &image, &err));
		unit_assert_text(error_text(&err), table[i].error);
	}
}

/* An image may list as much as its configuration has room for. */
static void test_image_lists_bounded(void **state)
{
	static const struct {
		const char *before, *prefix, *suffix, *after;
		int count;
		const char *error;
	} table[] = {
		{"\"Env\":[\"Z=\"", ",\"A", "=\"", "]", 4095, NULL},
		{"\"Env\":[\"Z=\"", ",\"A", "=\"", "]", 4096, "the image has more than 4096 environment variables"},
		{"\"Volumes\":{\"/z\":{}", ",\"/", "\":{}", "}", 255, NULL},
		{"\"Volumes\":{\"/z\":{}", ",\"/", "\":{}", "}", 256, "the image has more than 256 volumes"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct image_config image cleanup_image_config = {0};
		struct settings settings cleanup_settings = {0};
		cleanup_error struct error err = {0};
		cleanup_buf struct buf text = {0};

		buf_printf(&text, "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{\"Cmd\":[\"c\"],%s", table[i].before);
		for (int item = 0; item < table[i].count; item++)
			buf_printf(&text, "%s%d%s", table[i].prefix, item, table[i].suffix);
		buf_printf(&text, "%s},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}", table[i].after);
		unit_assert(image_config_parse(&image, buf_str(&text), &err), "row %zu: %s", i, error_text(&err));
		bool good = settings_make(&settings, &(struct settings_request){0}, &image, &err);
		unit_assert(good == (table[i].error == NULL), "row %zu: %s", i, error_text(&err));
		if (!good)
			unit_assert_text(error_text(&err), table[i].error);
	}
}

static void test_row_and_back(void **state)
{
	struct image_config image cleanup_image_config = {0};
	struct settings settings cleanup_settings = {0}, again cleanup_settings = {0};
	struct settings_request request = {.env = LIST("A=mine", "B=2"),
		.ports = LIST("8080:80", "[::1]:90-91:90-91/udp"),
		.volumes = LIST("/h:/c:ro,rslave"),
		.cap_add = LIST("net_admin"),
		.labels = LIST("k=v"),
		.hostname = "hh",
		.remove = true,
		.terminal = true};

	(void)state;
	image_make(&image);
	assert_true(settings_make(&settings, &request, &image, NULL));
	unit_assert_text(text_list_value(&settings.env, "A"), "mine");
	unit_assert_text(text_list_value(&settings.env, "PATH"), "/bin");
	unit_assert_text(settings.user, "bob");
	unit_assert_text(settings.working_dir, "/srv");
	assert_int_equal(settings.ports.count, 3);
	assert_int_equal(settings.exposed.count, 0);
	assert_int_equal(settings.volumes.count, 2);

	cleanup_free char *text = settings_format(&settings);
	assert_non_null(text);
	assert_true(settings_parse(&again, str_of(text), NULL));
	cleanup_free char *text_again = settings_format(&again);
	unit_assert_text(text_again, text);
	assert_int_equal(signal_parse(str_of(again.stop_signal)), SIGQUIT);

	struct settings broken cleanup_settings = {0};
	assert_false(settings_parse(&broken, STR("{}"), NULL));
	assert_false(settings_parse(&broken, STR("nonsense"), NULL));
}

static bool has_mount(const json_t *json, const char *destination, const char *source)
{
	size_t i;
	json_t *mount;

	json_array_foreach (json_object_get(json, "mounts"), i, mount)
		if (strcmp(json_string_value(json_object_get(mount, "destination")), destination) == 0)
			return !source || strcmp(json_string_value(json_object_get(mount, "source")), source) == 0;
	return false;
}

static void test_bundle(void **state)
{
	struct image_config image cleanup_image_config = {0};
	struct settings settings cleanup_settings = {0};
	struct settings_request request = {.volumes = LIST("/h:/c"), .cap_drop = LIST("ALL"), .cap_add = LIST("chown"), .read_only = true};
	struct user user = {.uid = 5, .gid = 6, .groups = {7}, .groups_count = 1, .home = "/me"};

	(void)state;
	image_make(&image);
	assert_true(settings_make(&settings, &request, &image, NULL));
	struct bundle bundle = {.id = "abc", .folder = "/f", .settings = &settings, .user = &user, .hostname = "abc", .netns = "/f/netns"};
	cleanup_free char *text = bundle_format(&bundle, NULL);
	assert_non_null(text);
	json_t *json = json_loads(text, 0, NULL);
	const char *path, *cgroup, *home = NULL;
	int uid, read_only;
	json_t *caps, *namespaces, *item;
	size_t i;

	/* What an image says never becomes an annotation: crun obeys some. */
	assert_null(json_object_get(json, "annotations"));
	assert_null(strstr(text, "run.oci"));
	assert_int_equal(json_unpack(json, "{s:{s:s,s:b},s:{s:{s:i},s:{s:o}},s:{s:s,s:o}}", "root", "path", &path, "readonly", &read_only, "process",
				 "user", "uid", &uid, "capabilities", "effective", &caps, "linux", "cgroupsPath", &cgroup, "namespaces", &namespaces),
		0);
	unit_assert_text(path, "rootfs");
	unit_assert_text(cgroup, "/naru/abc");
	assert_true(read_only);
	assert_int_equal(uid, 5);
	assert_int_equal(json_array_size(caps), 1);
	unit_assert_text(json_string_value(json_array_get(caps, 0)), "CAP_CHOWN");
	assert_true(has_mount(json, "/c", "/h") && has_mount(json, "/data", NULL) && has_mount(json, "/etc/hosts", "/f/hosts"));
	json_array_foreach (json_object_get(json_object_get(json, "process"), "env"), i, item)
		if (strncmp(json_string_value(item), "HOME=", 5) == 0)
			home = json_string_value(item);
	unit_assert_text(home, "HOME=/me");
	bool network = false;
	json_array_foreach (namespaces, i, item)
		if (strcmp(json_string_value(json_object_get(item, "type")), "network") == 0)
			network = strcmp(json_string_value(json_object_get(item, "path")), "/f/netns") == 0;
	assert_true(network);
	json_decref(json);
}

static void test_names(void **state)
{
	(void)state;
	assert_true(container_name_valid(STR("w1")) && container_name_valid(STR("A.b-c_d")));
	assert_false(container_name_valid(STR("a")) || container_name_valid(STR("-ab")) || container_name_valid(STR("a b")) ||
		     container_name_valid(STR("a/b")));
	for (unsigned int i = 0; i < 50; i++) {
		cleanup_free char *name = container_name_random(i % 3);
		unit_assert(container_name_valid(str_of(name)) && strchr(name, '_'), "%s", name);
	}
}

static void test_seccomp(void **state)
{
	static const char profile[] =
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38,\"archMap\":[{\"architecture\":\"SCMP_ARCH_X86_64\","
		"\"subArchitectures\":[\"SCMP_ARCH_X86\"]}],"
		"\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[],\"includes\":{},\"excludes\":{}},"
		"{\"names\":[\"mount\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}},"
		"{\"names\":[\"mount\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":1,\"excludes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}},"
		"{\"names\":[\"arm_only\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"arches\":[\"arm64\"]}}]}";

	(void)state;
	json_t *plain = seccomp_translate(str_of(profile), LIST("CAP_CHOWN"), "amd64", NULL);
	json_t *admin = seccomp_translate(str_of(profile), LIST("CAP_SYS_ADMIN"), "amd64", NULL);
	cleanup_free char *plain_text = json_dumps(plain, JSON_COMPACT | JSON_SORT_KEYS),
			  *admin_text = json_dumps(admin, JSON_COMPACT | JSON_SORT_KEYS);
	unit_assert_text(plain_text,
		"{\"architectures\":[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\"],\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38,"
		"\"syscalls\":["
		"{\"action\":\"SCMP_ACT_ALLOW\",\"names\":[\"read\"]},{\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":1,\"names\":[\"mount\"]}]}");
	assert_non_null(strstr(admin_text, "{\"action\":\"SCMP_ACT_ALLOW\",\"names\":[\"mount\"]}"));
	assert_null(seccomp_translate(STR("{}"), LIST("CAP_CHOWN"), "amd64", NULL));
	json_decref(plain);
	json_decref(admin);
}

UNIT_MAIN(cmocka_unit_test(test_args), cmocka_unit_test(test_log_options), cmocka_unit_test(test_refused), cmocka_unit_test(test_image_lists_bounded),
	cmocka_unit_test(test_row_and_back), cmocka_unit_test(test_bundle), cmocka_unit_test(test_names), cmocka_unit_test(test_seccomp))
