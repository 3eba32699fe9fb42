#include "oci/media_type.h"

#include "base/mem.h"

static const struct {
	const char *type;
	enum media_kind kind;
	enum layer_compression compression;
	bool foreign;
} types[] = {
	{MEDIA_TYPE_OCI_MANIFEST, MEDIA_MANIFEST, LAYER_PLAIN, false},
	{MEDIA_TYPE_DOCKER_MANIFEST, MEDIA_MANIFEST, LAYER_PLAIN, false},
	{MEDIA_TYPE_OCI_INDEX, MEDIA_INDEX, LAYER_PLAIN, false},
	{MEDIA_TYPE_DOCKER_LIST, MEDIA_INDEX, LAYER_PLAIN, false},
	{MEDIA_TYPE_DOCKER_SCHEMA1, MEDIA_SCHEMA1, LAYER_PLAIN, false},
	{MEDIA_TYPE_DOCKER_SCHEMA1_SIGNED, MEDIA_SCHEMA1, LAYER_PLAIN, false},
	{MEDIA_TYPE_OCI_CONFIG, MEDIA_CONFIG, LAYER_PLAIN, false},
	{MEDIA_TYPE_DOCKER_CONFIG, MEDIA_CONFIG, LAYER_PLAIN, false},
	{MEDIA_TYPE_OCI_LAYER, MEDIA_LAYER, LAYER_PLAIN, false},
	{MEDIA_TYPE_OCI_LAYER_GZIP, MEDIA_LAYER, LAYER_GZIP, false},
	{MEDIA_TYPE_OCI_LAYER_ZSTD, MEDIA_LAYER, LAYER_ZSTD, false},
	{MEDIA_TYPE_DOCKER_LAYER, MEDIA_LAYER, LAYER_PLAIN, false},
	{MEDIA_TYPE_DOCKER_LAYER_GZIP, MEDIA_LAYER, LAYER_GZIP, false},
	{MEDIA_TYPE_DOCKER_FOREIGN, MEDIA_LAYER, LAYER_GZIP, true},
	{"application/vnd.docker.image.rootfs.diff.tar.zstd", MEDIA_LAYER, LAYER_ZSTD, false},
	{"application/vnd.docker.image.rootfs.foreign.diff.tar", MEDIA_LAYER, LAYER_PLAIN, true},
	{"application/vnd.oci.image.layer.nondistributable.v1.tar", MEDIA_LAYER, LAYER_PLAIN, true},
	{"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", MEDIA_LAYER, LAYER_GZIP, true},
	{"application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", MEDIA_LAYER, LAYER_ZSTD, true},
};

/* The row of a type, or -1. */
static int find(struct str media_type)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (str_equal(media_type, str_of(types[i].type)))
			return (int)i;
	return -1;
}

enum media_kind media_kind_of(struct str media_type)
{
	int row = find(media_type);

	return row < 0 ? MEDIA_OTHER : types[row].kind;
}

enum layer_compression media_layer_compression(struct str media_type)
{
	int row = find(media_type);

	return row < 0 ? LAYER_PLAIN : types[row].compression;
}

bool media_is_foreign(struct str media_type)
{
	int row = find(media_type);

	return row >= 0 && types[row].foreign;
}

bool media_type_is_docker(struct str media_type)
{
	return str_starts(media_type, STR("application/vnd.docker."));
}

struct str media_type_bare(struct str header)
{
	struct str bare = header, parameters;

	str_cut(header, ';', &bare, &parameters);
	return str_trim(bare);
}
