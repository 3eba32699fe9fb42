/* Configuration files from any bytes: what is taken is shown, and what is shown is taken again. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "registry/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_error struct error err = {0};
	cleanup_buf struct buf shown = {0};
	struct settings settings, again;

	if (settings_load_text(&settings, "f.yml", (struct str){(const char *)data, size}, &err)) {
		settings_show(&settings, &shown);
		if (!settings_load_text(&again, "f.yml", buf_str(&shown), &err))
			abort();
		settings_free(&again);
	}
	settings_free(&settings);
	return 0;
}
