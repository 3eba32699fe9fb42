/* The way of the bytes: compressions, digests, broken ends, and stopping in the middle. */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "base/hash.h"
#include "local/unpack.h"
#include "tests/unit/local/layer_fixture.h"

/* 1 MiB in one file that compresses badly, so that every ring goes round. */
static void make_tar(struct buf *tar)
{
	cleanup_buf struct buf content = {0};
	uint32_t value = 1;

	for (size_t i = 0; i < 1 << 20; i++) {
		value = value * 1664525 + 1013904223;
		buf_add_char(&content, (char)(value >> 24));
	}
	tar_add(tar, &(struct tar_entry){.name = "f", .type = '0', .mode = 0644, .content = buf_str(&content)});
	tar_add(tar, &(struct tar_entry){.name = "g", .type = '0', .mode = 0644, .content = {"last", 4}});
	tar_end(tar);
	/* Behind the end: padding and noise count for the digest, and are no entries. */
	buf_add_text(tar, "noise behind the end");
}

static void add_gzip(struct buf *out, struct str bytes)
{
	z_stream stream = {0};
	size_t room = bytes.len + 4096;

	assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	stream.next_in = (unsigned char *)bytes.data;
	stream.avail_in = (unsigned)bytes.len;
	stream.next_out = (unsigned char *)buf_room(out, room);
	stream.avail_out = (unsigned)room;
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	buf_added(out, stream.total_out);
	deflateEnd(&stream);
}

static void add_zstd(struct buf *out, struct str bytes)
{
	size_t room = ZSTD_compressBound(bytes.len);
	size_t made = ZSTD_compress(buf_room(out, room), room, bytes.data, bytes.len, 3);

	assert_false(ZSTD_isError(made));
	buf_added(out, made);
}

static void assert_applies(struct layer_fixture *fixture, const char *why, struct str bytes, size_t piece, const struct buf *tar)
{
	cleanup_buf struct buf last = {0};
	cleanup_error struct error err = {0};
	struct layer_result result = {0};
	uint8_t expected[HASH_SIZE_MAX];

	unit_assert(layer_apply(fixture, bytes, piece, &result, &err), "%s: %s", why, error_text(&err));
	hash_bytes(HASH_SHA256, tar->data, tar->len, expected);
	unit_assert(memcmp(result.diff_id.hash, expected, 32) == 0, "%s: another diff id", why);
	unit_assert(result.size_bytes == (1 << 20) + 4, "%s: size %lld", why, (long long)result.size_bytes);
	layer_read(fixture, "g", &last);
	unit_assert_text(last.data, "last");
	unlinkat(fixture->layer_fd, "g", 0);
}

static void test_compressions(void **state)
{
	cleanup_buf struct buf tar = {0}, gzip = {0}, members = {0}, padded = {0}, zstd = {0}, frames = {0}, skipped = {0};

	make_tar(&tar);
	struct str whole = buf_str(&tar);
	add_gzip(&gzip, whole);
	for (size_t at = 0; at < whole.len; at += 100001)
		add_gzip(&members, str_head(str_from(whole, at), 100001));
	add_gzip(&members, STR(""));
	buf_add_str(&padded, buf_str(&gzip));
	buf_add(&padded, "\0\0\0\0\0\0\0", 7);
	add_zstd(&zstd, whole);
	for (size_t at = 0; at < whole.len; at += 100001)
		add_zstd(&frames, str_head(str_from(whole, at), 100001));
	/* RFC 8878, section 3.1.2: a skippable frame of 3 bytes in front. */
	buf_add(&skipped, "\x50\x2a\x4d\x18\x03\0\0\0abc", 11);
	buf_add_str(&skipped, buf_str(&zstd));
	const struct {
		const char *why;
		struct str bytes;
	} rows[] = {
		{"plain", whole},
		{"gzip", buf_str(&gzip)},
		{"gzip members", buf_str(&members)},
		{"gzip, padded", buf_str(&padded)},
		{"zstd", buf_str(&zstd)},
		{"zstd frames", buf_str(&frames)},
		{"zstd behind a skippable frame", buf_str(&skipped)},
	};
	static const size_t pieces[] = {0, 1, 4093, 65536};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (size_t j = 0; j < ARRAY_SIZE(pieces); j++)
			assert_applies(*state, rows[i].why, rows[i].bytes, pieces[j], &tar);
}

static void test_an_empty_layer(void **state)
{
	static const char empty_sha256[] = "\xe3\xb0\xc4\x42\x98\xfc\x1c\x14\x9a\xfb\xf4\xc8\x99\x6f\xb9\x24";
	cleanup_buf struct buf zeros = {0}, gzip = {0};
	struct layer_result result = {0};
	cleanup_error struct error err = {0};

	unit_assert(layer_apply(*state, STR(""), 0, &result, &err), "%s", error_text(&err));
	assert_memory_equal(result.diff_id.hash, empty_sha256, 16);
	assert_int_equal(result.size_bytes, 0);
	/* Docker's own empty layer: 1,024 zeros in gzip. */
	tar_end(&zeros);
	add_gzip(&gzip, buf_str(&zeros));
	unit_assert(layer_apply(*state, buf_str(&gzip), 0, &result, &err), "%s", error_text(&err));
	assert_int_equal(result.diff_id.hash[0], 0x5f);
	assert_int_equal(result.diff_id.hash[1], 0x70);
}

static void test_broken_compressions(void **state)
{
	cleanup_buf struct buf tar = {0}, gzip = {0}, zstd = {0}, garbage = {0}, behind = {0}, checksum = {0}, flipped = {0}, length = {0};

	make_tar(&tar);
	add_gzip(&gzip, buf_str(&tar));
	add_zstd(&zstd, buf_str(&tar));
	buf_add_str(&garbage, buf_str(&gzip));
	buf_add_text(&garbage, "garbage");
	buf_add_str(&behind, buf_str(&gzip));
	buf_add(&behind, "\0\0\x1f\x8b", 4);
	buf_add_str(&checksum, buf_str(&gzip));
	checksum.data[checksum.len - 8] ^= 1;
	buf_add_str(&length, buf_str(&gzip));
	length.data[length.len - 1] ^= 1;
	buf_add_str(&flipped, buf_str(&zstd));
	flipped.data[flipped.len / 2] ^= 1;
	const struct {
		const char *why;
		struct str bytes;
		const char *says;
	} rows[] = {
		{"gzip cut in its checksum", str_head(buf_str(&gzip), gzip.len - 3), "cut off"},
		{"gzip cut in the middle", str_head(buf_str(&gzip), gzip.len / 2), ""},
		{"gzip's magic alone", str_head(buf_str(&gzip), 2), "cut off"},
		{"gzip with garbage behind", buf_str(&garbage), "garbage"},
		{"a member behind padding", buf_str(&behind), "garbage"},
		{"gzip with a wrong checksum", buf_str(&checksum), "checksum"},
		{"gzip with a wrong length", buf_str(&length), "checksum"},
		{"zstd cut", str_head(buf_str(&zstd), zstd.len - 1), ""},
		{"zstd's magic alone", str_head(buf_str(&zstd), 4), "cut off"},
		{"bad gzip", STR("\x1f\x8b\x08\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff"), "gzip"},
		{"bad zstd", STR("\x28\xb5\x2f\xfd\xff\xff\xff\xff\xff\xff\xff\xff\xff"), "zstd"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_error struct error err = {0};

		unit_assert(!layer_apply(*state, rows[i].bytes, 1000, NULL, &err), "%s was taken", rows[i].why);
		unit_assert(err.kind == ERROR_INVALID && strstr(error_text(&err), rows[i].says), "%s: %s", rows[i].why, error_text(&err));
	}
	/* A flipped bit without a checksum is found by the digest, or here: never a crash. */
	layer_apply(*state, buf_str(&flipped), 0, NULL, NULL);
}

/* The writer hears of a failure while it still writes, each time. */
static void test_a_failure_reaches_the_writer(void **state)
{
	cleanup_buf struct buf tar = {0};
	cleanup_layer_unpack struct layer_unpack *unpack = NULL;
	cleanup_error struct error err = {0}, again = {0}, at_finish = {0};
	struct layer_fixture *fixture = *state;
	struct layer_result result;

	tar_add(&tar, &(struct tar_entry){.name = "../x", .type = '0'});
	assert_true(layer_unpack_start(&unpack, fixture->layer_fd, NULL));
	/* More than the rings hold: it would wait for ever if it were not told. */
	while (layer_unpack_write(unpack, buf_str(&tar), &err))
		;
	unit_assert(err.kind == ERROR_INVALID && strstr(error_text(&err), "leaves the layer"), "%s", error_text(&err));
	assert_false(layer_unpack_write(unpack, buf_str(&tar), &again));
	unit_assert_text(error_text(&again), error_text(&err));
	assert_false(layer_unpack_finish(unpack, &result.diff_id, &result.size_bytes, &at_finish));
	unit_assert_text(error_text(&at_finish), error_text(&err));
}

static void test_it_can_be_dropped_at_any_time(void **state)
{
	cleanup_buf struct buf tar = {0};
	struct layer_fixture *fixture = *state;

	make_tar(&tar);
	for (size_t len = 0; len < tar.len; len += 99991) {
		struct layer_unpack *unpack = NULL;

		assert_true(layer_unpack_start(&unpack, fixture->layer_fd, NULL));
		assert_true(layer_unpack_write(unpack, str_head(buf_str(&tar), len), NULL));
		layer_unpack_free(unpack);
	}
	layer_unpack_free(NULL);
}

#define UNPACK_TEST(test) cmocka_unit_test_setup_teardown(test, layer_fixture_set_up, layer_fixture_tear_down)

UNIT_MAIN(UNPACK_TEST(test_compressions), UNPACK_TEST(test_an_empty_layer), UNPACK_TEST(test_broken_compressions),
	UNPACK_TEST(test_a_failure_reaches_the_writer), UNPACK_TEST(test_it_can_be_dropped_at_any_time))
