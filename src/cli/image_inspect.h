/* An image as `inspect` shows it. */
#ifndef CLI_IMAGE_INSPECT_H
#define CLI_IMAGE_INSPECT_H

#include <jansson.h>

#include "cli/cli.h"

/* A list_find_function of images. */
bool image_inspect_find(struct cli *cli, const struct cli_args *args, const char *name, json_t **out, struct error *err);

#endif
