/*
 * The container's root as the runtime will see it: the overlay of the image's layers, mended before crun touches it. An image is hostile: its
 * /dev, /proc, /sys or /etc may be links to the host's folders, and crun 1.8.1 follows such a /dev.
 */
#ifndef RUNTIME_ROOT_H
#define RUNTIME_ROOT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define ROOT_LAYERS_MAX 128

struct root_mount {
	const char *const *layers; /* folders, lowest first; 1 to ROOT_LAYERS_MAX */
	size_t layers_count;
	int folder_fd;   /* the container's: upper/, work/ and rootfs/ are in it */
	bool throw_away; /* the container goes when it ends: nothing of it needs to reach the disk */
};

/* Mounts the overlay on rootfs/ in this thread's mount namespace. Any number of layers and any path: they are named by descriptor. */
bool root_mount(const struct root_mount *mount, struct error *err);

/* Opens path below root, its links meaning the image's own files (openat2, RESOLVE_IN_ROOT); -1 with errno. */
int root_open(int root_fd, const char *path, int flags);

/*
 * Makes what will be mounted on a real folder (or file): /dev, /proc, /sys become folders when they are links, and so does whatever is no folder.
 */
bool root_mend(int root_fd, struct error *err);

/* Makes a folder or an empty file at path (relative) when nothing is there; links on the way stay inside the root. */
bool root_make_target(int root_fd, const char *path, bool is_folder, struct error *err);

#endif
