/* The one table of addresses: what answers, and where it runs. */
#ifndef REGISTRY_ROUTES_H
#define REGISTRY_ROUTES_H

#include "net/server.h"

extern const struct route registry_routes[];
extern const size_t registry_routes_count;

#endif
