/* What the kernel says of this process, under the names that Prometheus' own client libraries use. */
#ifndef REGISTRY_WATCH_PROCESS_H
#define REGISTRY_WATCH_PROCESS_H

#include "base/buf.h"

/* Descriptors that are open; 0 when it cannot be told. Reads a folder with an entry for each. */
size_t process_open_files(void);
/* The families of the metrics; open_files is from process_open_files, perhaps a moment ago. */
void process_write(struct buf *out, size_t open_files);

#endif
