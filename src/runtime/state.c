/* What a container's folder says of it, and what the kernel says: who holds which lock, and whose process it is. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/network.h"
#include "runtime/runtime_internal.h"

#define EXIT_CODE_TRIES 50

/* Does somebody hold the lock on the file? */
static bool is_locked(int folder_fd, const char *name)
{
	struct error problem = {0};
	cleanup_fd int fd = file_open(folder_fd, name, O_RDONLY, 0, NULL);
	bool locked = fd >= 0 && !file_lock(fd, false, false, &problem) && problem.kind == ERROR_CONFLICT;

	error_clear(&problem);
	return locked;
}

bool container_alive(int folder_fd)
{
	return is_locked(folder_fd, "alive");
}

int starter_lock(int folder_fd, struct error *err)
{
	int fd = file_open(folder_fd, "starter", O_RDWR | O_CREAT, 0600, err);

	if (fd >= 0 && !file_lock(fd, true, false, err))
		file_cleanup(&fd);
	return fd;
}

bool container_mark_started(int folder_fd, struct error *err)
{
	cleanup_fd int fd = file_open(folder_fd, "started", O_WRONLY | O_CREAT, 0600, err);

	return fd >= 0;
}

bool container_was_started(int folder_fd)
{
	return faccessat(folder_fd, "started", F_OK, 0) == 0;
}

void container_forget_last_run(int folder_fd, const char *id)
{
	cleanup_free char *exit_path = mem_printf("exit/%s", id);

	unlinkat(folder_fd, exit_path, 0);
	unlinkat(folder_fd, "started", 0);
	unlinkat(folder_fd, "pid", 0);
	unlinkat(folder_fd, "network.json", 0);
}

static bool changed_at(int folder_fd, const char *path, int64_t *at_us)
{
	struct stat status;

	if (fstatat(folder_fd, path, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	*at_us = status.st_mtim.tv_sec * 1000000LL + status.st_mtim.tv_nsec / 1000;
	return true;
}

static bool read_number(int folder_fd, const char *path, int64_t *value)
{
	cleanup_buf struct buf text = {0};

	return file_read_all(folder_fd, path, 64, &text, NULL) && str_to_i64(str_trim(buf_str(&text)), value);
}

int container_pidfd(int folder_fd, const char *id, struct error *err)
{
	int64_t pid;

	if (!read_number(folder_fd, "pid", &pid) || pid <= 1 || pid > INT32_MAX) {
		error_set(err, ERROR_CONFLICT, "container %s is not running", id);
		return -1;
	}
	int pidfd = pidfd_open((pid_t)pid, 0);
	cleanup_free char *path = mem_printf("/proc/%d/cgroup", (int)pid);
	cleanup_buf struct buf cgroup = {0};
	if (pidfd < 0 || !file_read_all(AT_FDCWD, path, 64 * 1024, &cgroup, NULL) || !memmem(cgroup.data, cgroup.len, id, strlen(id))) {
		file_cleanup(&pidfd);
		error_set(err, ERROR_CONFLICT, "container %s is not running", id);
		return -1;
	}
	return pidfd;
}

bool container_lives(int folder_fd, const char *id)
{
	if (container_alive(folder_fd))
		return true;
	/* Its supervisor was killed, perhaps. A process that has ended and that nobody waited for has left its cgroup, and is told by its pidfd. */
	cleanup_fd int pidfd = container_pidfd(folder_fd, id, NULL);
	struct pollfd ended = {pidfd, POLLIN, 0};
	return pidfd >= 0 && poll(&ended, 1, 0) == 0;
}

void container_read_state(struct container *container, int folder_fd)
{
	cleanup_free char *exit_path = mem_printf("exit/%s", container->id);
	int64_t pid = 0, code = 0;
	bool lives = container_lives(folder_fd, container->id), started = changed_at(folder_fd, "started", &container->started_at_us);
	bool ended = read_number(folder_fd, exit_path, &code);

	/* conmon lets the lock go a moment before it writes the exit code. */
	for (int tries = 0; started && !lives && !ended && tries < EXIT_CODE_TRIES; tries++) {
		poll(NULL, 0, 2);
		ended = read_number(folder_fd, exit_path, &code);
	}

	container->status = CONTAINER_CREATED;
	if (ended || (started && !lives)) {
		container->status = CONTAINER_EXITED;
		container->exit_code = ended ? (int)code : 255;
		changed_at(folder_fd, exit_path, &container->finished_at_us);
	} else if (started) {
		container->status = CONTAINER_RUNNING;
		if (read_number(folder_fd, "pid", &pid))
			container->pid = (pid_t)pid;
		network_read(&container->network, folder_fd);
	}
}

bool container_is_running(void *runtime, const char *id)
{
	cleanup_fd int folder = container_folder_open(runtime, id, NULL);

	return folder >= 0 && container_lives(folder, id);
}
