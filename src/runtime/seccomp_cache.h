/*
 * Compiled system call filters. libseccomp takes 12 ms of processor time to compile the default profile, a third of all that crun does; crun leaves
 * the program in its state folder and takes one that is given (annotation run.oci.seccomp_bpf_data; the profile stays in config.json for a runtime
 * that does not know it). Kept in /run/naru/seccomp/, which only root can write and which is empty after each boot, under what it was made of: the
 * profile's file, the runtime's, and the capabilities. (A hash of the profile would be OpenSSL's first: 1 ms more.)
 */
#ifndef RUNTIME_SECCOMP_CACHE_H
#define RUNTIME_SECCOMP_CACHE_H

#include <stdbool.h>

#define SECCOMP_KEY_SIZE 256

/* The name of the filter for a container with these capabilities (ended by NULL), by this runtime's program. False when the profile cannot be looked
 * at. */
bool seccomp_cache_key(const char *const *capabilities, const char *program, char out[static SECCOMP_KEY_SIZE]);
/* The program in base64, owned by the caller; NULL when it is not there. */
char *seccomp_cache_load(const char *key);
/* Keeps what the runtime compiled for container id. One that cannot be kept is compiled again. */
void seccomp_cache_store(const char *key, const char *id);

#endif
