/* Cgroups beside those that the OCI runtime makes for containers. */
#ifndef RUNTIME_CGROUP_H
#define RUNTIME_CGROUP_H

#include <stdbool.h>
#include <sys/types.h>

bool cgroup_is_v2(const char *path);
/*
 * Takes a supervisor out of its caller's service or session, so that it is not killed with it: its container lives in a cgroup of its own too. One
 * that cannot be taken out stays.
 */
void cgroup_take_out(pid_t pid);
/*
 * The first move of a process between cgroups waits for a grace period of the kernel, 10 ms, those that follow it closely do not. Moves this process
 * to where it is, so that the container's first process need not wait. Waits itself: for a thread beside the work.
 */
void cgroup_warm(void);

#endif
