/* What -v takes: a folder or file of the host that the container sees. */
#ifndef RUNTIME_VOLUME_H
#define RUNTIME_VOLUME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/str.h"

struct volume {
	char *source;      /* owned: absolute path of the host; NULL for a volume of the container's own */
	char *destination; /* owned: absolute, clean path in the container, never "/" */
	bool read_only;
	const char *propagation; /* "rprivate" and its kin; a literal */
};

struct volumes {
	struct volume *items; /* owned */
	size_t count, capacity;
};

/*
 * Reads "[SOURCE:]DESTINATION[:OPTIONS]"; a relative source ("./x") belongs to the current folder. A later one for the same destination
 * takes the place of the earlier one. ERROR_INVALID in docker's words; named volumes are ERROR_UNSUPPORTED.
 */
bool volumes_add(struct volumes *volumes, struct str text, struct error *err);
/* A volume of the container's own at destination (an image's VOLUME), unless there is one. */
bool volumes_add_own(struct volumes *volumes, struct str destination, struct error *err);
void volumes_free(struct volumes *volumes);

/* "/a/../b//c/" is "/b/c"; NULL when text is not absolute. Owned by the caller. */
char *path_clean(struct str text);

#endif
