#include "local/layer_tar_internal.h"

#include <errno.h>
#include <locale.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "local/archive_library_internal.h"
#include "local/layer_writer_internal.h"
#include "oci/layer_entry.h"

struct layer_tar {
	struct ring *ring;
	bool stopped; /* the ring was */
	const struct archive_library *library;
	struct archive *archive;
	struct layer_writer *writer;
	int64_t size_bytes;
};

static la_ssize_t read_block(struct archive *archive, void *argument, const void **block)
{
	struct layer_tar *tar = argument;
	struct str bytes;

	if (!ring_next(tar->ring, &bytes)) {
		tar->stopped = true;
		tar->library->set_error(archive, ECANCELED, "stopped");
		return ARCHIVE_FATAL;
	}
	*block = bytes.data;
	return (la_ssize_t)bytes.len;
}

static bool tar_failed(struct layer_tar *tar, struct error *err)
{
	if (tar->stopped)
		return error_set(err, ERROR_CANCELED, "stopped");
	const char *why = tar->library->error_string(tar->archive);
	return error_set(err, ERROR_INVALID, "tar: %s", why ? why : "malformed");
}

/* Nanoseconds that are none would mean "now" or "leave it" to the kernel. */
static struct timespec time_of(time_t seconds, long nanoseconds)
{
	return (struct timespec){seconds, nanoseconds >= 0 && nanoseconds < 1000000000 ? nanoseconds : 0};
}

static bool read_meta(const struct archive_library *library, struct archive_entry *entry, struct layer_meta *meta, struct error *err)
{
	int64_t uid = library->entry_uid(entry), gid = library->entry_gid(entry);

	/* The greatest means "leave it" to the kernel. */
	if (uid < 0 || uid >= UINT32_MAX || gid < 0 || gid >= UINT32_MAX)
		return error_set(err, ERROR_INVALID, "owner %lld:%lld is out of range", (long long)uid, (long long)gid);
	meta->uid = (uid_t)uid;
	meta->gid = (gid_t)gid;
	meta->mode = library->entry_perm(entry) & 07777;
	meta->times[1] = time_of(library->entry_mtime(entry), library->entry_mtime_nsec(entry));
	meta->times[0] = library->entry_atime_is_set(entry) ? time_of(library->entry_atime(entry), library->entry_atime_nsec(entry)) : meta->times[1];
	meta->extended = entry;
	return true;
}

/* The file's content; holes of a sparse file stay holes. */
static bool copy_data(struct layer_tar *tar, int fd, int64_t size, struct error *err)
{
	int64_t end = 0;

	for (;;) {
		const void *block;
		size_t len;
		la_int64_t offset;
		int code = tar->library->read_data_block(tar->archive, &block, &len, &offset);

		if (code == ARCHIVE_EOF)
			break;
		if (code < ARCHIVE_WARN)
			return tar_failed(tar, err);
		if (offset < end || (int64_t)len > size - offset)
			return error_set(err, ERROR_INVALID, "data outside of the file's size");
		if (!file_write_at(fd, block, len, offset, err))
			return false;
		if (len)
			end = offset + (int64_t)len;
	}
	if (end < size && ftruncate(fd, size) < 0)
		return error_set_errno(err, errno, "write");
	return true;
}

static bool make_file(struct layer_tar *tar, const char *path, struct archive_entry *entry, const struct layer_meta *meta, struct error *err)
{
	int64_t size = tar->library->entry_size(entry);

	if (size < 0 || __builtin_add_overflow(tar->size_bytes, size, &tar->size_bytes))
		return error_set(err, ERROR_INVALID, "size %lld is out of range", (long long)size);
	int fd = layer_writer_file_begin(tar->writer, path, meta, err);
	if (fd < 0)
		return false;
	if (size && !copy_data(tar, fd, size, err)) {
		close(fd);
		return false;
	}
	return layer_writer_file_end(tar->writer, fd, meta, err);
}

static bool make_hardlink(struct layer_tar *tar, const char *path, const char *link, struct error *err)
{
	struct layer_entry target = {0};

	if (!layer_entry_parse(&target, str_of(link), err))
		return error_prefix(err, "hard link to '%.200s'", link);
	bool done = target.meaning == LAYER_ENTRY_FILE ? layer_writer_hardlink(tar->writer, path, target.path, err)
						       : error_set(err, ERROR_INVALID, "hard link to '%.200s', which is no file", link);
	layer_entry_free(&target);
	return done;
}

static bool make_node(struct layer_tar *tar, const char *path, struct archive_entry *entry, const struct layer_meta *meta, struct error *err)
{
	mode_t type = tar->library->entry_filetype(entry);
	dev_t device = type == S_IFIFO ? 0 : makedev(tar->library->entry_rdevmajor(entry), tar->library->entry_rdevminor(entry));

	/* Overlayfs would take this for a whiteout, which a layer has its own way to say: it is no device that anything could use. */
	if (type == S_IFCHR && device == makedev(0, 0))
		return true;
	return layer_writer_node(tar->writer, path, type, device, meta, err);
}

static bool make_entry(struct layer_tar *tar, const char *path, struct archive_entry *entry, struct error *err)
{
	const char *hardlink = tar->library->entry_hardlink(entry), *target;
	struct layer_meta meta;

	if (hardlink)
		return make_hardlink(tar, path, hardlink, err);
	if (!read_meta(tar->library, entry, &meta, err))
		return false;
	switch (tar->library->entry_filetype(entry)) {
	case S_IFREG:
		return make_file(tar, path, entry, &meta, err);
	case S_IFDIR:
		return layer_writer_folder(tar->writer, path, &meta, err);
	case S_IFLNK:
		target = tar->library->entry_symlink(entry);
		return layer_writer_symlink(tar->writer, path, target ? target : "", &meta, err);
	case S_IFIFO:
	case S_IFCHR:
	case S_IFBLK:
		return make_node(tar, path, entry, &meta, err);
	default:
		return error_set(err, ERROR_INVALID, "is of no known type");
	}
}

static bool make_root(struct layer_tar *tar, struct archive_entry *entry, struct error *err)
{
	struct layer_meta meta;

	if (tar->library->entry_hardlink(entry) || tar->library->entry_filetype(entry) != S_IFDIR)
		return error_set(err, ERROR_INVALID, "the layer's own folder is no folder");
	return read_meta(tar->library, entry, &meta, err) && layer_writer_root(tar->writer, &meta, err);
}

static bool apply_entry(struct layer_tar *tar, struct archive_entry *entry, struct error *err)
{
	const char *path = tar->library->entry_pathname(entry);
	struct layer_entry parsed = {0};
	bool done;

	if (!path)
		return error_set(err, ERROR_INVALID, "tar: an entry has no name");
	if (!layer_entry_parse(&parsed, str_of(path), err))
		return error_prefix(err, "entry '%.200s'", path);
	switch (parsed.meaning) {
	case LAYER_ENTRY_FILE:
		done = make_entry(tar, parsed.path, entry, err);
		break;
	case LAYER_ENTRY_ROOT:
		done = make_root(tar, entry, err);
		break;
	case LAYER_ENTRY_WHITEOUT:
		done = layer_writer_whiteout(tar->writer, parsed.path, err);
		break;
	case LAYER_ENTRY_OPAQUE:
		done = layer_writer_opaque(tar->writer, parsed.path, err);
		break;
	default:
		done = true;
	}
	layer_entry_free(&parsed);
	return done || error_prefix(err, "entry '%.200s'", path);
}

static bool apply_all(struct layer_tar *tar, struct error *err)
{
	struct archive_entry *entry;
	struct str rest;
	int code;

	if (tar->library->read_open(tar->archive, tar, NULL, read_block, NULL) < ARCHIVE_WARN)
		return tar_failed(tar, err);
	/* A warning says that a name is not in the locale's letters, which is the case for all that are not ASCII; its bytes are kept. */
	while ((code = tar->library->read_next_header(tar->archive, &entry)) != ARCHIVE_EOF) {
		if (code < ARCHIVE_WARN)
			return tar_failed(tar, err);
		if (!apply_entry(tar, entry, err))
			return false;
	}
	if (!layer_writer_end(tar->writer, err))
		return false;
	do {
		if (!ring_next(tar->ring, &rest))
			return error_set(err, ERROR_CANCELED, "stopped");
	} while (rest.len);
	return true;
}

/* Names come from the layer; what is shown on a terminal must not steer it. */
static void make_printable(char *message)
{
	for (; message && *message; message++)
		if ((unsigned char)*message < ' ' || *message == 0x7f)
			*message = '?';
}

bool layer_tar_apply(struct ring *ring, int folder_fd, int64_t *size_bytes, struct error *err)
{
	const struct archive_library *library = archive_library(err);

	if (!library)
		return false;
	struct layer_tar tar = {.ring = ring, .library = library, .archive = library->read_new(), .writer = layer_writer_new(folder_fd)};
	locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0), before;

	if (!tar.archive || !plain)
		abort();
	before = uselocale(plain);
	library->read_support_filter_none(tar.archive);
	library->read_support_format_empty(tar.archive);
	library->read_support_format_tar(tar.archive);
	bool done = apply_all(&tar, err);
	if (!done && err)
		make_printable(err->message);
	*size_bytes = tar.size_bytes;
	library->read_free(tar.archive);
	layer_writer_free(tar.writer);
	uselocale(before);
	freelocale(plain);
	return done;
}
