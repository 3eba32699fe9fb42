/* `images -f`: dangling, label, before, since, reference, until. One key given twice is "or", keys together are "and". */
#ifndef CLI_IMAGE_FILTER_H
#define CLI_IMAGE_FILTER_H

#include "cli/cli.h"

struct image_filter {
	const char *const *references; /* borrowed */
	size_t references_count, references_capacity;
	const char *const *labels;
	size_t labels_count, labels_capacity;
	int dangling; /* 0: not asked, 1: only those, 2: only others */
	bool has_before, has_since, has_until;
	int64_t before_us, since_us, until_us;
};

/* reference is the command's own argument, or NULL. The texts are borrowed. ERROR_INVALID in docker's words. */
bool image_filter_make(struct image_filter *out, struct cli *cli, const char *const *filters, size_t count, const char *reference, struct error *err);
/* Does the image pass? shown[i] says which of its names are to be listed. */
bool image_filter_match(const struct image_filter *filter, const struct local_image *image, bool *shown);
void image_filter_free(struct image_filter *filter);

#endif
