/*
 * A layer folder with a neighbour that no layer may touch, and tars made by hand, so that they can say what no tar program would.
 *
 *   PATH/layer         where a layer is unpacked
 *   PATH/outside/file  "secret", mode 0600; its folder has mode 0700
 */
#ifndef TESTS_UNIT_LOCAL_LAYER_FIXTURE_H
#define TESTS_UNIT_LOCAL_LAYER_FIXTURE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"
#include "oci/digest.h"

struct layer_fixture {
	char path[64];
	int layer_fd;
	struct timespec outside_times[2]; /* of the neighbour's folder and file, changed at */
};

/* For cmocka: *state is the fixture. The tear-down fails when the neighbour was touched. */
int layer_fixture_set_up(void **state);
int layer_fixture_tear_down(void **state);

/* An entry of a tar. Fields that are left out are 0: root, mode 0, 1970. */
struct tar_entry {
	const char *name;
	char type; /* '0' file, '1' hard link, '2' symbolic link, '3' character device, '4' block device, '5' folder, '6' fifo, 'L' and 'x' too */
	const char *link;
	struct str content;
	unsigned mode, uid, gid, major, minor;
	int64_t modified_at_s;
};

/* Appends header and content. */
void tar_add(struct buf *tar, const struct tar_entry *entry);
/* Adds "LENGTH KEY=VALUE\n" to what will be the content of an 'x' entry (POSIX, pax). */
void tar_pax(struct buf *records, const char *key, struct str value);
/* An 'x' entry with one record, for the entry that follows. */
void tar_add_pax(struct buf *tar, const char *key, struct str value);
/* The two blocks of zeros. */
void tar_end(struct buf *tar);

struct layer_result {
	struct digest diff_id;
	int64_t size_bytes;
};

/* Unpacks the bytes into the layer folder, given piece bytes a time (0: all at once). out may be NULL. */
bool layer_apply(struct layer_fixture *fixture, struct str bytes, size_t piece, struct layer_result *out, struct error *err);

/* lstat below the layer folder; false when there is none. */
bool layer_stat(struct layer_fixture *fixture, const char *path, struct stat *status);
/* The content of a regular file of the layer; the test fails when it cannot be read. */
void layer_read(struct layer_fixture *fixture, const char *path, struct buf *out);

#endif
