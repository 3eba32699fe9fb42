#include "runtime/root.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

int root_open(int root_fd, const char *path, int flags)
{
	struct open_how how = {.flags = (uint64_t)flags | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};

	return (int)syscall(SYS_openat2, root_fd, path, &how, sizeof how);
}

bool root_mount(const struct root_mount *mount, struct error *err)
{
	int fds[ROOT_LAYERS_MAX + 3];
	size_t opened = 0;
	cleanup_buf struct buf options = {0};
	cleanup_free char *target = NULL;
	bool done = false;

	if (mount->layers_count == 0 || mount->layers_count > ROOT_LAYERS_MAX)
		return error_set(err, ERROR_UNSUPPORTED, "an image of %zu layers: 1 to %d can be mounted", mount->layers_count, ROOT_LAYERS_MAX);
	/*
	 * mount() takes one page of options, and a path may hold ':' or ','. A descriptor's name in /proc is short and holds neither. The
	 * uppermost layer comes first.
	 */
	buf_add_text(&options, "lowerdir=");
	for (size_t i = mount->layers_count; i-- > 0;) {
		if ((fds[opened] = file_open(AT_FDCWD, mount->layers[i], O_PATH | O_DIRECTORY, 0, err)) < 0)
			goto out;
		buf_printf(&options, "%s/proc/self/fd/%d", i + 1 < mount->layers_count ? ":" : "", fds[opened++]);
	}
	static const char *const own[] = {"upper", "work", "rootfs"};
	for (size_t i = 0; i < ARRAY_SIZE(own); i++) {
		if ((fds[opened] = file_open(mount->folder_fd, own[i], O_PATH | O_DIRECTORY, 0, err)) < 0)
			goto out;
		opened++;
	}
	buf_printf(&options, ",upperdir=/proc/self/fd/%d,workdir=/proc/self/fd/%d%s", fds[opened - 3], fds[opened - 2],
		mount->throw_away ? ",volatile" : "");
	target = mem_printf("/proc/self/fd/%d", fds[opened - 1]);
	done = syscall(SYS_mount, "overlay", target, "overlay", 0UL, options.data) == 0 || error_set_errno(err, errno, "mount the overlay");
out:
	while (opened)
		file_cleanup(&fds[--opened]);
	return done;
}

/* A real folder at name in folder_fd: whatever else is there makes room. */
static bool make_folder(int folder_fd, const char *name, mode_t mode, struct error *err)
{
	struct stat status;

	if (fstatat(folder_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0) {
		if (S_ISDIR(status.st_mode))
			return true;
		if (unlinkat(folder_fd, name, 0) < 0)
			return error_set_errno(err, errno, "mend /%s of the container", name);
	}
	if (mkdirat(folder_fd, name, mode) < 0 && errno != EEXIST)
		return error_set_errno(err, errno, "make /%s of the container", name);
	return true;
}

/* A link that leads to nothing inside the root makes room for a folder; one that leads to a folder inside is the image's own business. */
static bool mend_etc(int root_fd, struct error *err)
{
	cleanup_fd int inside = root_open(root_fd, "etc", O_PATH | O_DIRECTORY);

	return inside >= 0 || make_folder(root_fd, "etc", 0755, err);
}

bool root_mend(int root_fd, struct error *err)
{
	static const char *const files[] = {"hosts", "hostname", "resolv.conf"};

	if (!make_folder(root_fd, "dev", 0755, err) || !make_folder(root_fd, "proc", 0755, err) || !make_folder(root_fd, "sys", 0755, err) ||
		!mend_etc(root_fd, err))
		return false;
	cleanup_fd int etc = root_open(root_fd, "etc", O_RDONLY | O_DIRECTORY);
	if (etc < 0)
		return error_set_errno(err, errno, "open /etc of the container");
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct stat status;

		if (fstatat(etc, files[i], &status, AT_SYMLINK_NOFOLLOW) == 0) {
			if (S_ISREG(status.st_mode))
				continue;
			if (unlinkat(etc, files[i], S_ISDIR(status.st_mode) ? AT_REMOVEDIR : 0) < 0)
				return error_set_errno(err, errno, "mend /etc/%s of the container", files[i]);
		}
		cleanup_fd int made = file_open(etc, files[i], O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0644, err);
		if (made < 0)
			return error_prefix(err, "mend /etc of the container");
	}
	return true;
}

bool root_make_target(int root_fd, const char *path, bool is_folder, struct error *err)
{
	cleanup_free char *part = str_dup(str_of(path));
	cleanup_fd int folder = root_open(root_fd, ".", O_PATH | O_DIRECTORY);

	/* Each part is resolved from the root again, so that a link's ".." is bounded by the root as well. */
	for (char *at = part; folder >= 0;) {
		char *slash = strchr(at, '/');
		bool last = slash == NULL;

		if (slash)
			*slash = '\0';
		cleanup_fd int there = root_open(root_fd, part, O_PATH);
		if (there < 0) {
			if (errno != ENOENT)
				break;
			/* A dangling link is in the way: what it names cannot be made without leaving its words. */
			struct stat status;
			if (fstatat(folder, at, &status, AT_SYMLINK_NOFOLLOW) == 0 && unlinkat(folder, at, 0) < 0)
				break;
			if (last && !is_folder) {
				cleanup_fd int made = openat(folder, at, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
				if (made < 0)
					break;
				return true;
			}
			if (mkdirat(folder, at, 0755) < 0)
				break;
		}
		if (last)
			return true;
		file_cleanup(&folder);
		folder = root_open(root_fd, part, O_PATH | O_DIRECTORY);
		*slash = '/';
		at = slash + 1;
	}
	return error_set_errno(err, errno, "make the mount point /%s in the container", path);
}
