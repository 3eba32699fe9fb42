/* The end of a container: signals, what conmon calls at the end, and removal. */
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

int container_folder_lock(struct runtime *runtime, const char *id, bool wait, struct error *err)
{
	int folder = container_folder_open(runtime, id, err);

	if (folder >= 0 && !file_lock(folder, true, wait, err))
		file_cleanup(&folder);
	return folder;
}

void container_release(const char *id, int folder, bool forgotten)
{
	struct container_network network = {0};

	network_read(&network, folder);
	network_down(id, &network);
	port_specs_free(&network.ports);
	unlinkat(folder, "network.json", 0);
	/* The runtime may know nothing of it any more: that is no error. */
	if (!forgotten)
		oci_runtime_run((const char *const[]){"delete", "--force", NULL}, id, NULL, NULL);
}

bool container_row_ask(struct db_tx *tx, void *argument, struct error *err)
{
	struct container_row *row = argument;
	struct error problem = {0};
	struct settings settings = {0};
	struct db_query *query cleanup_query = db_query(tx, "SELECT settings FROM containers WHERE id = $1", DB_ARGS(DB_TEXT(str_of(row->id))), err);

	if (query && (row->there = db_next(query, &problem)) && settings_parse(&settings, db_text(query, 0), &problem))
		row->throw_away = settings.remove;
	settings_free(&settings);
	return query && (problem.kind == ERROR_NONE || error_move(err, &problem));
}

bool container_finish(struct runtime *runtime, const char *id, int folder, bool forgotten, struct error *err)
{
	struct container_row row = {.id = id};

	container_release(id, folder, forgotten);
	if (!db_read(runtime->db, container_row_ask, &row, err))
		return false;
	if (row.there && row.throw_away && !container_forget(runtime, id, true, err))
		return false;
	return (row.there && !row.throw_away) || folder_remove(runtime->folder_fd, id, err);
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
	cleanup_fd int folder = container_folder_lock(runtime, id, true, err);

	/* Started again already: that run has an end of its own. */
	if (folder < 0 || container_lives(folder, id))
		return folder >= 0;
	unmount_all(runtime, id, folder);
	return container_finish(runtime, id, folder, false, err);
}

bool session_leave(struct runtime *runtime, struct session *session, struct error *err)
{
	bool forgotten = session->deleting > 0 && program_wait(session->deleting);

	session->deleting = 0;
	/* Asked again after the lock is gone: it may have ended between the two, when its exit command still left it to us. */
	if (container_lives(session->folder, session->id)) {
		file_cleanup(&session->front);
		if (container_lives(session->folder, session->id))
			return true;
	}
	cleanup_fd int folder = container_folder_lock(runtime, session->id, true, err);
	return folder >= 0 && container_finish(runtime, session->id, folder, forgotten, err);
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

bool container_wait_for_end(int folder, const char *id, int64_t timeout_ms)
{
	int64_t deadline = clock_monotonic_us() + timeout_ms * 1000;

	while (container_lives(folder, id)) {
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
	container_settle(runtime, container->id);
	cleanup_fd int pidfd = container_pidfd(folder, container->id, NULL);
	if (pidfd < 0)
		return true;
	pidfd_send_signal(pidfd, signal ? signal : SIGTERM, NULL, 0);
	if (!wait_for_process(pidfd, timeout_s < 0 ? INT32_MAX : timeout_s * 1000LL)) {
		pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
		if (!wait_for_process(pidfd, KILL_WAIT_MS))
			return error_set(err, ERROR_UNAVAILABLE, "cannot stop container: %s: its process does not end", container->name);
	}
	return container_wait_for_end(folder, container->id, KILL_WAIT_MS) ||
	       error_set(err, ERROR_UNAVAILABLE, "cannot stop container: %s: its supervisor does not end", container->name);
}

/* ---- removal ---- */

/* Ends one that lives, if force says so. */
static bool end_by_force(const struct container *container, int folder, bool force, struct error *err)
{
	cleanup_fd int pidfd = container_pidfd(folder, container->id, NULL);

	if (!force)
		return error_set(err, ERROR_CONFLICT,
			"cannot remove container \"%s\": container is running: stop the container before removing or force remove", container->name);
	if (pidfd >= 0)
		pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
	else /* created and never started, or conmon is at its end */
		oci_runtime_run((const char *const[]){"delete", "--force", NULL}, container->id, NULL, NULL);
	return ((pidfd < 0 || wait_for_process(pidfd, KILL_WAIT_MS)) && container_wait_for_end(folder, container->id, KILL_WAIT_MS)) ||
	       error_set(err, ERROR_UNAVAILABLE, "cannot remove container \"%s\": it does not end", container->name);
}

bool container_remove(struct runtime *runtime, const struct container *container, bool force, struct error *err)
{
	struct error problem = {0};

	container_settle(runtime, container->id);
	cleanup_fd int folder = container_folder_open(runtime, container->id, &problem);
	/* It was a leftover, or its folder was taken away by hand: the row can go. */
	if (folder < 0 && problem.kind == ERROR_NOT_FOUND) {
		error_clear(&problem);
		return container_forget(runtime, container->id, container->settings.remove, err);
	}
	if (folder < 0)
		return error_move(err, &problem);
	if (container_lives(folder, container->id) && !end_by_force(container, folder, force, err))
		return false;
	if (!file_lock(folder, true, true, err))
		return false;
	container_release(container->id, folder, false);
	return container_forget(runtime, container->id, container->settings.remove, err) && folder_remove(runtime->folder_fd, container->id, err);
}
