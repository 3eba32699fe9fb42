/* A request's target as the log may show it. */
#ifndef REGISTRY_LOG_TARGET_H
#define REGISTRY_LOG_TARGET_H

#include "base/buf.h"

/*
 * Adds the path, and of the query the values of those parameters that the wire knows: any other may be somebody's token, and shows as ***. So does
 * what stands before the @ of an absolute target. Cut to LOG_TARGET_MAX bytes.
 */
#define LOG_TARGET_MAX 1024
void log_target(struct buf *out, struct str target);

#endif
