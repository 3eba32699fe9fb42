/*
 * The members of a tar that `load` was given, put down in staging under names of our own: what the archive calls them is only a key.
 */
#ifndef LOCAL_ARCHIVE_INTERNAL_H
#define LOCAL_ARCHIVE_INTERNAL_H

#include "local/local_internal.h"

struct archive_member {
	char *name;   /* cleaned: no "./", no "..", no "//" */
	char *path;   /* owned: where its bytes are; NULL for a link */
	char *target; /* owned, of a link: the member that it means */
};

struct archive_members {
	struct archive_member *members;
	size_t count, capacity;
};

/* Reads a tar, plain or compressed (gzip, zstd, bzip2, xz), from fd to its end. ERROR_INVALID when it is none. */
bool archive_members_read(struct archive_members *out, int fd, const struct staging *staging, const atomic_bool *cancel, struct error *err);
/* Opens the member of that name, following links between members; -1 with ERROR_NOT_FOUND when there is none. */
int archive_member_open(const struct archive_members *members, const char *name, struct error *err);
/* Reads a small one whole. */
bool archive_member_bytes(const struct archive_members *members, const char *name, size_t limit, struct buf *out, struct error *err);
bool archive_member_there(const struct archive_members *members, const char *name);
void archive_members_free(struct archive_members *members);

#endif
