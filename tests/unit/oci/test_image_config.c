#include "tests/unit/unit.h"

#include "oci/image_config.h"

#define DIFF_ID "sha256:c6f988f4874bb0add23a778f753c65efe992244e148a1d2ec2a8b664fb66bbd1"

/* OCI image-spec 1.1, config.md, "Example" (shortened). */
static const char example[] =
	"{\"created\":\"2015-10-31T22:22:56.015925234Z\",\"author\":\"Alyssa P. Hacker\",\"architecture\":\"amd64\",\"os\":\"linux\","
	"\"config\":{\"User\":\"alice\",\"ExposedPorts\":{\"8080/tcp\":{}},\"Env\":[\"PATH=/usr/bin\",\"FOO=oci_is_a\"],"
	"\"Entrypoint\":[\"/bin/my-app-binary\"],\"Cmd\":[\"--foreground\",\"--config\"],\"Volumes\":{\"/var/job\":{}},"
	"\"StopSignal\":\"SIGKILL\",\"WorkingDir\":\"/home/alice\",\"Labels\":{\"a\":\"b\"}},"
	"\"rootfs\":{\"diff_ids\":[\"" DIFF_ID "\"],\"type\":\"layers\"},\"history\":[{\"empty_layer\":true}]}";

static void test_example(void **state)
{
	cleanup_image_config struct image_config config = {0};
	cleanup_error struct error err = {0};

	(void)state;
	unit_assert(image_config_parse(&config, str_of(example), &err), "%s", error_text(&err));
	unit_assert_text(config.platform.architecture, "amd64");
	assert_int_equal(config.created_at_us, 1446330176015925);
	unit_assert_text(config.env[1], "FOO=oci_is_a");
	assert_null(config.env[2]);
	unit_assert_text(config.entrypoint[0], "/bin/my-app-binary");
	unit_assert_text(config.cmd[1], "--config");
	unit_assert_text(config.exposed_ports[0], "8080/tcp");
	unit_assert_text(config.volumes[0], "/var/job");
	unit_assert_text(config.user, "alice");
	unit_assert_text(config.working_dir, "/home/alice");
	unit_assert_text(config.stop_signal, "SIGKILL");
	assert_int_equal(config.diff_ids_count, 1);
	assert_int_equal(config.diff_ids[0].hash[0], 0xc6);
	assert_non_null(json_object_get(config.json, "history"));
}

static void test_what_is_missing_is_empty(void **state)
{
	static const char *const rows[] = {"{}", "{\"config\":null,\"rootfs\":null,\"created\":null}",
		"{\"config\":{\"Env\":null,\"Cmd\":null,\"Entrypoint\":null,\"Volumes\":null,\"ExposedPorts\":null},\"created\":\"yesterday\"}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_image_config struct image_config config = {0};
		cleanup_error struct error err = {0};

		unit_assert(image_config_parse(&config, str_of(rows[i]), &err), "%s: %s", rows[i], error_text(&err));
		assert_null(config.env[0]);
		assert_null(config.entrypoint[0]);
		assert_null(config.cmd[0]);
		assert_null(config.exposed_ports[0]);
		assert_null(config.volumes[0]);
		unit_assert_text(config.user, "");
		assert_int_equal(config.diff_ids_count, 0);
		assert_int_equal(config.created_at_us, 0);
	}
}

static void test_wrong_shapes(void **state)
{
	static const struct {
		const char *document, *field; /* what the message names */
	} rows[] = {
		{"[]", "image configuration"},
		{"{\"config\":[]}", "config"},
		{"{\"os\":1}", "os"},
		{"{\"architecture\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}", "platform"},
		{"{\"config\":{\"Env\":\"A=b\"}}", "Env"},
		{"{\"config\":{\"Env\":[\"A=b\",1]}}", "Env[1]"},
		{"{\"config\":{\"Cmd\":{}}}", "Cmd"},
		{"{\"config\":{\"Volumes\":[\"/x\"]}}", "Volumes"},
		{"{\"config\":{\"User\":0}}", "User"},
		{"{\"config\":{\"User\":\"a\\u0000b\"}}", "JSON"},
		{"{\"rootfs\":[]}", "rootfs"},
		{"{\"rootfs\":{\"diff_ids\":[\"sha256:12\"]}}", "diff_ids[0]"},
		{"{\"rootfs\":{\"diff_ids\":[\"" DIFF_ID "\",null]}}", "diff_ids[1]"},
		{"{\"config\":{},\"config\":{}}", "JSON"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct image_config config = {0};
		cleanup_error struct error err = {0};

		unit_assert(!image_config_parse(&config, str_of(rows[i].document), &err), "%s was taken", rows[i].document);
		assert_int_equal(err.kind, ERROR_INVALID);
		unit_assert(strstr(error_text(&err), rows[i].field), "%s: '%s' does not name %s", rows[i].document, error_text(&err), rows[i].field);
		assert_null(config.json);
	}
}

UNIT_MAIN(cmocka_unit_test(test_example), cmocka_unit_test(test_what_is_missing_is_empty), cmocka_unit_test(test_wrong_shapes))
