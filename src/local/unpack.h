/*
 * Applying one layer to a folder, while it arrives: the caller pushes the layer's bytes as they come, two threads of the
 * unpacking turn them into files (one inflates and hashes, one reads the tar and writes). Memory stays below 2 MiB a layer whatever the layer is
 * (zstd: and its window). Each layer is unpacked into its own folder, independent of its parents, in the form that overlayfs takes as a
 * lower folder: OCI image-spec 1.1, layer.md; docs/decisions/0004-unpacking.md.
 */
#ifndef LOCAL_UNPACK_H
#define LOCAL_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "oci/digest.h"

struct layer_unpack;

/*
 * Begins. folder_fd is borrowed until layer_unpack_free: an empty folder that is nobody else's, owner root, mode 0755 (what an entry "./" says
 * replaces both). Plain, gzip or zstd is told by the first bytes, as docker and containerd do; the media type is not asked. Owned by the caller.
 */
bool layer_unpack_start(struct layer_unpack **out, int folder_fd, struct error *err);

/*
 * Takes the next bytes of the layer; a copy, so that they are the caller's again at once. Waits while the unpacking is behind. Fails as soon as
 * the unpacking has failed, with its reason, and from then on always:
 * ERROR_INVALID: no tar, broken compression, or an entry that may not be made (the message names it); a transfer that damaged the bytes ends here
 * too. ERROR_NO_SPACE, ERROR_SYSTEM: a file could not be made.
 * One thread at a time.
 */
bool layer_unpack_write(struct layer_unpack *unpack, struct str bytes, struct error *err);

/*
 * That was all of it: waits until every file is made. *diff_id is the SHA-256 of the uncompressed tar to its last byte, padding included;
 * *size_bytes the bytes of the regular files. Nothing is synced: that is the store's. Called once; after it only layer_unpack_free.
 */
bool layer_unpack_finish(struct layer_unpack *unpack, struct digest *diff_id, int64_t *size_bytes, struct error *err);

/* Frees it. Not finished: the threads are stopped and waited for; what was made stays in the folder. NULL is fine. */
void layer_unpack_free(struct layer_unpack *unpack);
void layer_unpack_cleanup(struct layer_unpack **unpack);
#define cleanup_layer_unpack __attribute__((cleanup(layer_unpack_cleanup)))

#endif
