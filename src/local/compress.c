#include "local/compress_internal.h"

#include <isa-l/igzip_lib.h>
#include <string.h>

#include "base/mem.h"

#define ROOM (128 * 1024)
#define LEVEL 1

struct compress {
	struct isal_zstream stream;
	struct blob_writer *to;
	uint8_t *level, room[ROOM];
};

struct compress *compress_new(struct blob_writer *to)
{
	struct compress *compress = mem_alloc(1, sizeof *compress);

	isal_deflate_init(&compress->stream);
	compress->to = to;
	compress->level = mem_alloc(ISAL_DEF_LVL1_DEFAULT, 1);
	compress->stream.level = LEVEL;
	compress->stream.level_buf = compress->level;
	compress->stream.level_buf_size = ISAL_DEF_LVL1_DEFAULT;
	compress->stream.gzip_flag = IGZIP_GZIP;
	return compress;
}

static bool step(struct compress *compress, struct error *err)
{
	do {
		compress->stream.next_out = compress->room;
		compress->stream.avail_out = ROOM;
		if (isal_deflate(&compress->stream) != COMP_OK)
			return error_set(err, ERROR_INTERNAL, "igzip refuses its input");
		if (!blob_writer_append(compress->to, str_make(compress->room, ROOM - compress->stream.avail_out), err))
			return false;
	} while (compress->stream.avail_out == 0);
	return true;
}

bool compress_add(struct compress *compress, struct str bytes, struct error *err)
{
	/* Its length is 32 bits wide. */
	while (bytes.len > 0) {
		size_t len = bytes.len < (1U << 30) ? bytes.len : (1U << 30);

		compress->stream.next_in = (uint8_t *)bytes.data;
		compress->stream.avail_in = (uint32_t)len;
		if (!step(compress, err))
			return false;
		bytes = str_from(bytes, len);
	}
	return true;
}

bool compress_finish(struct compress *compress, struct error *err)
{
	compress->stream.avail_in = 0;
	compress->stream.end_of_stream = 1;
	return step(compress, err);
}

void compress_free(struct compress *compress)
{
	if (!compress)
		return;
	free(compress->level);
	free(compress);
}
