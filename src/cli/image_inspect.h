/* An image as `inspect` shows it. */
#ifndef CLI_IMAGE_INSPECT_H
#define CLI_IMAGE_INSPECT_H

#include <jansson.h>

#include "local/local.h"

/* A new reference. */
json_t *image_document(const struct local_image *image);

#endif
