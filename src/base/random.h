/* Random bytes from the kernel, for names that nobody may guess. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>

void random_bytes(void *out, size_t size);
/* Writes digits lower-case hex digits (an even number, up to 128) and a NUL. */
void random_hex(char *out, size_t digits);
/* A version 4 UUID as text (RFC 9562): 36 characters and a NUL. */
#define RANDOM_UUID_SIZE 37
void random_uuid(char out[static RANDOM_UUID_SIZE]);

#endif
