#include "local/archive_internal.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "local/archive_library_internal.h"

/* More members than any real archive has: old ones have three a layer. */
#define MEMBERS_MAX 20000
#define NAME_MAX_BYTES 4096
#define LINKS_MAX 8
#define CHUNK (256 * 1024)

/* "./a/../b//c" → "b/c", below folder when text is relative to one; what would lead out ends at the top. Owned by the caller. */
static char *name_clean(struct str folder, struct str text)
{
	cleanup_free char *whole = mem_printf("%.*s/%.*s", STR_ARG(folder), STR_ARG(text));
	struct str rest = str_of(whole), part;
	struct buf out = {0};
	bool more = true;

	while (more) {
		struct str above, last;

		more = str_cut(rest, '/', &part, &rest);
		if (!more)
			part = rest;
		if (part.len == 0 || str_equal(part, STR(".")))
			continue;
		if (str_equal(part, STR(".."))) {
			size_t keep = str_cut_last(buf_str(&out), '/', &above, &last) ? above.len : 0;
			cleanup_free char *kept = str_dup(str_head(buf_str(&out), keep));

			buf_clear(&out);
			buf_add_text(&out, kept);
			continue;
		}
		if (out.len > 0)
			buf_add_char(&out, '/');
		buf_add_str(&out, part);
	}
	return buf_take(&out);
}

/* An archive being read. */
struct reading {
	const struct archive_library *library;
	struct archive *archive;
	const struct staging *staging;
	const atomic_bool *cancel; /* may be NULL */
};

static bool read_failed(const struct reading *reading, struct error *err)
{
	const char *text = reading->library->error_string(reading->archive);

	return error_set(err, ERROR_INVALID, "archive/tar: %s", text ? text : "invalid tar header");
}

static bool bytes_put(const struct reading *reading, const char *path, struct error *err)
{
	cleanup_fd int fd = file_open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL, 0600, err);
	cleanup_free char *chunk = mem_alloc(CHUNK, 1);

	if (fd < 0)
		return false;
	for (;;) {
		la_ssize_t got = reading->library->read_data(reading->archive, chunk, CHUNK);

		if (got < 0)
			return read_failed(reading, err);
		if (got == 0)
			return true;
		if (reading->cancel && atomic_load(reading->cancel))
			return error_set(err, ERROR_CANCELED, "canceled");
		if (!file_write(fd, chunk, (size_t)got, err))
			return false;
	}
}

/* Where a link leads, as a member's name: hard links name it from the top, symbolic ones from their own folder. */
static char *link_target(const struct archive_library *library, struct archive_entry *entry, const char *name)
{
	const char *hard = library->entry_hardlink(entry), *symbolic = library->entry_symlink(entry);
	struct str folder = {0}, last;

	if (hard)
		return name_clean(STR(""), str_of(hard));
	if (!symbolic)
		return NULL;
	if (!str_cut_last(str_of(name), '/', &folder, &last))
		folder = (struct str){0};
	return name_clean(folder, str_of(symbolic));
}

static bool member_read(struct archive_members *out, const struct reading *reading, struct archive_entry *entry, struct error *err)
{
	const struct archive_library *library = reading->library;
	struct str named = str_of(library->entry_pathname(entry));
	struct archive_member *member;
	bool is_file = library->entry_filetype(entry) == AE_IFREG && !library->entry_hardlink(entry);

	if (named.len == 0 || named.len > NAME_MAX_BYTES)
		return error_set(err, ERROR_INVALID, "archive has a member with a name of %zu bytes", named.len);
	if (out->count == MEMBERS_MAX)
		return error_set(err, ERROR_TOO_LARGE, "archive has more than %d members", MEMBERS_MAX);
	if (!is_file && !library->entry_hardlink(entry) && !library->entry_symlink(entry))
		return true;
	out->members = mem_grow(out->members, out->count, &out->capacity, sizeof *out->members);
	member = &out->members[out->count];
	*member = (struct archive_member){.name = name_clean(STR(""), named)};
	if (is_file)
		member->path = mem_printf("%s/member-%zu", reading->staging->path, out->count);
	else
		member->target = link_target(library, entry, member->name);
	out->count++;
	return !is_file || bytes_put(reading, member->path, err);
}

bool archive_members_read(struct archive_members *out, int fd, const struct staging *staging, const atomic_bool *cancel, struct error *err)
{
	const struct archive_library *library = archive_library(err);
	struct archive_entry *entry;
	bool done = true;

	if (!library)
		return false;
	struct reading reading = {library, library->read_new(), staging, cancel};
	library->read_support_filter_all(reading.archive);
	library->read_support_format_tar(reading.archive);
	if (library->read_open_fd(reading.archive, fd, CHUNK) != ARCHIVE_OK)
		done = read_failed(&reading, err);
	while (done) {
		int result = library->read_next_header(reading.archive, &entry);

		if (result == ARCHIVE_EOF)
			break;
		done = (result == ARCHIVE_OK || result == ARCHIVE_WARN) ? member_read(out, &reading, entry, err) : read_failed(&reading, err);
	}
	library->read_free(reading.archive);
	return done;
}

static const struct archive_member *member_find(const struct archive_members *members, const char *name)
{
	cleanup_free char *wanted = name_clean(STR(""), str_of(name));

	for (int links = 0; links < LINKS_MAX; links++) {
		const struct archive_member *found = NULL;

		/* The last of a name is the one that counts, as in any tar. */
		for (size_t i = members->count; i > 0 && !found; i--) {
			if (strcmp(members->members[i - 1].name, wanted) == 0)
				found = &members->members[i - 1];
		}
		if (!found || found->path)
			return found;
		free(wanted);
		wanted = mem_printf("%s", found->target ? found->target : "");
	}
	return NULL;
}

bool archive_member_there(const struct archive_members *members, const char *name)
{
	return member_find(members, name) != NULL;
}

int archive_member_open(const struct archive_members *members, const char *name, struct error *err)
{
	const struct archive_member *member = member_find(members, name);

	if (!member) {
		error_set(err, ERROR_NOT_FOUND, "archive has no %s", name);
		return -1;
	}
	return file_open(AT_FDCWD, member->path, O_RDONLY, 0, err);
}

bool archive_member_bytes(const struct archive_members *members, const char *name, size_t limit, struct buf *out, struct error *err)
{
	const struct archive_member *member = member_find(members, name);

	if (!member)
		return error_set(err, ERROR_NOT_FOUND, "archive has no %s", name);
	return file_read_all(AT_FDCWD, member->path, limit, out, err) || error_prefix(err, "%s", name);
}

void archive_members_free(struct archive_members *members)
{
	for (size_t i = 0; i < members->count; i++) {
		free(members->members[i].name);
		free(members->members[i].path);
		free(members->members[i].target);
	}
	free(members->members);
	*members = (struct archive_members){0};
}
