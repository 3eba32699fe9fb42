/* The end of a container: signals, what conmon calls at the end, and removal. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "runtime/network.h"
#include "runtime/runtime_internal.h"

#define KILL_WAIT_MS 10000

/* Nobody else starts, ends or removes the container while the folder is locked. */
static int lock_folder(struct runtime *runtime, const char *id, bool wait, struct error *err)
{
	int folder = container_folder_open(runtime, id, err);

	if (folder >= 0 && !file_lock(folder, true, wait, err))
		file_cleanup(&folder);
	return folder;
}

/* What a container leaves on the host besides its folder. The runtime may know nothing of it any more: that is no error. */
static void release(const char *id, int folder)
{
	struct container_network network = {0};

	network_read(&network, folder);
	network_down(id, &network);
	port_specs_free(&network.ports);
	unlinkat(folder, "network.json", 0);
	oci_runtime_run((const char *const[]){"delete", "--force", NULL}, id, NULL);
}

struct row {
	const char *id;
	bool there, remove;
};

static bool ask_row(struct db_tx *tx, void *argument, struct error *err)
{
	struct row *row = argument;
	struct error problem = {0};
	struct settings settings = {0};
	struct db_query *query cleanup_query = db_query(tx, "SELECT settings FROM containers WHERE id = $1", DB_ARGS(DB_TEXT(str_of(row->id))), err);

	if (query && (row->there = db_next(query, &problem)) && settings_parse(&settings, db_text(query, 0), &problem))
		row->remove = settings.remove;
	settings_free(&settings);
	return query && (problem.kind == ERROR_NONE || error_move(err, &problem));
}

/* In the locked folder of a container that has ended. */
static bool finish(struct runtime *runtime, const char *id, int folder, struct error *err)
{
	struct row row = {.id = id};

	release(id, folder);
	if (!db_read(runtime->db, ask_row, &row, err))
		return false;
	if (row.there && row.remove && !container_forget(runtime, id, err))
		return false;
	return (row.there && !row.remove) || folder_remove(runtime->folder_fd, id, err);
}

/* We are called in conmon's mount namespace: what is mounted there keeps the folder from being removed. Elsewhere nothing is mounted (EINVAL). */
static void unmount_all(const struct runtime *runtime, const char *id, int folder)
{
	cleanup_free char *path = container_folder_path(runtime, id);
	cleanup_free char *root = mem_printf("%s/rootfs", path), *netns = mem_printf("%s/netns", path);
	cleanup_fd int volumes = folder_open(folder, "volumes", NULL);

	for (size_t i = 0; volumes >= 0; i++) {
		cleanup_free char *name = mem_printf("%zu", i), *volume = mem_printf("%s/volumes/%zu", path, i);
		if (faccessat(volumes, name, F_OK, 0) < 0)
			break;
		umount2(volume, MNT_DETACH | UMOUNT_NOFOLLOW);
	}
	umount2(root, MNT_DETACH | UMOUNT_NOFOLLOW);
	umount2(netns, MNT_DETACH | UMOUNT_NOFOLLOW);
}

bool container_ended(struct runtime *runtime, const char *id, struct error *err)
{
	cleanup_fd int folder = lock_folder(runtime, id, true, err);

	/* Started again already: that run has an end of its own. */
	if (folder < 0 || container_alive(folder))
		return folder >= 0;
	unmount_all(runtime, id, folder);
	return finish(runtime, id, folder, err);
}

/* ---- signals ---- */

bool container_signal(struct runtime *runtime, const struct container *container, int signal, struct error *err)
{
	cleanup_fd int folder = container_folder_open(runtime, container->id, err);
	cleanup_fd int pidfd = folder < 0 ? -1 : container_pidfd(folder, container->id, err);

	if (pidfd < 0)
		return false;
	return pidfd_send_signal(pidfd, signal, NULL, 0) == 0 || error_set_errno(err, errno, "cannot kill container: %s", container->name);
}

/* Until conmon has let go: then the exit code is written. */
static bool wait_for_end(int folder, int64_t timeout_ms)
{
	int64_t deadline = clock_monotonic_us() + timeout_ms * 1000;

	while (container_alive(folder)) {
		if (clock_monotonic_us() >= deadline)
			return false;
		poll(NULL, 0, 2);
	}
	return true;
}

/* A pidfd becomes readable when its process has ended. */
static bool wait_for_process(int pidfd, int64_t timeout_ms)
{
	struct pollfd fd = {pidfd, POLLIN, 0};

	return poll(&fd, 1, timeout_ms > INT32_MAX ? INT32_MAX : (int)timeout_ms) > 0;
}

bool container_stop(struct runtime *runtime, const struct container *container, int timeout_s, struct error *err)
{
	cleanup_fd int folder = container_folder_open(runtime, container->id, err);
	int signal = signal_parse(str_of(container->settings.stop_signal));

	if (folder < 0)
		return false;
	cleanup_fd int pidfd = container_pidfd(folder, container->id, NULL);
	if (pidfd < 0)
		return true;
	pidfd_send_signal(pidfd, signal ? signal : SIGTERM, NULL, 0);
	if (!wait_for_process(pidfd, timeout_s < 0 ? INT32_MAX : timeout_s * 1000LL)) {
		pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
		if (!wait_for_process(pidfd, KILL_WAIT_MS))
			return error_set(err, ERROR_UNAVAILABLE, "cannot stop container: %s: its process does not end", container->name);
	}
	return wait_for_end(folder, KILL_WAIT_MS) ||
	       error_set(err, ERROR_UNAVAILABLE, "cannot stop container: %s: its supervisor does not end", container->name);
}

/* ---- removal ---- */

bool container_remove(struct runtime *runtime, const struct container *container, bool force, struct error *err)
{
	struct error problem = {0};
	cleanup_fd int folder = container_folder_open(runtime, container->id, &problem);

	/* Its folder was taken away by hand: the row can go. */
	if (folder < 0 && problem.kind == ERROR_NOT_FOUND) {
		error_clear(&problem);
		return container_forget(runtime, container->id, err);
	}
	if (folder < 0)
		return error_move(err, &problem);
	if (container_alive(folder)) {
		if (!force)
			return error_set(err, ERROR_CONFLICT,
				"cannot remove container \"%s\": container is running: stop the container before removing or force remove",
				container->name);
		cleanup_fd int pidfd = container_pidfd(folder, container->id, NULL);
		if (pidfd >= 0)
			pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
		else /* created and never started, or conmon is at its end */
			oci_runtime_run((const char *const[]){"delete", "--force", NULL}, container->id, NULL);
		if (!wait_for_end(folder, KILL_WAIT_MS))
			return error_set(err, ERROR_UNAVAILABLE, "cannot remove container \"%s\": it does not end", container->name);
	}
	if (!file_lock(folder, true, true, err))
		return false;
	release(container->id, folder);
	return container_forget(runtime, container->id, err) && folder_remove(runtime->folder_fd, container->id, err);
}

/* ---- what a crash left ---- */

static bool is_id(const char *name)
{
	return strlen(name) == CONTAINER_ID_LENGTH && strspn(name, "0123456789abcdef") == CONTAINER_ID_LENGTH;
}

static void sweep_one(struct runtime *runtime, const char *id)
{
	struct row row = {.id = id};
	cleanup_fd int folder = lock_folder(runtime, id, false, NULL);

	/* One with a row that was never started is no leftover; a throw-away one has a pid as soon as it was. */
	if (folder < 0 || container_alive(folder) || !db_read(runtime->db, ask_row, &row, NULL))
		return;
	if (!row.there || (row.remove && faccessat(folder, "pid", F_OK, 0) == 0))
		finish(runtime, id, folder, NULL);
}

void containers_sweep(struct runtime *runtime)
{
	int again = fcntl(runtime->folder_fd, F_DUPFD_CLOEXEC, 0);
	DIR *list = again < 0 ? NULL : fdopendir(again);
	struct dirent *entry;

	if (!list) {
		file_cleanup(&again);
		return;
	}
	rewinddir(list);
	while ((entry = readdir(list)))
		if (is_id(entry->d_name))
			sweep_one(runtime, entry->d_name);
	closedir(list);
}
