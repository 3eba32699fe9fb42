/* The PORTS of `ps`, as docker shows them. */
#ifndef CLI_CONTAINER_PORTS_H
#define CLI_CONTAINER_PORTS_H

#include "base/buf.h"
#include "runtime/port.h"

/*
 * "443/tcp, 0.0.0.0:80-82->80-82/tcp, 0.0.0.0:8080->90/tcp, [::]:8080->90/tcp": what is not published and what is published under its own number
 * first, neighbours joined; then the rest. published has an address each, exposed none. Both are sorted in place.
 */
void container_ports_format(struct buf *out, struct port_specs *published, struct port_specs *exposed);

#endif
