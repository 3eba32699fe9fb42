/* Names of containers: which are allowed, and random ones for those who give none. */
#ifndef RUNTIME_NAMES_H
#define RUNTIME_NAMES_H

#include <stdbool.h>

#include "base/str.h"

#define NAME_MAX_LENGTH 255

/* [a-zA-Z0-9][a-zA-Z0-9_.-]+ */
bool container_name_valid(struct str name);
/* "calm_river"-like, "adjective_surname", owned by the caller; from the attempt 1 on with a digit behind it. */
char *container_name_random(unsigned int attempt);

#endif
