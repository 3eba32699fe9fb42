/*
 * Takes the place of the libc calls that make content durable (linked with --wrap): notes their order, lets one of them fail, lets the disk be full.
 * The variables are the test's to set; one thread at a time records.
 */
#ifndef TESTS_UNIT_BLOBS_RECORDER_H
#define TESTS_UNIT_BLOBS_RECORDER_H

#include <stdbool.h>

#define RECORDER_CALLS_SIZE 256

extern char recorder_calls[RECORDER_CALLS_SIZE]; /* "sync-file rename sync-folder " */
extern bool recorder_on;                         /* calls are noted */
extern const char *recorder_failing;             /* this call fails with EIO while they are; NULL: none */
extern bool recorder_disk_full;                  /* writes at an offset fail with ENOSPC */

#endif
