/*
 * The system calls that a container may make: containers/common's profile (docker's own list) as the runtime specification words it.
 * Source: runtime-spec 1.0, config-linux.md, "Seccomp"; containers/common, pkg/seccomp.
 */
#ifndef RUNTIME_SECCOMP_H
#define RUNTIME_SECCOMP_H

#include <jansson.h>

#include "base/error.h"
#include "base/str.h"

#define SECCOMP_PROFILE "/usr/share/containers/seccomp.json"

/*
 * "linux.seccomp" for a container with these capabilities (ended by NULL) on architecture ("amd64", as GOARCH names it): rules that hold for
 * others are left out. Owned by the caller; NULL with *err set when the profile is malformed.
 */
json_t *seccomp_translate(struct str profile, const char *const *capabilities, const char *architecture, struct error *err);

#endif
