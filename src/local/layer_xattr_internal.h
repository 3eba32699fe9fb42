/* The extended attributes of a tar entry, given to the file. */
#ifndef LOCAL_LAYER_XATTR_INTERNAL_H
#define LOCAL_LAYER_XATTR_INTERNAL_H

#include <stdbool.h>

#include "base/error.h"

struct archive_entry;

/*
 * Overlayfs' own ("trusted.overlay.", "user.overlay.") are dropped: they would steer the mount. What the file system does not take, or the caller may
 * not set, is left out, as docker does.
 */
bool layer_xattrs_set(int fd, struct archive_entry *entry, struct error *err);
/* Of a file that cannot be opened; a symbolic link's are its own. */
bool layer_xattrs_set_at(int folder_fd, const char *name, struct archive_entry *entry, struct error *err);

#endif
