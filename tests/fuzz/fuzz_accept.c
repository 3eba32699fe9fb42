/* Accept: the first line is the media type, each other one a header. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "registry/distribution/accept.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct accept accept = {0}, again;
	struct str type, rest = str_make(data, size), header;

	if (!str_cut(rest, '\n', &type, &rest))
		return 0;
	for (bool more = true; more;) {
		header = rest;
		more = str_cut(rest, '\n', &header, &rest);
		accept_add(&accept, header, type);
	}
	/* Said twice is said once. */
	again = accept;
	accept_add(&again, header, type);
	if (accept_takes(&again) != accept_takes(&accept) || accept.closeness < 0 || accept.closeness > 3)
		abort();
	return 0;
}
