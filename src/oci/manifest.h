/*
 * Image manifests and indexes, OCI's and docker's schema 2 (OCI image-spec 1.1, manifest.md and image-index.md;
 * distribution, docs/spec/manifest-v2-2.md). The bytes are the content; this is only what was read out of them.
 */
#ifndef OCI_MANIFEST_H
#define OCI_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "oci/descriptor.h"
#include "oci/media_type.h"

/* Over this a manifest is refused (distribution's own limit). */
#define MANIFEST_SIZE_MAX (4 * 1024 * 1024)

struct manifest {
	bool is_index;
	char *media_type;          /* owned: the document's, else the one it came with */
	char *artifact_type;       /* owned, or NULL: the document's field; else its config's type (distribution-spec, "Listing Referrers") */
	struct descriptor config;  /* of an image manifest */
	struct descriptor *layers; /* owned; of an image manifest */
	size_t layers_count;
	struct descriptor *manifests; /* owned; of an index */
	size_t manifests_count;
	bool has_subject;
	struct descriptor subject;
	json_t *annotations; /* owned, or NULL */
};

/*
 * Reads a manifest or index. content_type is the header it came with, without parameters, or empty: then the document's
 * mediaType or its shape decides. ERROR_INVALID: not a JSON object, duplicate keys, schemaVersion other than 2, mediaType unlike the
 * header, both manifests and config or layers (CVE-2021-41190), a docker type without mediaType; ERROR_UNSUPPORTED: schema 1.
 * Unknown media types, fields and empty lists are fine (`wire.md` 2.4). Owned; free with manifest_free.
 */
bool manifest_parse(struct manifest *out, struct str bytes, struct str content_type, struct error *err);
void manifest_free(struct manifest *manifest);
#define cleanup_manifest __attribute__((cleanup(manifest_free)))

/*
 * The entry of an index that fits best, by platform_rank; among equals the first. Attestations ("unknown/unknown") are passed over, an entry
 * without platform ranks last. NULL when none fits. Borrowed.
 */
const struct descriptor *manifest_choose(const struct manifest *index, const struct platform *wanted);

#endif
