/*
 * Starting a container. All that concerns mounts happens in a thread of its own, which has a mount namespace of its own: the overlay is mounted
 * there, and conmon is forked from there. Nothing of it is ever seen on the host, and all of it goes when conmon and the container have ended,
 * also when one of us crashes. The thread is a whole thread of the process: memory, errors and libraries work in it as ever.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/thread.h"
#include "runtime/bundle.h"
#include "runtime/cgroup.h"
#include "runtime/etc_files.h"
#include "runtime/network.h"
#include "runtime/root.h"
#include "runtime/runtime_internal.h"
#include "runtime/seccomp.h"
#include "runtime/seccomp_cache.h"
#include "runtime/supervisor.h"
#include "runtime/user.h"

struct starting {
	struct runtime *runtime;
	const struct container *container;
	const struct container_start *start;
	const char *path; /* the container's folder */
	int folder;       /* borrowed */
	int alive;        /* borrowed: the lock that conmon takes over */
	struct endpoint *endpoint;
	const char *program;               /* the OCI runtime */
	struct supervisor supervisor;      /* what came of it */
	struct session *session;           /* likewise */
	char filter_key[SECCOMP_KEY_SIZE]; /* of a filter that the runtime has to compile; "" for none */
	struct error err;
	bool done;
};

static const char *hostname_of(const struct container *container, char out[static CONTAINER_SHORT_ID_LENGTH + 1])
{
	if (container->settings.hostname[0])
		return container->settings.hostname;
	if (container->settings.network == NETWORK_HOST)
		return NULL;
	memcpy(out, container->id, CONTAINER_SHORT_ID_LENGTH);
	out[CONTAINER_SHORT_ID_LENGTH] = '\0';
	return out;
}

/*
 * A mount namespace for this thread. What the host mounts and unmounts later still arrives (slave), so that we keep no disk busy; nothing of ours
 * goes back. crun 1.8.1 refuses hybrid cgroups: here it sees the v1 ones alone.
 */
static bool enter_mount_namespace(struct error *err)
{
	if (unshare(CLONE_NEWNS) < 0)
		return error_set_errno(err, errno, errno == EPERM ? "a container needs root: make a mount namespace" : "make a mount namespace");
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return error_set_errno(err, errno, "set up the mount namespace");
	if (!cgroup_is_v2("/sys/fs/cgroup") && cgroup_is_v2("/sys/fs/cgroup/unified") && umount2("/sys/fs/cgroup/unified", MNT_DETACH) < 0)
		return error_set_errno(err, errno, "unmount the hybrid cgroup tree");
	return true;
}

static bool mount_root(struct starting *starting, int folder, struct error *err)
{
	const struct local_image *image = starting->start->image;
	const char *layers[ROOT_LAYERS_MAX];
	struct root_mount mount = {layers, image->layers_count, folder, starting->container->settings.remove};

	for (size_t i = 0; i < image->layers_count && i < ROOT_LAYERS_MAX; i++)
		layers[i] = image->layers[i].path;
	return root_mount(&mount, err);
}

/* A volume without a source is the container's own folder, mounted on itself: writable below a read-only root, with what the image has there. */
static bool mount_own_volume(int root, const char *destination, const char *path, struct error *err)
{
	cleanup_fd int inside = root_open(root, destination, O_PATH | O_DIRECTORY);
	cleanup_free char *from = mem_printf("/proc/self/fd/%d", inside);

	return (inside >= 0 && mount(from, path, NULL, MS_BIND, NULL) == 0) || error_set_errno(err, errno, "mount the volume /%s", destination);
}

/* Sources that are missing are made, as docker does; mount points are made by us, with the image's links bounded. */
static bool prepare_volumes(struct starting *starting, int root, struct error *err)
{
	const struct volumes *volumes = &starting->container->settings.volumes;

	for (size_t i = 0; i < volumes->count; i++) {
		const struct volume *volume = &volumes->items[i];
		struct stat status = {.st_mode = S_IFDIR};

		if (volume->source && stat(volume->source, &status) < 0 && !folder_make(volume->source, 0755, err))
			return error_prefix(err, "error while creating mount source path '%s'", volume->source);
		/* A folder for each, so that the end can count them. */
		cleanup_free char *own = mem_printf("%s/volumes/%zu", starting->path, i);
		if (!folder_make(own, 0755, err) || !root_make_target(root, volume->destination + 1, S_ISDIR(status.st_mode), err))
			return false;
		if (!volume->source && !mount_own_volume(root, volume->destination + 1, own, err))
			return false;
	}
	return true;
}

/* A descriptor's namespace gets a path that crun can open. */
static bool bind_netns(struct starting *starting, char **path, struct error *err)
{
	cleanup_free char *from = mem_printf("/proc/self/fd/%d", starting->endpoint->netns);

	*path = NULL;
	if (starting->endpoint->netns < 0)
		return true;
	*path = mem_printf("%s/netns", starting->path);
	cleanup_fd int made = file_open(AT_FDCWD, *path, O_WRONLY | O_CREAT, 0600, err);
	if (made < 0)
		return false;
	return mount(from, *path, NULL, MS_BIND, NULL) == 0 || error_set_errno(err, errno, "mount the network namespace");
}

/* Without the profile of containers/common there is no filter: that is said. */
static bool load_seccomp(struct starting *starting, json_t **out, char **filter, struct error *err)
{
	const struct settings *settings = &starting->container->settings;
	cleanup_buf struct buf profile = {0};
	struct error problem = {0};
	const char *capabilities[CAPABILITIES_MAX];

	*out = NULL;
	*filter = NULL;
	if (settings->privileged)
		return true;
	if (!file_read_all(AT_FDCWD, SECCOMP_PROFILE, 1024 * 1024, &profile, &problem)) {
		if (problem.kind != ERROR_NOT_FOUND)
			return error_move(err, &problem);
		error_clear(&problem);
		log_warning("no %s (Debian's package golang-github-containers-common): the container may use every system call", SECCOMP_PROFILE);
		return true;
	}
	settings_capabilities(settings, capabilities);
	*out = seccomp_translate(buf_str(&profile), capabilities, platform_host().architecture, err);
	if (*out && seccomp_cache_key(capabilities, starting->program, starting->filter_key))
		*filter = seccomp_cache_load(starting->filter_key);
	if (*filter)
		starting->filter_key[0] = '\0';
	return *out != NULL;
}

static bool write_file(int folder, const char *name, const char *text, struct error *err)
{
	cleanup_fd int fd = file_open(folder, name, O_WRONLY | O_CREAT | O_TRUNC, 0644, err);

	return fd >= 0 && file_write(fd, text, strlen(text), err);
}

static bool write_bundle(struct starting *starting, int root, const char *netns, struct error *err)
{
	const struct container *container = starting->container;
	char short_id[CONTAINER_SHORT_ID_LENGTH + 1];
	struct user user;
	json_t *seccomp = NULL;
	cleanup_free char *filter = NULL;

	if (!user_find_in(&user, str_of(container->settings.user), root, err) || !load_seccomp(starting, &seccomp, &filter, err))
		return false;
	struct bundle bundle = {
		.id = container->id,
		.folder = starting->path,
		.settings = &container->settings,
		.user = &user,
		.hostname = hostname_of(container, short_id),
		.netns = netns,
		.seccomp = seccomp,
		.filter = filter,
		.cgroup_v2 = cgroup_is_v2("/sys/fs/cgroup"),
		.rows = starting->start->rows,
		.columns = starting->start->columns,
	};
	cleanup_free char *text = bundle_format(&bundle, err);
	json_decref(seccomp);
	return text && write_file(starting->folder, "config.json", text, err);
}

/* conmon's socket. The path goes by way of a descriptor: it may be longer than a socket's address. */
static int connect_attach(int folder, struct error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/attach", folder);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
		error_set_errno(err, errno, "connect to the container's streams");
		file_cleanup(&fd);
	}
	return fd;
}

static bool open_session(struct starting *starting, struct error *err)
{
	struct session *out = starting->session;

	out->conmon = starting->supervisor.conmon;
	if ((out->supervisor = pidfd_open(out->conmon, 0)) < 0)
		return error_set_errno(err, errno, "watch the container's supervisor");
	if ((out->pidfd = container_pidfd(starting->folder, starting->container->id, err)) < 0)
		return false;
	return !starting->start->attach || (out->attach = connect_attach(starting->folder, err)) >= 0;
}

/*
 * crun copies itself before each command, so that no container can write to it (CVE-2019-5736), unless it lies on a read-only mount: 2 ms of
 * processor time each. In our mount namespace it does. Where that fails it copies itself as ever.
 */
static void make_read_only(const char *program)
{
	if (mount(program, program, NULL, MS_BIND, NULL) == 0 && mount(NULL, program, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) < 0)
		umount2(program, MNT_DETACH);
}

static bool run_in_namespace(struct starting *starting, struct error *err)
{
	cleanup_free char *netns = NULL;

	if (!enter_mount_namespace(err))
		return false;
	/* Opened again: descriptors of before belong to the host's mounts, which overlayfs refuses, and see nothing of ours. */
	cleanup_fd int folder = folder_open(AT_FDCWD, starting->path, err);
	if (folder < 0 || !mount_root(starting, folder, err) || !bind_netns(starting, &netns, err))
		return false;
	cleanup_fd int root = folder_open(folder, "rootfs", err);
	if (root < 0 || !root_mend(root, err) || !prepare_volumes(starting, root, err) || !write_bundle(starting, root, netns, err))
		return false;
	file_cleanup(&root);
	make_read_only(starting->program);
	struct supervise supervise = {
		.container = starting->container,
		.home = starting->runtime->home,
		.path = starting->path,
		.folder = starting->folder,
		.program = starting->program,
		.alive = starting->alive,
		.sockets = starting->endpoint->sockets,
		.sockets_count = starting->endpoint->sockets_count,
	};
	if (!supervisor_start(&supervise, &starting->supervisor, err))
		return false;
	if (starting->filter_key[0])
		seccomp_cache_store(starting->filter_key, starting->container->id);
	return open_session(starting, err) && oci_runtime_run((const char *const[]){"start", NULL}, starting->container->id, NULL, err) &&
	       container_mark_started(starting->folder, err);
}

static void *start_thread(void *argument)
{
	struct starting *starting = argument;

	starting->done = run_in_namespace(starting, &starting->err);
	return NULL;
}

static void *warm_cgroups(void *argument)
{
	(void)argument;
	cgroup_warm();
	return NULL;
}

static bool start_in_threads(struct starting *starting, struct error *err)
{
	pthread_t thread, warm;
	bool warms = thread_start(&warm, "cgroup", warm_cgroups, NULL, NULL);
	bool done = thread_start(&thread, "container", start_thread, starting, err);

	if (done) {
		pthread_join(thread, NULL);
		done = starting->done || error_move(err, &starting->err);
	}
	if (warms)
		pthread_join(warm, NULL);
	return done;
}

/* The locks of a start: "alive", which conmon takes over, and "front" for a session that tidies up. */
static bool take_locks(struct starting *starting, struct session *out, int *alive, struct error *err)
{
	*alive = file_open(out->folder, "alive", O_RDWR | O_CREAT, 0600, err);
	if (*alive < 0)
		return false;
	if (!file_lock(*alive, true, false, NULL))
		return error_set(err, ERROR_CONFLICT, "container %s is running", starting->container->id);
	return !starting->start->attach ||
	       ((out->front = file_open(out->folder, "front", O_RDWR | O_CREAT, 0600, err)) >= 0 && file_lock(out->front, true, true, err));
}

bool container_start(struct runtime *runtime, const struct container *container, const struct container_start *start, struct session *out,
	int *exit_code, struct error *err)
{
	char short_id[CONTAINER_SHORT_ID_LENGTH + 1];
	cleanup_free char *path = container_folder_path(runtime, container->id), *program = program_find("crun", "crun", err);
	cleanup_fd int alive = -1;
	struct endpoint endpoint cleanup_endpoint = {.netns = -1};
	struct starting starting = {
		.runtime = runtime, .container = container, .start = start, .path = path, .program = program, .endpoint = &endpoint, .session = out};

	*out = (struct session){.folder = -1, .attach = -1, .front = -1, .pidfd = -1, .supervisor = -1};
	memcpy(out->id, container->id, sizeof out->id);
	*exit_code = 125;
	starting.folder = out->folder = program ? container_folder_open(runtime, container->id, err) : -1;
	if (out->folder < 0 || !take_locks(&starting, out, &alive, err))
		return false;
	starting.alive = alive;
	container_forget_last_run(out->folder, container->id);

	/* network.json says that a start began: what it takes is to be given back. */
	bool done =
		network_write(&endpoint.network, out->folder, err) &&
		(container->settings.network != NETWORK_BRIDGE || (network_up(&endpoint, container->id, container->name, &container->settings, err) &&
									  network_write(&endpoint.network, out->folder, err))) &&
		etc_files_write(out->folder, hostname_of(container, short_id), container->settings.network, &endpoint.network, err) &&
		start_in_threads(&starting, err);
	if (!done) {
		supervisor_abandon(&starting.supervisor, container->id);
		*exit_code = supervisor_failure_code(err);
		network_down(container->id, &endpoint.network);
		container_forget_last_run(out->folder, container->id);
	}
	return done;
}

void session_end(struct session *session)
{
	file_cleanup(&session->folder);
	file_cleanup(&session->attach);
	file_cleanup(&session->front);
	file_cleanup(&session->pidfd);
	file_cleanup(&session->supervisor);
}
