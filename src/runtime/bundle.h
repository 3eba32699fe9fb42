/*
 * config.json of a container, as the OCI runtime specification 1.0 words it. Built from the settings alone: no annotation of an image ever gets
 * here, since crun obeys some of them (run.oci.*).
 */
#ifndef RUNTIME_BUNDLE_H
#define RUNTIME_BUNDLE_H

#include <jansson.h>
#include <stdbool.h>

#include "runtime/settings.h"
#include "runtime/user.h"

struct bundle {
	const char *id;     /* 64 hex digits */
	const char *folder; /* the container's, absolute: hosts, hostname, resolv.conf, volumes/N are in it */
	const struct settings *settings;
	const struct user *user;
	const char *hostname; /* NULL: the host's, with its namespace */
	const char *netns;    /* path; NULL: a new one, or the host's with NETWORK_HOST */
	json_t *seccomp;      /* borrowed; NULL: none */
	const char *filter;   /* the same, compiled, in base64; NULL: not known */
	bool cgroup_v2;
	unsigned int rows, columns; /* of the terminal; 0: not known */
};

/* The document, owned by the caller; never NULL unless a text is not UTF-8 (ERROR_INVALID). */
char *bundle_format(const struct bundle *bundle, struct error *err);

#endif
