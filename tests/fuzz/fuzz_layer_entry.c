/* Paths of a layer's entries from any bytes: what is taken is relative, clean, and cannot leave its folder. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "oci/layer_entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct layer_entry entry = {0};

	if (layer_entry_parse(&entry, (struct str){(const char *)data, size}, NULL)) {
		for (const char *part = entry.path; part && *part;) {
			size_t length = strcspn(part, "/");

			require(length > 0 && !(length == 1 && part[0] == '.') && !(length == 2 && memcmp(part, "..", 2) == 0));
			require(part[length] == 0 || part[length + 1] != 0);
			part += length + (part[length] == '/');
		}
	}
	layer_entry_free(&entry);
	return 0;
}
