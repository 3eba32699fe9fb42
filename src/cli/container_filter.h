/* `ps -f`: id, name, label, status, exited, ancestor. One key given twice is "or", keys together are "and"; labels are always "and". */
#ifndef CLI_CONTAINER_FILTER_H
#define CLI_CONTAINER_FILTER_H

#include "cli/cli.h"
#include "runtime/runtime.h"

/* Are these "key=value" ones that ps knows? ERROR_INVALID "invalid filter 'foo'". */
bool container_filters_check(const char *const *filters, size_t count, struct error *err);
/* They must have been checked. */
bool container_filters_match(const char *const *filters, size_t count, const struct container *container);
/* Does one of them ask for a status? Then containers that do not run are listed too. */
bool container_filters_want_all(const char *const *filters, size_t count);

const char *container_status_name(enum container_status status);

#endif
