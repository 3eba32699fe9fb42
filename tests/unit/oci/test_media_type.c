#include "tests/unit/unit.h"

#include "oci/media_type.h"

/* OCI image-spec 1.1, media-types.md; docker's manifest-v2-2.md. */
static void test_kinds(void **state)
{
	static const struct {
		const char *type;
		enum media_kind kind;
		enum layer_compression compression;
		bool foreign;
	} rows[] = {
		{"application/vnd.oci.image.manifest.v1+json", MEDIA_MANIFEST, LAYER_PLAIN, false},
		{"application/vnd.oci.image.index.v1+json", MEDIA_INDEX, LAYER_PLAIN, false},
		{"application/vnd.oci.image.config.v1+json", MEDIA_CONFIG, LAYER_PLAIN, false},
		{"application/vnd.oci.image.layer.v1.tar", MEDIA_LAYER, LAYER_PLAIN, false},
		{"application/vnd.oci.image.layer.v1.tar+gzip", MEDIA_LAYER, LAYER_GZIP, false},
		{"application/vnd.oci.image.layer.v1.tar+zstd", MEDIA_LAYER, LAYER_ZSTD, false},
		{"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", MEDIA_LAYER, LAYER_GZIP, true},
		{"application/vnd.docker.distribution.manifest.v2+json", MEDIA_MANIFEST, LAYER_PLAIN, false},
		{"application/vnd.docker.distribution.manifest.list.v2+json", MEDIA_INDEX, LAYER_PLAIN, false},
		{"application/vnd.docker.container.image.v1+json", MEDIA_CONFIG, LAYER_PLAIN, false},
		{"application/vnd.docker.image.rootfs.diff.tar.gzip", MEDIA_LAYER, LAYER_GZIP, false},
		{"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", MEDIA_LAYER, LAYER_GZIP, true},
		{"application/vnd.docker.distribution.manifest.v1+prettyjws", MEDIA_SCHEMA1, LAYER_PLAIN, false},
		{"application/vnd.oci.empty.v1+json", MEDIA_OTHER, LAYER_PLAIN, false},
		{"application/vnd.cncf.helm.config.v1+json", MEDIA_OTHER, LAYER_PLAIN, false},
		{"application/json", MEDIA_OTHER, LAYER_PLAIN, false},
		{"", MEDIA_OTHER, LAYER_PLAIN, false},
		{"application/vnd.oci.image.manifest.v1+json ", MEDIA_OTHER, LAYER_PLAIN, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct str type = str_of(rows[i].type);

		unit_assert(media_kind_of(type) == rows[i].kind, "%s: kind", rows[i].type);
		unit_assert(media_layer_compression(type) == rows[i].compression, "%s: compression", rows[i].type);
		unit_assert(media_is_foreign(type) == rows[i].foreign, "%s: foreign", rows[i].type);
	}
}

static void test_bare(void **state)
{
	static const struct {
		const char *header, *bare;
	} rows[] = {
		{"application/json", "application/json"},
		{"application/json; charset=utf-8", "application/json"},
		{" application/json ;q=1", "application/json"},
		{"", ""},
		{";", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		unit_assert(str_equal(media_type_bare(str_of(rows[i].header)), str_of(rows[i].bare)), "'%s'", rows[i].header);
}

UNIT_MAIN(cmocka_unit_test(test_kinds), cmocka_unit_test(test_bare))
