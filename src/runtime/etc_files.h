/* /etc/hosts, /etc/hostname and /etc/resolv.conf of a container, written into its folder and mounted from there. */
#ifndef RUNTIME_ETC_FILES_H
#define RUNTIME_ETC_FILES_H

#include <stdbool.h>

#include "base/error.h"
#include "runtime/runtime.h"

/* hostname NULL: the host's. */
bool etc_files_write(int folder_fd, const char *hostname, enum network_mode mode, const struct container_network *network, struct error *err);

/*
 * The host's resolv.conf as a container can use it: name servers on loopback are out of its reach and left out; without any other one there are
 * docker's fallbacks, 8.8.8.8 and 8.8.4.4.
 */
void resolv_conf_filter(struct str host, struct buf *out);

#endif
