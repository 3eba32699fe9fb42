/* Image configurations from any bytes. */
#include <stddef.h>
#include <stdint.h>

#include "oci/image_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_image_config struct image_config config = {0};

	image_config_parse(&config, (struct str){(const char *)data, size}, NULL);
	return 0;
}
