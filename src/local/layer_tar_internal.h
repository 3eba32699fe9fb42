/* Reads a layer's tar out of a ring and has its entries made. */
#ifndef LOCAL_LAYER_TAR_INTERNAL_H
#define LOCAL_LAYER_TAR_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "local/ring_internal.h"

/*
 * Until the ring's end, what stands behind the tar's end included. *size_bytes is the sum of the regular files. ERROR_CANCELED when the ring was
 * stopped. Gives the calling thread the C locale: libarchive would otherwise change the names of files (it composes what Unicode can compose).
 */
bool layer_tar_apply(struct ring *tar, int folder_fd, int64_t *size_bytes, struct error *err);

#endif
