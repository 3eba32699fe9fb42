#include "runtime/bundle.h"

#include <string.h>

#include "base/mem.h"

static const char *const masked_paths[] = {"/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
	"/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap", NULL};
static const char *const readonly_paths[] = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", NULL};

/* Device nodes that a container may use: null, zero, full, random, urandom, tty, console, ptmx, the pseudo terminals; any it may make. */
static const struct {
	const char *type;
	int major, minor; /* -1: any */
	const char *access;
} devices[] = {
	{"c", -1, -1, "m"},
	{"b", -1, -1, "m"},
	{"c", 1, 3, "rwm"},
	{"c", 1, 5, "rwm"},
	{"c", 1, 7, "rwm"},
	{"c", 1, 8, "rwm"},
	{"c", 1, 9, "rwm"},
	{"c", 5, 0, "rwm"},
	{"c", 5, 1, "rwm"},
	{"c", 5, 2, "rwm"},
	{"c", 136, -1, "rwm"},
};

static json_t *texts(const char *const *list)
{
	json_t *array = json_array();

	for (; list && *list; list++)
		json_array_append_new(array, json_stringn_nocheck(*list, strlen(*list)));
	return array;
}

static json_t *process(const struct bundle *bundle)
{
	const struct settings *settings = bundle->settings;
	const char *capabilities[CAPABILITIES_MAX];
	cleanup_text_list struct text_list env = {0};
	json_t *groups = json_array();

	text_list_add_all(&env, (const char *const *)settings->env.items);
	if (bundle->hostname && !text_list_value(&env, "HOSTNAME"))
		text_list_take(&env, mem_printf("HOSTNAME=%s", bundle->hostname));
	if (settings->terminal && !text_list_value(&env, "TERM"))
		text_list_add(&env, STR("TERM=xterm"));
	if (!text_list_value(&env, "HOME"))
		text_list_take(&env, mem_printf("HOME=%s", bundle->user->home));
	for (size_t i = 0; i < bundle->user->groups_count; i++)
		json_array_append_new(groups, json_integer(bundle->user->groups[i]));
	settings_capabilities(settings, capabilities);

	json_t *out = json_pack("{s:b,s:{s:I,s:I,s:o},s:o,s:o,s:s,s:{s:o,s:o,s:o}}", "terminal", settings->terminal, "user", "uid",
		(json_int_t)bundle->user->uid, "gid", (json_int_t)bundle->user->gid, "additionalGids", groups, "args",
		texts((const char *const *)settings->args.items), "env", texts((const char *const *)env.items), "cwd", settings->working_dir,
		"capabilities", "bounding", texts(capabilities), "effective", texts(capabilities), "permitted", texts(capabilities));
	if (out && settings->terminal && bundle->rows && bundle->columns)
		json_object_set_new(out, "consoleSize", json_pack("{s:i,s:i}", "height", bundle->rows, "width", bundle->columns));
	return out;
}

static void add_mount(json_t *mounts, const char *destination, const char *type, const char *source, const char *const *options)
{
	json_array_append_new(
		mounts, json_pack("{s:s,s:s,s:s,s:o}", "destination", destination, "type", type, "source", source, "options", texts(options)));
}

#define OPTIONS(...) ((const char *const[]){__VA_ARGS__, NULL})

static json_t *mounts(const struct bundle *bundle)
{
	const struct settings *settings = bundle->settings;
	static const char *const files[] = {"hosts", "hostname", "resolv.conf"};
	json_t *out = json_array();

	add_mount(out, "/proc", "proc", "proc", OPTIONS("nosuid", "noexec", "nodev"));
	add_mount(out, "/dev", "tmpfs", "tmpfs", OPTIONS("nosuid", "strictatime", "mode=755", "size=65536k"));
	add_mount(out, "/dev/pts", "devpts", "devpts", OPTIONS("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"));
	add_mount(out, "/sys", "sysfs", "sysfs", OPTIONS("nosuid", "noexec", "nodev", settings->privileged ? "rw" : "ro"));
	add_mount(out, "/sys/fs/cgroup", "cgroup", "cgroup", OPTIONS("nosuid", "noexec", "nodev", settings->privileged ? "rw" : "ro"));
	add_mount(out, "/dev/mqueue", "mqueue", "mqueue", OPTIONS("nosuid", "noexec", "nodev"));
	add_mount(out, "/dev/shm", "tmpfs", "shm", OPTIONS("nosuid", "noexec", "nodev", "mode=1777", "size=67108864"));
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		cleanup_free char *source = mem_printf("%s/%s", bundle->folder, files[i]);
		cleanup_free char *destination = mem_printf("/etc/%s", files[i]);
		add_mount(out, destination, "bind", source, OPTIONS("bind", "rprivate"));
	}
	for (size_t i = 0; i < settings->volumes.count; i++) {
		const struct volume *volume = &settings->volumes.items[i];
		cleanup_free char *own = mem_printf("%s/volumes/%zu", bundle->folder, i);
		add_mount(out, volume->destination, "bind", volume->source ? volume->source : own,
			OPTIONS("rbind", volume->read_only ? "ro" : "rw", volume->propagation));
	}
	return out;
}

static json_t *device_rules(bool privileged)
{
	json_t *out = json_array();

	if (privileged) {
		json_array_append_new(out, json_pack("{s:b,s:s}", "allow", 1, "access", "rwm"));
		return out;
	}
	json_array_append_new(out, json_pack("{s:b,s:s}", "allow", 0, "access", "rwm"));
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
		json_t *rule = json_pack("{s:b,s:s,s:s}", "allow", 1, "type", devices[i].type, "access", devices[i].access);
		if (devices[i].major >= 0)
			json_object_set_new(rule, "major", json_integer(devices[i].major));
		if (devices[i].minor >= 0)
			json_object_set_new(rule, "minor", json_integer(devices[i].minor));
		json_array_append_new(out, rule);
	}
	return out;
}

static json_t *linux_part(const struct bundle *bundle)
{
	const struct settings *settings = bundle->settings;
	json_t *namespaces = json_pack("[{s:s},{s:s},{s:s}]", "type", "pid", "type", "ipc", "type", "mount");

	if (bundle->hostname)
		json_array_append_new(namespaces, json_pack("{s:s}", "type", "uts"));
	if (bundle->netns)
		json_array_append_new(namespaces, json_pack("{s:s,s:s}", "type", "network", "path", bundle->netns));
	else if (settings->network != NETWORK_HOST)
		json_array_append_new(namespaces, json_pack("{s:s}", "type", "network"));
	if (bundle->cgroup_v2)
		json_array_append_new(namespaces, json_pack("{s:s}", "type", "cgroup"));

	cleanup_free char *cgroup = mem_printf("/naru/%s", bundle->id);
	json_t *out = json_pack(
		"{s:s,s:o,s:{s:o}}", "cgroupsPath", cgroup, "namespaces", namespaces, "resources", "devices", device_rules(settings->privileged));
	if (!settings->privileged) {
		json_object_set_new(out, "maskedPaths", texts(masked_paths));
		json_object_set_new(out, "readonlyPaths", texts(readonly_paths));
		if (bundle->seccomp)
			json_object_set(out, "seccomp", bundle->seccomp);
	}
	/* As docker: an unprivileged program may ping and listen below 1024 in a network of its own. */
	if (settings->network != NETWORK_HOST)
		json_object_set_new(out, "sysctl",
			json_pack("{s:s,s:s}", "net.ipv4.ip_unprivileged_port_start", "0", "net.ipv4.ping_group_range", "0 2147483647"));
	return out;
}

char *bundle_format(const struct bundle *bundle, struct error *err)
{
	json_t *json = json_pack("{s:s,s:o,s:{s:s,s:b},s:o,s:o}", "ociVersion", "1.0.2", "process", process(bundle), "root", "path", "rootfs",
		"readonly", bundle->settings->read_only, "mounts", mounts(bundle), "linux", linux_part(bundle));
	if (json && bundle->hostname)
		json_object_set_new(json, "hostname", json_string(bundle->hostname));
	if (json && bundle->filter)
		json_object_set_new(json, "annotations", json_pack("{s:s}", "run.oci.seccomp_bpf_data", bundle->filter));
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	json_decref(json);
	if (!text)
		error_set(err, ERROR_INVALID, "an argument, variable or path of the container is not valid UTF-8");
	return text;
}
