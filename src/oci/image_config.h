/*
 * An image's configuration: what runs in it and which layers it is made of (OCI image-spec 1.1, config.md).
 */
#ifndef OCI_IMAGE_CONFIG_H
#define OCI_IMAGE_CONFIG_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "oci/digest.h"
#include "oci/platform.h"

#define IMAGE_CONFIG_SIZE_MAX (4 * 1024 * 1024)

/* A list of texts that ends with NULL; owned as one by whoever holds it. */
struct image_config {
	struct platform platform;
	int64_t created_at_us; /* 0 when the document has none */
	char **env;            /* "KEY=value", NULL-ended, never NULL itself; likewise the others */
	char **entrypoint;
	char **cmd;
	char **exposed_ports; /* "80/tcp" */
	char **volumes;       /* "/data" */
	char *user;           /* "" when none, likewise the next two */
	char *working_dir;
	char *stop_signal;
	struct digest *diff_ids; /* of the uncompressed layers, lowest first */
	size_t diff_ids_count;
	json_t *json; /* the whole document, for inspect and history */
};

/* Reads it; what is there must have the right shape (ERROR_INVALID names the field), what is not there is empty. Free with image_config_free. */
bool image_config_parse(struct image_config *out, struct str bytes, struct error *err);
void image_config_free(struct image_config *config);
#define cleanup_image_config __attribute__((cleanup(image_config_free)))

#endif
