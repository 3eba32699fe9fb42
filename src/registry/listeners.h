/* Which sockets are listened on: those of the settings, with systemd's in their places. */
#ifndef REGISTRY_LISTENERS_H
#define REGISTRY_LISTENERS_H

#include "net/server.h"
#include "registry/settings.h"
#include "registry/systemd.h"

struct listeners {
	struct server_listener list[SETTINGS_LISTEN_MAX];
	size_t count;
	char *addresses[SETTINGS_LISTEN_MAX]; /* owned texts of those that the settings do not have */
};

/*
 * "fd:NAME" becomes the sockets of that name; without any `listen` in the settings all of systemd's sockets take the place of the default. Those that
 * nobody names are a warning. ERROR_INVALID for a name that is not there, and for an address that must not be listened on.
 */
bool listeners_resolve(struct listeners *out, const struct settings *settings, const struct systemd_sockets *sockets, struct error *err);
void listeners_free(struct listeners *listeners);

#endif
