/* An image whose layers are all there becomes visible: one change for its content, its rows and its names. */
#ifndef LOCAL_IMAGE_ADD_INTERNAL_H
#define LOCAL_IMAGE_ADD_INTERNAL_H

#include "local/local_internal.h"

struct image_layer {
	struct digest diff_id;
	struct digest blob;
};

struct image_made {
	struct digest id;
	struct str config;
	struct digest manifest_digest;
	struct str manifest;
	const char *manifest_type;
	int64_t created_at_us;
	const struct image_layer *layers; /* lowest first */
	size_t layers_count;
	/* The name it gets; NULL: none. With a tag or a digest, not both. */
	const struct reference *name;
	/* The digest that the registry knows it by, an index's too; NULL when it came from none. Then name's repository has its content. */
	const struct digest *remote_digest;
};

/*
 * *had_name: the name was this image's already. ERROR_UNAVAILABLE when a layer has gone meanwhile: it has to be fetched again.
 * An image that is there already keeps its manifest and gets the names.
 */
bool image_commit(struct local *local, const struct image_made *made, bool *had_name, struct error *err);

#endif
