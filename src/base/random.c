#include "base/random.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/hex.h"

void random_bytes(void *out, size_t size)
{
	char *at = out;

	while (size) {
		ssize_t got = getrandom(at, size, 0);

		if (got < 0) {
			if (errno != EINTR)
				abort();
			continue;
		}
		at += got;
		size -= (size_t)got;
	}
}

void random_hex(char *out, size_t digits)
{
	uint8_t bytes[64];

	assert(digits % 2 == 0 && digits / 2 <= sizeof bytes);
	random_bytes(bytes, digits / 2);
	hex_encode_lower(out, bytes, digits / 2);
	out[digits] = '\0';
}

void random_uuid(char out[static RANDOM_UUID_SIZE])
{
	uint8_t bytes[16];
	char digits[32], *at = out;

	random_bytes(bytes, sizeof bytes);
	bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40);
	bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
	hex_encode_lower(digits, bytes, sizeof bytes);
	for (size_t i = 0; i < sizeof digits; i++) {
		if (i == 8 || i == 12 || i == 16 || i == 20)
			*at++ = '-';
		*at++ = digits[i];
	}
	*at = '\0';
}
