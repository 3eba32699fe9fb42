/* Manifests and indexes from any bytes, with each media type that they may come with; a choice of platform from what is taken. */
#include <stddef.h>
#include <stdint.h>

#include "oci/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const types[] = {"", "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json",
		"application/vnd.docker.distribution.manifest.v2+json", "application/vnd.docker.distribution.manifest.list.v2+json"};
	struct platform host = platform_host();

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		cleanup_manifest struct manifest manifest = {0};

		if (manifest_parse(&manifest, (struct str){(const char *)data, size}, str_of(types[i]), NULL) && manifest.is_index)
			manifest_choose(&manifest, &host);
	}
	return 0;
}
