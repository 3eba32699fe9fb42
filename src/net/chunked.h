/*
 * The chunked coding (RFC 9112, 7.1), decoded as strictly as the guard reads a head: every line ends in CR LF and in nothing else, a size is up to 16
 * hex digits, extensions and trailers are well formed, bounded and dropped. What could be framed in two ways is malformed.
 */
#ifndef NET_CHUNKED_H
#define NET_CHUNKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHUNKED_EXTENSION_MAX 1024 /* bytes behind the size of one chunk */
#define CHUNKED_TRAILERS_MAX 8192  /* bytes of all trailers of a body */

/* Where in a body the next byte stands. Starts as {0}. */
struct chunked {
	unsigned int state;
	uint64_t left;       /* bytes still to come of the chunk begun; 0 between chunks */
	unsigned int digits; /* of the size */
	size_t overhead;     /* bytes of this extension, or of the trailers */
	char name[20];       /* the start of a trailer's name */
	size_t name_len;     /* bytes of the name or value begun */
};

struct chunked_piece {
	size_t payload;  /* bytes of body, moved to the start of data */
	size_t consumed; /* of data; less than len only when the body has ended */
	bool done;       /* the last chunk and its trailers have been read */
};

/* Decodes the next bytes of a body in place, wherever they were cut. False when they are malformed: then nothing more may be read. */
bool chunked_decode(struct chunked *chunked, char *data, size_t len, struct chunked_piece *out);

#endif
