/*
 * A descriptor: what content is, its digest, its size (OCI image-spec 1.1, descriptor.md).
 */
#ifndef OCI_DESCRIPTOR_H
#define OCI_DESCRIPTOR_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "oci/digest.h"
#include "oci/platform.h"

struct descriptor {
	char *media_type; /* owned, never NULL after a parse */
	struct digest digest;
	int64_t size_bytes;
	bool has_platform;
	struct platform platform;
	char *artifact_type; /* owned, or NULL */
	json_t *annotations; /* owned, an object of texts, or NULL */
	bool has_urls;       /* the content may be elsewhere */
};

/* Checks and copies; *what* ("layers[2]") begins the error's message. Unknown fields are let be. */
bool descriptor_parse(struct descriptor *out, const json_t *json, const char *what, struct error *err);
void descriptor_free(struct descriptor *descriptor);

#endif
