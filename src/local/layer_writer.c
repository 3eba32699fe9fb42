/*
 * The folder that was worked in last stays open, so that a file costs its own system calls and none for its path. A folder's time is put back when
 * it is left: so no list of folders has to be kept until the end, however many there are.
 */
#include "local/layer_writer_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "local/layer_open_internal.h"
#include "local/layer_xattr_internal.h"

#define PATH_ROOM 4097

struct layer_writer {
	int root_fd; /* borrowed */
	bool is_root;
	bool modes_exact; /* umask is 0: what is made has the mode that was asked for */
	uid_t uid;        /* what is made belongs to these by itself */
	gid_t gid;
	/* The folder that was worked in last; fd is -1 for none. */
	struct {
		int fd;
		bool changed;         /* something was made or removed in it: its time has to be put back */
		bool gives_group;     /* set-group-ID: what is made in it gets its group, a folder its bit */
		struct timespec time; /* modified at */
		char path[PATH_ROOM];
	} at;
};

struct layer_writer *layer_writer_new(int folder_fd)
{
	struct layer_writer *writer = mem_alloc(1, sizeof *writer);

	writer->root_fd = folder_fd;
	writer->uid = geteuid();
	writer->gid = getegid();
	writer->is_root = writer->uid == 0;
	writer->modes_exact = unshare(CLONE_FS) == 0;
	if (writer->modes_exact)
		umask(0);
	writer->at.fd = -1;
	return writer;
}

static bool set_modified(int fd, struct timespec time, struct error *err)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, time};

	return futimens(fd, times) == 0 || error_set_errno(err, errno, "set the folder's time");
}

static void close_at(struct layer_writer *writer)
{
	if (writer->at.fd >= 0 && writer->at.fd != writer->root_fd)
		close(writer->at.fd);
	writer->at.fd = -1;
}

static bool leave(struct layer_writer *writer, struct error *err)
{
	bool done = writer->at.fd < 0 || !writer->at.changed || set_modified(writer->at.fd, writer->at.time, err);

	close_at(writer);
	return done;
}

void layer_writer_free(struct layer_writer *writer)
{
	if (!writer)
		return;
	close_at(writer);
	free(writer);
}

bool layer_writer_end(struct layer_writer *writer, struct error *err)
{
	return leave(writer, err);
}

/* Goes to the folder and makes it when it is missing. */
static bool enter(struct layer_writer *writer, struct str folder, struct error *err)
{
	struct stat status;

	if (writer->at.fd >= 0 && str_equal(folder, str_of(writer->at.path)))
		return true;
	if (!leave(writer, err))
		return false;
	memcpy(writer->at.path, folder.data ? folder.data : "", folder.len);
	writer->at.path[folder.len] = '\0';
	writer->at.fd = folder.len ? layer_open_folder(writer->root_fd, writer->at.path, true, err) : writer->root_fd;
	if (writer->at.fd < 0)
		return false;
	if (fstat(writer->at.fd, &status) < 0) {
		close_at(writer);
		return error_set_errno(err, errno, "stat of the folder");
	}
	writer->at.time = status.st_mtim;
	writer->at.gives_group = status.st_mode & S_ISGID;
	writer->at.changed = false;
	return true;
}

/* Goes to the folder of path; *name is its last part. Whoever calls it is about to change that folder. */
static bool enter_parent(struct layer_writer *writer, const char *path, const char **name, struct error *err)
{
	struct str folder = {0}, last = str_of(path);

	str_cut_last(str_of(path), '/', &folder, &last);
	*name = last.data;
	if (!enter(writer, folder, err))
		return false;
	writer->at.changed = true;
	return true;
}

/* Takes away what has the name, so that the entry can have it. */
static bool clear(struct layer_writer *writer, const char *name, struct error *err)
{
	return folder_remove(writer->at.fd, name, err);
}

static bool owner_differs(const struct layer_writer *writer, const struct layer_meta *meta)
{
	return writer->is_root && (meta->uid != writer->uid || meta->gid != writer->gid || writer->at.gives_group);
}

static bool mode_differs(const struct layer_writer *writer, const struct layer_meta *meta)
{
	return !writer->modes_exact || (meta->mode & 07000) || writer->at.gives_group;
}

/* always: what is there was not made just now, so nothing of it is known. The owner comes first: changing it takes set-user-ID and capabilities away.
 */
static bool set_meta(struct layer_writer *writer, int fd, const struct layer_meta *meta, bool always, struct error *err)
{
	if ((owner_differs(writer, meta) || (always && writer->is_root)) && fchown(fd, meta->uid, meta->gid) < 0)
		return error_set_errno(err, errno, "change owner to %u:%u", meta->uid, meta->gid);
	if (!layer_xattrs_set(fd, meta->extended, err))
		return false;
	if ((always || mode_differs(writer, meta)) && fchmod(fd, meta->mode) < 0)
		return error_set_errno(err, errno, "change mode to %04o", meta->mode);
	return true;
}

bool layer_writer_root(struct layer_writer *writer, const struct layer_meta *meta, struct error *err)
{
	if (!leave(writer, err) || !set_meta(writer, writer->root_fd, meta, true, err))
		return false;
	return set_modified(writer->root_fd, meta->times[1], err);
}

/* Makes the folder where there is none; *there when there was one. */
static bool make_folder(struct layer_writer *writer, const char *name, mode_t mode, bool *there, struct error *err)
{
	struct stat status;
	bool hidden = false;

	*there = false;
	if (mkdirat(writer->at.fd, name, mode) == 0)
		return true;
	if (errno != EEXIST || fstatat(writer->at.fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return error_set_errno(err, errno, "make folder");
	if (S_ISDIR(status.st_mode)) {
		*there = true;
		return true;
	}
	hidden = layer_is_whiteout(&status);
	if (!clear(writer, name, err))
		return false;
	if (mkdirat(writer->at.fd, name, mode) < 0)
		return error_set_errno(err, errno, "make folder");
	return !hidden || layer_set_opaque(writer->at.fd, name, err);
}

bool layer_writer_folder(struct layer_writer *writer, const char *path, const struct layer_meta *meta, struct error *err)
{
	struct layer_meta own = *meta;
	const char *name;
	bool there;

	/* Who is not root could make nothing in a folder that forbids it to its owner. */
	if (!writer->is_root)
		own.mode |= 0700;
	if (!enter_parent(writer, path, &name, err) || !make_folder(writer, name, own.mode & 0777, &there, err))
		return false;
	int fd = file_open(writer->at.fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, err);
	if (fd < 0)
		return false;
	if (!set_meta(writer, fd, &own, there, err) || !leave(writer, err)) {
		close(fd);
		return false;
	}
	/* What follows most often lies in it. Its time is set when it is left. */
	writer->at.fd = fd;
	writer->at.changed = true;
	writer->at.gives_group = own.mode & S_ISGID;
	writer->at.time = meta->times[1];
	memcpy(writer->at.path, path, strlen(path) + 1);
	return true;
}

int layer_writer_file_begin(struct layer_writer *writer, const char *path, const struct layer_meta *meta, struct error *err)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	const mode_t mode = meta->mode & 0777;
	const char *name;

	if (!enter_parent(writer, path, &name, err))
		return -1;
	int fd = openat(writer->at.fd, name, flags, mode);
	if (fd < 0 && errno == EEXIST) {
		if (!clear(writer, name, err))
			return -1;
		fd = openat(writer->at.fd, name, flags, mode);
	}
	if (fd < 0)
		error_set_errno(err, errno, "make file");
	return fd;
}

bool layer_writer_file_end(struct layer_writer *writer, int fd, const struct layer_meta *meta, struct error *err)
{
	bool done = set_meta(writer, fd, meta, false, err);

	if (done && futimens(fd, meta->times) < 0)
		done = error_set_errno(err, errno, "set time");
	if (close(fd) < 0 && done)
		done = error_set_errno(err, errno, "close");
	return done;
}

/* Of what has no descriptor of its own: a symbolic link, a fifo, a device. */
static bool set_meta_at(struct layer_writer *writer, const char *name, const struct layer_meta *meta, struct error *err)
{
	if (owner_differs(writer, meta) && fchownat(writer->at.fd, name, meta->uid, meta->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return error_set_errno(err, errno, "change owner to %u:%u", meta->uid, meta->gid);
	if (!layer_xattrs_set_at(writer->at.fd, name, meta->extended, err))
		return false;
	return utimensat(writer->at.fd, name, meta->times, AT_SYMLINK_NOFOLLOW) == 0 || error_set_errno(err, errno, "set time");
}

bool layer_writer_symlink(struct layer_writer *writer, const char *path, const char *target, const struct layer_meta *meta, struct error *err)
{
	const char *name;

	if (!enter_parent(writer, path, &name, err))
		return false;
	int failed = symlinkat(target, writer->at.fd, name);
	if (failed && errno == EEXIST) {
		if (!clear(writer, name, err))
			return false;
		failed = symlinkat(target, writer->at.fd, name);
	}
	if (failed)
		return error_set_errno(err, errno, "make symbolic link");
	return set_meta_at(writer, name, meta, err);
}

bool layer_writer_node(struct layer_writer *writer, const char *path, mode_t type, dev_t device, const struct layer_meta *meta, struct error *err)
{
	const char *name;

	if (!enter_parent(writer, path, &name, err))
		return false;
	int failed = mknodat(writer->at.fd, name, type | (meta->mode & 0777), device);
	if (failed && errno == EEXIST) {
		if (!clear(writer, name, err))
			return false;
		failed = mknodat(writer->at.fd, name, type | (meta->mode & 0777), device);
	}
	if (failed && errno == EPERM && type != S_IFIFO)
		return true;
	if (failed)
		return error_set_errno(err, errno, "make device or fifo");
	/* It was made here just now and is no symbolic link. */
	if (!set_meta_at(writer, name, meta, err))
		return false;
	return !mode_differs(writer, meta) || fchmodat(writer->at.fd, name, meta->mode, 0) == 0 || error_set_errno(err, errno, "change mode");
}

/* Opens the folder of a hard link's target, without making anything. */
static bool find_target(struct layer_writer *writer, const char *target, int *folder_fd, const char **name, struct stat *status, struct error *err)
{
	cleanup_free char *folder = str_dup(str_of(target));
	char *slash = strrchr(folder, '/');

	if (slash)
		*slash = '\0';
	*name = slash ? target + (slash - folder) + 1 : target;
	*folder_fd = slash ? layer_open_folder(writer->root_fd, folder, false, err) : fcntl(writer->root_fd, F_DUPFD_CLOEXEC, 0);
	if (*folder_fd < 0 && err && !err->kind)
		error_set_errno(err, errno, "open");
	if (*folder_fd < 0)
		return error_prefix(err, "hard link to '%.200s'", target);
	if (fstatat(*folder_fd, *name, status, AT_SYMLINK_NOFOLLOW) < 0)
		return error_set_errno(err, errno, "hard link to '%.200s'", target);
	if (layer_is_whiteout(status) || S_ISDIR(status->st_mode))
		return error_set(err, ERROR_INVALID, "hard link to '%.200s', which is no file of this layer", target);
	return true;
}

bool layer_writer_hardlink(struct layer_writer *writer, const char *path, const char *target, struct error *err)
{
	cleanup_fd int folder_fd = -1;
	struct stat old, found;
	const char *name, *target_name;

	if (!find_target(writer, target, &folder_fd, &target_name, &found, err) || !enter_parent(writer, path, &name, err))
		return false;
	/* linkat without AT_SYMLINK_FOLLOW: a link to a symbolic link is one more name of that link. */
	int failed = linkat(folder_fd, target_name, writer->at.fd, name, 0);
	if (failed && errno == EEXIST) {
		/* tar writes a file that it was told to add twice as a link to itself. */
		if (fstatat(writer->at.fd, name, &old, AT_SYMLINK_NOFOLLOW) == 0 && old.st_ino == found.st_ino)
			return true;
		if (!clear(writer, name, err))
			return false;
		failed = linkat(folder_fd, target_name, writer->at.fd, name, 0);
	}
	return !failed || error_set_errno(err, errno, "hard link to '%.200s'", target);
}

bool layer_writer_whiteout(struct layer_writer *writer, const char *path, struct error *err)
{
	struct stat status;
	const char *name;

	if (!enter_parent(writer, path, &name, err))
		return false;
	if (mknodat(writer->at.fd, name, S_IFCHR, makedev(0, 0)) == 0)
		return true;
	if (errno != EEXIST || fstatat(writer->at.fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return error_set_errno(err, errno, "make whiteout");
	/* The layer has the name itself, which hides what is below, but a folder would be merged. */
	return !S_ISDIR(status.st_mode) || layer_set_opaque(writer->at.fd, name, err);
}

bool layer_writer_opaque(struct layer_writer *writer, const char *path, struct error *err)
{
	return enter(writer, str_of(path), err) && layer_set_opaque(writer->at.fd, NULL, err);
}
