#include "local/layer_open_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

bool layer_is_whiteout(const struct stat *status)
{
	return S_ISCHR(status->st_mode) && status->st_rdev == makedev(0, 0);
}

bool layer_set_opaque(int folder_fd, const char *name, struct error *err)
{
	cleanup_fd int opened = -1;
	int fd = folder_fd;

	if (name) {
		opened = file_open(folder_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, err);
		if (opened < 0)
			return false;
		fd = opened;
	}
	int failed = fsetxattr(fd, "trusted.overlay.opaque", "y", 1, 0);
	if (failed && errno == EPERM)
		failed = fsetxattr(fd, "user.overlay.opaque", "y", 1, 0);
	return !failed || error_set_errno(err, errno, "mark the folder as opaque");
}

/* Makes the folder in folder_fd as if it had always been there: the time of folder_fd stays. */
static bool make_part(int folder_fd, const char *name, bool opaque, struct error *err)
{
	struct stat status;

	if (fstat(folder_fd, &status) < 0 || (opaque && unlinkat(folder_fd, name, 0) < 0) || mkdirat(folder_fd, name, 0755) < 0)
		return error_set_errno(err, errno, "make folder %s", name);

	cleanup_fd int made = file_open(folder_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, err);
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, status.st_mtim};
	if (made < 0 || (opaque && !layer_set_opaque(made, NULL, err)))
		return false;
	/* A parent with set-group-ID hands that and its group down. */
	if (fchown(made, geteuid(), getegid()) < 0 || fchmod(made, 0755) < 0 || futimens(folder_fd, times) < 0)
		return error_set_errno(err, errno, "make folder %s", name);
	return true;
}

static int open_below(int root_fd, const char *path, uint64_t resolve)
{
	const struct open_how how = {.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC, .resolve = resolve | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV};

	return (int)syscall(SYS_openat2, root_fd, path, &how, sizeof how);
}

/* path is that of the part, from root_fd on. */
static int open_part(int root_fd, const char *path, int folder_fd, const char *name, bool make, struct error *err)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	struct stat status;

	int fd = openat(folder_fd, name, flags);
	if (fd >= 0)
		return fd;
	bool missing = errno == ENOENT;
	if (!missing && errno != ENOTDIR && errno != ELOOP) {
		error_set_errno(err, errno, "open folder %s", name);
		return -1;
	}
	if (!missing && fstatat(folder_fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
		error_set_errno(err, errno, "stat %s", name);
		return -1;
	}
	/* As docker: a link is followed within the layer's folder, which is its whole world. */
	if (!missing && S_ISLNK(status.st_mode) && (fd = open_below(root_fd, path, RESOLVE_IN_ROOT)) >= 0)
		return fd;
	bool hidden = !missing && layer_is_whiteout(&status);
	if (!missing && !hidden) {
		error_set(err, ERROR_INVALID, "%s is %s", name, S_ISLNK(status.st_mode) ? "a symbolic link to no folder of this layer" : "no folder");
		return -1;
	}
	if (!make) {
		error_set(err, ERROR_NOT_FOUND, "%s is not in this layer", name);
		return -1;
	}
	return make_part(folder_fd, name, hidden, err) ? file_open(folder_fd, name, flags, 0, err) : -1;
}

/* Part by part. */
static int walk(int root_fd, const char *path, bool make, struct error *err)
{
	cleanup_free char *parts = str_dup(str_of(path));
	cleanup_fd int fd = -1;
	char *rest = parts;

	for (char *part = strsep(&rest, "/"); part; part = strsep(&rest, "/")) {
		cleanup_free char *so_far = mem_printf("%.*s", (int)(part - parts + (ptrdiff_t)strlen(part)), path);
		int next = open_part(root_fd, so_far, fd < 0 ? root_fd : fd, part, make, err);

		file_cleanup(&fd);
		fd = next;
		if (fd < 0) {
			error_prefix(err, "parent '%s'", so_far);
			return -1;
		}
	}
	int opened = fd;
	fd = -1;
	return opened;
}

int layer_open_folder(int root_fd, const char *path, bool make, struct error *err)
{
	int fd = open_below(root_fd, path, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);

	/*
	 * The walk makes what is missing, follows links, says what is in the way, and does for kernels and sandboxes without openat2 (where no link
	 * is followed).
	 */
	return fd >= 0 ? fd : walk(root_fd, path, make, err);
}
