#include "tests/unit/unit.h"

#include "base/buf.h"
#include "oci/manifest.h"

#define D(letter) "sha256:" letter letter letter letter letter letter letter letter
#define DA D("aaaaaaaa")
#define DB D("bbbbbbbb")
#define DC D("cccccccc")
#define CONFIG "\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"" DA "\",\"size\":7023}"
#define LAYER "{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar+gzip\",\"digest\":\"" DB "\",\"size\":32654}"
#define LAYERS "\"layers\":[" LAYER "]"
#define ENTRY(platform) "{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"digest\":\"" DC "\",\"size\":7143,\"platform\":" platform "}"
#define TYPE(type) "\"mediaType\":\"" type "\""

static const char image[] = "{\"schemaVersion\":2," TYPE(
	MEDIA_TYPE_OCI_MANIFEST) "," CONFIG "," LAYERS ",\"subject\":{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"digest\":\"" DC
				 "\",\"size\":7682},\"annotations\":{\"com.example.key1\":\"value1\"}}";

/* OCI image-spec 1.1, manifest.md, "Example Image Manifest". */
static void test_image(void **state)
{
	cleanup_manifest struct manifest manifest = {0};
	cleanup_error struct error err = {0};

	(void)state;
	unit_assert(manifest_parse(&manifest, str_of(image), STR(MEDIA_TYPE_OCI_MANIFEST), &err), "%s", error_text(&err));
	assert_false(manifest.is_index);
	unit_assert_text(manifest.media_type, MEDIA_TYPE_OCI_MANIFEST);
	assert_int_equal(manifest.layers_count, 1);
	assert_int_equal(manifest.layers[0].size_bytes, 32654);
	assert_int_equal(manifest.config.size_bytes, 7023);
	assert_true(manifest.has_subject);
	assert_int_equal(manifest.subject.size_bytes, 7682);
	unit_assert_text(manifest.artifact_type, MEDIA_TYPE_OCI_CONFIG);
	unit_assert_text(json_string_value(json_object_get(manifest.annotations, "com.example.key1")), "value1");
}

static const struct {
	const char *why, *document, *content_type;
	enum error_kind kind; /* ERROR_NONE: accepted */
} documents[] = {
	{"no header, no mediaType", "{\"schemaVersion\":2," CONFIG "," LAYERS "}", "", ERROR_NONE},
	{"an index by its shape", "{\"schemaVersion\":2,\"manifests\":[]}", "", ERROR_NONE},
	{"empty layers", "{\"schemaVersion\":2," CONFIG ",\"layers\":[]}", MEDIA_TYPE_OCI_MANIFEST, ERROR_NONE},
	{"no layers", "{\"schemaVersion\":2," CONFIG "}", MEDIA_TYPE_OCI_MANIFEST, ERROR_NONE},
	{"repeated layers", "{\"schemaVersion\":2," CONFIG ",\"layers\":[" LAYER "," LAYER "]}", MEDIA_TYPE_OCI_MANIFEST, ERROR_NONE},
	{"unknown fields", "{\"schemaVersion\":2,\"x\":{\"y\":[1]}," CONFIG "," LAYERS "}", MEDIA_TYPE_OCI_MANIFEST, ERROR_NONE},
	{"an unknown config", "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"x/y\",\"digest\":\"" DA "\",\"size\":2,\"data\":\"e30=\"}}",
		MEDIA_TYPE_OCI_MANIFEST, ERROR_NONE},
	{"null subject", "{\"schemaVersion\":2,\"subject\":null," CONFIG "}", MEDIA_TYPE_OCI_MANIFEST, ERROR_NONE},
	{"docker's", "{\"schemaVersion\":2," TYPE(MEDIA_TYPE_DOCKER_MANIFEST) "," CONFIG "," LAYERS "}", MEDIA_TYPE_DOCKER_MANIFEST, ERROR_NONE},
	{"an index in an index",
		"{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"" MEDIA_TYPE_OCI_INDEX "\",\"digest\":\"" DA "\",\"size\":1}]}",
		MEDIA_TYPE_OCI_INDEX, ERROR_NONE},
	{"empty", "", "", ERROR_INVALID},
	{"not JSON", "hello", "", ERROR_INVALID},
	{"a list", "[]", "", ERROR_INVALID},
	{"something behind it", "{\"schemaVersion\":2," CONFIG "} x", "", ERROR_INVALID},
	{"a NUL in a text", "{\"schemaVersion\":2,\"artifactType\":\"a\\u0000b\"," CONFIG "}", "", ERROR_INVALID},
	{"bad UTF-8", "{\"schemaVersion\":2,\"artifactType\":\"\xff\"," CONFIG "}", "", ERROR_INVALID},
	{"a key twice", "{\"schemaVersion\":2,\"schemaVersion\":2," CONFIG "}", "", ERROR_INVALID},
	{"no schemaVersion", "{" CONFIG "," LAYERS "}", "", ERROR_INVALID},
	{"schemaVersion 1", "{\"schemaVersion\":1," CONFIG "}", "", ERROR_INVALID},
	{"schemaVersion a text", "{\"schemaVersion\":\"2\"," CONFIG "}", "", ERROR_INVALID},
	{"schemaVersion 2.0", "{\"schemaVersion\":2.0," CONFIG "}", "", ERROR_INVALID},
	{"mediaType unlike the header", "{\"schemaVersion\":2," TYPE(MEDIA_TYPE_OCI_MANIFEST) "," CONFIG "}", MEDIA_TYPE_DOCKER_MANIFEST,
		ERROR_INVALID},
	{"docker without mediaType", "{\"schemaVersion\":2," CONFIG "," LAYERS "}", MEDIA_TYPE_DOCKER_MANIFEST, ERROR_INVALID},
	{"manifests and layers (CVE-2021-41190)", "{\"schemaVersion\":2,\"manifests\":[]," LAYERS "}", "", ERROR_INVALID},
	{"manifests and config (CVE-2021-41190)", "{\"schemaVersion\":2,\"manifests\":[]," CONFIG "}", "", ERROR_INVALID},
	{"an index sent as a manifest", "{\"schemaVersion\":2,\"manifests\":[]}", MEDIA_TYPE_OCI_MANIFEST, ERROR_INVALID},
	{"a manifest sent as an index", "{\"schemaVersion\":2," CONFIG "}", MEDIA_TYPE_OCI_INDEX, ERROR_INVALID},
	{"no config", "{\"schemaVersion\":2," LAYERS "}", MEDIA_TYPE_OCI_MANIFEST, ERROR_INVALID},
	{"config a list", "{\"schemaVersion\":2,\"config\":[]}", "", ERROR_INVALID},
	{"layers an object", "{\"schemaVersion\":2," CONFIG ",\"layers\":{}}", "", ERROR_INVALID},
	{"a layer that is null", "{\"schemaVersion\":2," CONFIG ",\"layers\":[null]}", "", ERROR_INVALID},
	{"a layer without digest", "{\"schemaVersion\":2," CONFIG ",\"layers\":[{\"mediaType\":\"x\",\"size\":1}]}", "", ERROR_INVALID},
	{"a layer without size", "{\"schemaVersion\":2," CONFIG ",\"layers\":[{\"mediaType\":\"x\",\"digest\":\"" DA "\"}]}", "", ERROR_INVALID},
	{"a size below 0", "{\"schemaVersion\":2,\"config\":{\"digest\":\"" DA "\",\"size\":-1}}", "", ERROR_INVALID},
	{"a size over 64 bits", "{\"schemaVersion\":2,\"config\":{\"digest\":\"" DA "\",\"size\":9223372036854775808}}", "", ERROR_INVALID},
	{"a size with a fraction", "{\"schemaVersion\":2,\"config\":{\"digest\":\"" DA "\",\"size\":1.5}}", "", ERROR_INVALID},
	{"a digest that is a path", "{\"schemaVersion\":2,\"config\":{\"digest\":\"sha256:../../x\",\"size\":1}}", "", ERROR_INVALID},
	{"a subject that is a text", "{\"schemaVersion\":2,\"subject\":\"" DA "\"," CONFIG "}", "", ERROR_INVALID},
	{"an annotation that is a number", "{\"schemaVersion\":2,\"annotations\":{\"a\":1}," CONFIG "}", "", ERROR_INVALID},
	{"an unknown type", "{\"schemaVersion\":2," CONFIG "}", "application/json", ERROR_INVALID},
	{"schema 1", "{\"schemaVersion\":1,\"fsLayers\":[]}", MEDIA_TYPE_DOCKER_SCHEMA1_SIGNED, ERROR_UNSUPPORTED},
};

static void test_accepted_and_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(documents); i++) {
		struct manifest manifest = {0};
		cleanup_error struct error err = {0};
		bool parsed = manifest_parse(&manifest, str_of(documents[i].document), str_of(documents[i].content_type), &err);

		unit_assert(
			parsed == !documents[i].kind && err.kind == documents[i].kind, "%s: %d, %s", documents[i].why, err.kind, error_text(&err));
		manifest_free(&manifest);
	}
}

static void test_bounds(void **state)
{
	cleanup_buf struct buf deep = {0}, large = {0};
	struct manifest manifest = {0};
	cleanup_error struct error err = {0}, too_large = {0};

	(void)state;
	buf_add_text(&deep, "{\"schemaVersion\":2,\"x\":");
	for (int i = 0; i < 100000; i++)
		buf_add_char(&deep, '[');
	assert_false(manifest_parse(&manifest, buf_str(&deep), STR(""), &err));
	assert_int_equal(err.kind, ERROR_INVALID);
	memset(buf_room(&large, MANIFEST_SIZE_MAX + 1), ' ', MANIFEST_SIZE_MAX + 1);
	buf_added(&large, MANIFEST_SIZE_MAX + 1);
	assert_false(manifest_parse(&manifest, buf_str(&large), STR(""), &too_large));
	assert_int_equal(too_large.kind, ERROR_TOO_LARGE);
}

/* OCI image-spec 1.1, manifest.md, "Guidelines for Artifact Usage"; distribution-spec, "Listing Referrers". */
static void test_artifact_type(void **state)
{
	static const struct {
		const char *document, *artifact_type;
	} rows[] = {
		{"{\"schemaVersion\":2,\"artifactType\":\"application/x\"," CONFIG "}", "application/x"},
		{"{\"schemaVersion\":2,\"config\":{\"mediaType\":\"application/y\",\"digest\":\"" DA "\",\"size\":2}}", "application/y"},
		{"{\"schemaVersion\":2," CONFIG "}", "application/vnd.oci.image.config.v1+json"},
		{"{\"schemaVersion\":2,\"artifactType\":\"application/x\",\"manifests\":[]}", "application/x"},
		{"{\"schemaVersion\":2,\"manifests\":[]}", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_manifest struct manifest manifest = {0};

		assert_true(manifest_parse(&manifest, str_of(rows[i].document), STR(""), NULL));
		if (rows[i].artifact_type)
			unit_assert_text(manifest.artifact_type, rows[i].artifact_type);
		else
			assert_null(manifest.artifact_type);
	}
}

static void test_choose(void **state)
{
	static const struct {
		const char *wanted, *entries;
		int chosen; /* -1: none */
	} rows[] = {
		{"linux/amd64", ENTRY("{\"os\":\"linux\",\"architecture\":\"arm64\"}") "," ENTRY("{\"os\":\"linux\",\"architecture\":\"amd64\"}"), 1},
		{"linux/amd64/v3",
			ENTRY("{\"os\":\"linux\",\"architecture\":\"amd64\"}") "," ENTRY(
				"{\"os\":\"linux\",\"architecture\":\"amd64\",\"variant\":\"v2\"}"),
			1},
		{"linux/amd64", ENTRY("{\"os\":\"linux\",\"architecture\":\"amd64\"}") "," ENTRY("{\"os\":\"linux\",\"architecture\":\"amd64\"}"), 0},
		{"linux/amd64", ENTRY("{\"os\":\"unknown\",\"architecture\":\"unknown\"}"), -1},
		{"linux/amd64", ENTRY("null") "," ENTRY("{\"os\":\"linux\",\"architecture\":\"386\"}"), 1},
		{"linux/amd64", ENTRY("null"), 0},
		{"linux/arm64", ENTRY("{\"os\":\"linux\",\"architecture\":\"amd64\"}"), -1},
		{"linux/amd64", "", -1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_buf struct buf document = {0};
		cleanup_manifest struct manifest index = {0};
		cleanup_error struct error err = {0};
		struct platform wanted;

		buf_printf(&document, "{\"schemaVersion\":2,\"manifests\":[%s]}", rows[i].entries);
		unit_assert(manifest_parse(&index, buf_str(&document), STR(MEDIA_TYPE_OCI_INDEX), &err), "row %zu: %s", i, error_text(&err));
		assert_true(platform_parse(&wanted, str_of(rows[i].wanted), NULL));
		const struct descriptor *chosen = manifest_choose(&index, &wanted);
		int at = chosen ? (int)(chosen - index.manifests) : -1;
		unit_assert(at == rows[i].chosen, "row %zu: entry %d", i, at);
	}
}

UNIT_MAIN(cmocka_unit_test(test_image), cmocka_unit_test(test_accepted_and_refused), cmocka_unit_test(test_bounds),
	cmocka_unit_test(test_artifact_type), cmocka_unit_test(test_choose))
