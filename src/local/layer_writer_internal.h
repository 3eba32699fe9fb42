/*
 * Makes the files of one layer, strictly below its folder. A path is clean (oci/layer_entry.h) and is never followed through a symbolic link, not
 * even one of this layer: what stands in the way as a parent is an error, what stands in the place of an entry is replaced.
 */
#ifndef LOCAL_LAYER_WRITER_INTERNAL_H
#define LOCAL_LAYER_WRITER_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/error.h"

struct layer_writer;
struct archive_entry;

/* What every entry carries. */
struct layer_meta {
	mode_t mode; /* the lower twelve bits */
	uid_t uid;
	gid_t gid;
	struct timespec times[2];       /* accessed, modified */
	struct archive_entry *extended; /* borrowed: has the extended attributes */
};

/* folder_fd is borrowed. For one thread, which has it to itself from then on: where the system allows, the thread gets its own umask, 0. Owned. */
struct layer_writer *layer_writer_new(int folder_fd);
void layer_writer_free(struct layer_writer *writer);

/* The folder itself. */
bool layer_writer_root(struct layer_writer *writer, const struct layer_meta *meta, struct error *err);
/* One that is there is kept, with the new mode, owner and time. */
bool layer_writer_folder(struct layer_writer *writer, const char *path, const struct layer_meta *meta, struct error *err);
bool layer_writer_symlink(struct layer_writer *writer, const char *path, const char *target, const struct layer_meta *meta, struct error *err);
/* target is a clean path too, of an entry of this layer that came before. */
bool layer_writer_hardlink(struct layer_writer *writer, const char *path, const char *target, struct error *err);
/* A fifo, or a device: type is S_IFIFO, S_IFCHR or S_IFBLK. Where the system refuses devices (user namespaces) there is none, as docker does. */
bool layer_writer_node(struct layer_writer *writer, const char *path, mode_t type, dev_t device, const struct layer_meta *meta, struct error *err);

/* An empty regular file to write to; -1 when it fails. Ended with layer_writer_file_end, or closed. Between them nothing else may be made. */
int layer_writer_file_begin(struct layer_writer *writer, const char *path, const struct layer_meta *meta, struct error *err);
/* Gives it what it carries and closes it, whatever happens. */
bool layer_writer_file_end(struct layer_writer *writer, int fd, const struct layer_meta *meta, struct error *err);

/* path is hidden: overlayfs' character device 0/0; or, where this layer has such a folder itself, an opaque one. */
bool layer_writer_whiteout(struct layer_writer *writer, const char *path, struct error *err);
/* All that lower layers have in the folder is hidden. "" is the layer's own folder. */
bool layer_writer_opaque(struct layer_writer *writer, const char *path, struct error *err);

/* The last entry was made: puts the last times right. */
bool layer_writer_end(struct layer_writer *writer, struct error *err);

#endif
