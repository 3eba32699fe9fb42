#include "tests/unit/local/layer_fixture.h"

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "local/unpack.h"

static bool outside(struct layer_fixture *fixture, struct stat status[2])
{
	cleanup_free char *folder = mem_printf("%s/outside", fixture->path), *file = mem_printf("%s/file", folder);

	return lstat(folder, &status[0]) == 0 && lstat(file, &status[1]) == 0;
}

int layer_fixture_set_up(void **state)
{
	struct layer_fixture *fixture = mem_alloc(1, sizeof *fixture);
	struct stat status[2];

	snprintf(fixture->path, sizeof fixture->path, "/tmp/naru-test-layer-XXXXXX");
	if (!mkdtemp(fixture->path))
		return -1;
	cleanup_free char *layer = mem_printf("%s/layer", fixture->path), *folder = mem_printf("%s/outside", fixture->path),
			  *file = mem_printf("%s/outside/file", fixture->path);
	if (mkdir(layer, 0755) < 0 || mkdir(folder, 0700) < 0 || !file_replace(AT_FDCWD, file, "secret", 6, 0600, NULL))
		return -1;
	fixture->layer_fd = folder_open(AT_FDCWD, layer, NULL);
	if (fixture->layer_fd < 0 || !outside(fixture, status))
		return -1;
	fixture->outside_times[0] = status[0].st_ctim;
	fixture->outside_times[1] = status[1].st_ctim;
	*state = fixture;
	return 0;
}

int layer_fixture_tear_down(void **state)
{
	struct layer_fixture *fixture = *state;
	struct stat status[2];
	bool untouched = outside(fixture, status);

	/* A change of any kind, a new link to the file too, moves the time of change. */
	for (int i = 0; untouched && i < 2; i++)
		untouched = status[i].st_ctim.tv_sec == fixture->outside_times[i].tv_sec &&
			    status[i].st_ctim.tv_nsec == fixture->outside_times[i].tv_nsec;
	untouched = untouched && status[1].st_size == 6 && status[1].st_nlink == 1 && status[0].st_nlink == 2;
	if (!untouched)
		print_error("what lies outside of the layer was touched\n");
	bool removed = folder_remove(AT_FDCWD, fixture->path, NULL);
	close(fixture->layer_fd);
	free(fixture);
	return untouched && removed ? 0 : -1;
}

#define BLOCK 512

static void pad(struct buf *tar)
{
	while (tar->len % BLOCK)
		buf_add_char(tar, '\0');
}

static void put(char *header, size_t at, size_t room, const char *text)
{
	size_t len = text ? strlen(text) : 0;

	assert_true(len <= room);
	if (len)
		memcpy(header + at, text, len);
}

static void put_octal(char *header, size_t at, size_t room, uint64_t value)
{
	char digits[24];

	snprintf(digits, sizeof digits, "%0*llo", (int)room - 1, (unsigned long long)value);
	put(header, at, room, digits);
}

/* POSIX, pax, "ustar Interchange Format". */
void tar_add(struct buf *tar, const struct tar_entry *entry)
{
	char header[BLOCK] = {0};
	unsigned sum = 0;

	put(header, 0, 100, entry->name);
	put_octal(header, 100, 8, entry->mode);
	put_octal(header, 108, 8, entry->uid);
	put_octal(header, 116, 8, entry->gid);
	put_octal(header, 124, 12, entry->content.len);
	put_octal(header, 136, 12, (uint64_t)entry->modified_at_s);
	memset(header + 148, ' ', 8);
	header[156] = entry->type;
	put(header, 157, 100, entry->link);
	memcpy(header + 257,
		"ustar\0"
		"00",
		8);
	put_octal(header, 329, 8, entry->major);
	put_octal(header, 337, 8, entry->minor);
	for (size_t i = 0; i < BLOCK; i++)
		sum += (unsigned char)header[i];
	put_octal(header, 148, 7, sum);
	header[154] = '\0';
	buf_add(tar, header, BLOCK);
	buf_add_str(tar, entry->content);
	pad(tar);
}

void tar_pax(struct buf *records, const char *key, struct str value)
{
	size_t rest = strlen(key) + value.len + 3, len = rest + 1;

	/* The length counts its own digits. */
	for (int i = 0; i < 3; i++)
		len = rest + (size_t)snprintf(NULL, 0, "%zu", len);
	buf_printf(records, "%zu %s=", len, key);
	buf_add_str(records, value);
	buf_add_char(records, '\n');
}

void tar_add_pax(struct buf *tar, const char *key, struct str value)
{
	cleanup_buf struct buf records = {0};

	tar_pax(&records, key, value);
	tar_add(tar, &(struct tar_entry){.name = "pax", .type = 'x', .content = buf_str(&records)});
}

void tar_end(struct buf *tar)
{
	memset(buf_room(tar, 2 * BLOCK), 0, 2 * BLOCK);
	buf_added(tar, 2 * BLOCK);
}

bool layer_apply(struct layer_fixture *fixture, struct str bytes, size_t piece, struct layer_result *out, struct error *err)
{
	cleanup_layer_unpack struct layer_unpack *unpack = NULL;
	struct layer_result unused;

	if (!layer_unpack_start(&unpack, fixture->layer_fd, err))
		return false;
	for (size_t at = 0; at < bytes.len; at += piece ? piece : bytes.len)
		if (!layer_unpack_write(unpack, str_head(str_from(bytes, at), piece ? piece : bytes.len), err))
			return false;
	out = out ? out : &unused;
	return layer_unpack_finish(unpack, &out->diff_id, &out->size_bytes, err);
}

bool layer_stat(struct layer_fixture *fixture, const char *path, struct stat *status)
{
	return fstatat(fixture->layer_fd, path, status, AT_SYMLINK_NOFOLLOW) == 0;
}

void layer_read(struct layer_fixture *fixture, const char *path, struct buf *out)
{
	struct stat status;
	cleanup_error struct error err = {0};

	unit_assert(layer_stat(fixture, path, &status) && S_ISREG(status.st_mode), "%s is no regular file", path);
	unit_assert(file_read_all(fixture->layer_fd, path, 1 << 24, out, &err), "%s", error_text(&err));
}
