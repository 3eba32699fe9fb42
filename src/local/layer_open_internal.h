/* Opening folders of a layer without leaving it, and the marks that overlayfs reads. */
#ifndef LOCAL_LAYER_OPEN_INTERNAL_H
#define LOCAL_LAYER_OPEN_INTERNAL_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/error.h"

/*
 * Opens the folder path (clean, not empty) below root_fd for reading. A symbolic link on the way is followed as if root_fd were "/", and must lead to
 * a folder that is there. With make, missing parts are made (root, 0755) and a whiteout among them becomes an opaque folder. -1 with *err set:
 * ERROR_INVALID names the part that is no folder.
 */
int layer_open_folder(int root_fd, const char *path, bool make, struct error *err);

/* A character device 0/0: overlayfs hides the name. */
bool layer_is_whiteout(const struct stat *status);
/* Marks the folder name of folder_fd, or folder_fd itself when name is NULL, as opaque. Who may not set "trusted." sets "user.overlay.opaque". */
bool layer_set_opaque(int folder_fd, const char *name, struct error *err);

#endif
