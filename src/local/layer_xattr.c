#include "local/layer_xattr_internal.h"

#include <errno.h>
#include <string.h>
#include <sys/xattr.h>

#include "base/mem.h"
#include "base/str.h"
#include "local/archive_library_internal.h"

static bool steers_overlayfs(struct str name)
{
	return str_starts(name, STR("trusted.overlay.")) || str_starts(name, STR("user.overlay."));
}

/* By path when that is set, else by fd. */
static bool set_all(const struct archive_library *archive, int fd, const char *path, struct archive_entry *entry, struct error *err)
{
	const char *name;
	const void *value;
	size_t size;

	archive->entry_xattr_reset(entry);
	while (archive->entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK) {
		if (!name || steers_overlayfs(str_of(name)))
			continue;
		int failed = path ? lsetxattr(path, name, value, size, 0) : fsetxattr(fd, name, value, size, 0);
		if (failed && errno != ENOTSUP && errno != EPERM)
			return error_set_errno(err, errno, "set extended attribute '%.100s'", name);
	}
	return true;
}

bool layer_xattrs_set(int fd, struct archive_entry *entry, struct error *err)
{
	const struct archive_library *archive = archive_library(err);

	return archive && (!archive->entry_xattr_count(entry) || set_all(archive, fd, NULL, entry, err));
}

bool layer_xattrs_set_at(int folder_fd, const char *name, struct archive_entry *entry, struct error *err)
{
	const struct archive_library *archive = archive_library(err);

	if (!archive || !archive->entry_xattr_count(entry))
		return archive != NULL;
	cleanup_free char *path = mem_printf("/proc/self/fd/%d/%s", folder_fd, name);
	return set_all(archive, -1, path, entry, err);
}
