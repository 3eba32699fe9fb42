#include "local/layer_xattr_internal.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include <sys/xattr.h>

#include "base/mem.h"
#include "base/str.h"

static bool steers_overlayfs(struct str name)
{
	return str_starts(name, STR("trusted.overlay.")) || str_starts(name, STR("user.overlay."));
}

/* By path when that is set, else by fd. */
static bool set_all(int fd, const char *path, struct archive_entry *entry, struct error *err)
{
	const char *name;
	const void *value;
	size_t size;

	archive_entry_xattr_reset(entry);
	while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK) {
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
	return !archive_entry_xattr_count(entry) || set_all(fd, NULL, entry, err);
}

bool layer_xattrs_set_at(int folder_fd, const char *name, struct archive_entry *entry, struct error *err)
{
	if (!archive_entry_xattr_count(entry))
		return true;
	cleanup_free char *path = mem_printf("/proc/self/fd/%d/%s", folder_fd, name);
	return set_all(-1, path, entry, err);
}
