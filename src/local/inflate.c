#include "local/inflate_internal.h"

#include <isa-l/igzip_lib.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/mem.h"

enum coding { CODING_PLAIN, CODING_GZIP, CODING_ZSTD };

struct inflate {
	enum coding coding;
	bool within; /* a gzip member or zstd frame has begun and not ended */
	bool padded; /* gzip: zeros were seen behind the last member */
	struct inflate_state gzip;
	ZSTD_DStream *zstd;
};

struct inflate *inflate_new(struct str first)
{
	struct inflate *inflate = mem_alloc(1, sizeof *inflate);

	if (str_starts(first, STR("\x1f\x8b"))) {
		inflate->coding = CODING_GZIP;
		isal_inflate_init(&inflate->gzip);
	} else if (str_starts(first, STR("\x28\xb5\x2f\xfd")) ||
		   (first.len >= 4 && (first.data[0] & 0xf0) == 0x50 && !memcmp(first.data + 1, "\x2a\x4d\x18", 3))) {
		/* A skippable frame may come first. The window is at most what libzstd takes by itself, 128 MiB. */
		inflate->coding = CODING_ZSTD;
		inflate->zstd = ZSTD_createDStream();
		if (!inflate->zstd)
			abort();
	}
	return inflate;
}

void inflate_free(struct inflate *inflate)
{
	if (!inflate)
		return;
	ZSTD_freeDStream(inflate->zstd);
	free(inflate);
}

static void step_plain(struct str *in, char *out, size_t room, size_t *made)
{
	*made = in->len < room ? in->len : room;
	memcpy(out, in->data, *made);
	*in = str_from(*in, *made);
}

static const char *gzip_reason(int code)
{
	switch (code) {
	case ISAL_INCORRECT_CHECKSUM:
		return "checksum does not match";
	case ISAL_INVALID_WRAPPER:
	case ISAL_UNSUPPORTED_METHOD:
		return "bad header";
	default:
		return "bad data";
	}
}

/* Between members: the next one begins, or zeros fill up to the end. *ready is false when there is nothing to inflate. */
static bool begin_member(struct inflate *inflate, struct str *in, bool *ready, struct error *err)
{
	while (in->len && in->data[0] == '\0') {
		inflate->padded = true;
		*in = str_from(*in, 1);
	}
	*ready = false;
	if (!in->len)
		return true;
	if (inflate->padded || in->data[0] != '\x1f')
		return error_set(err, ERROR_INVALID, "gzip: garbage behind the end");
	isal_inflate_reset(&inflate->gzip);
	inflate->gzip.crc_flag = ISAL_GZIP;
	inflate->within = true;
	*ready = true;
	return true;
}

static bool step_gzip(struct inflate *inflate, struct str *in, char *out, size_t room, size_t *made, struct error *err)
{
	struct inflate_state *state = &inflate->gzip;
	bool ready = true;

	*made = 0;
	while (*made < room) {
		if (!inflate->within && !begin_member(inflate, in, &ready, err))
			return false;
		if (!ready)
			break;
		uint32_t give = in->len < UINT32_MAX ? (uint32_t)in->len : UINT32_MAX;
		state->next_in = (uint8_t *)in->data;
		state->avail_in = give;
		state->next_out = (uint8_t *)out + *made;
		state->avail_out = (uint32_t)(room - *made);

		int code = isal_inflate(state);
		if (code < 0)
			return error_set(err, ERROR_INVALID, "gzip: %s", gzip_reason(code));
		size_t before = *made;
		*in = str_from(*in, give - state->avail_in);
		*made = room - state->avail_out;
		if (state->block_state == ISAL_BLOCK_FINISH)
			inflate->within = false;
		else if (!in->len && *made == before)
			break;
	}
	return true;
}

static bool step_zstd(struct inflate *inflate, struct str *in, char *out, size_t room, size_t *made, struct error *err)
{
	ZSTD_inBuffer from = {in->data, in->len, 0};
	ZSTD_outBuffer to = {out, room, 0};

	do {
		size_t given = from.pos, had = to.pos;
		size_t left = ZSTD_decompressStream(inflate->zstd, &to, &from);

		if (ZSTD_isError(left))
			return error_set(err, ERROR_INVALID, "zstd: %s", ZSTD_getErrorName(left));
		if (from.pos != given || to.pos != had)
			inflate->within = left != 0;
	} while (from.pos < from.size && to.pos < to.size);
	*in = str_from(*in, from.pos);
	*made = to.pos;
	return true;
}

bool inflate_step(struct inflate *inflate, struct str *in, char *out, size_t room, size_t *made, struct error *err)
{
	switch (inflate->coding) {
	case CODING_GZIP:
		return step_gzip(inflate, in, out, room, made, err);
	case CODING_ZSTD:
		return step_zstd(inflate, in, out, room, made, err);
	default:
		step_plain(in, out, room, made);
		return true;
	}
}

bool inflate_end(const struct inflate *inflate, struct error *err)
{
	if (!inflate->within)
		return true;
	return error_set(err, ERROR_INVALID, "%s: cut off before its end", inflate->coding == CODING_GZIP ? "gzip" : "zstd");
}
