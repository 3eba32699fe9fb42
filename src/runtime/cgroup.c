#include "runtime/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#define V2 "/sys/fs/cgroup"
/* Of v1 the hierarchy that tells services and sessions apart. */
#define V1 "/sys/fs/cgroup/systemd"
#define V1_NAME "name=systemd"

bool cgroup_is_v2(const char *path)
{
	struct statfs status;

	return statfs(path, &status) == 0 && status.f_type == CGROUP2_SUPER_MAGIC;
}

static void move(const char *folder, pid_t pid)
{
	char text[16];
	cleanup_free char *path = mem_printf("%s/cgroup.procs", folder);
	cleanup_fd int fd = file_open(AT_FDCWD, path, O_WRONLY, 0, NULL);
	int len = snprintf(text, sizeof text, "%d", (int)pid);

	if (fd >= 0)
		(void)file_write(fd, text, (size_t)len, NULL);
}

void cgroup_take_out(pid_t pid)
{
	const char *top = cgroup_is_v2(V2) ? V2 : V1;
	cleanup_free char *ours = mem_printf("%s/naru", top), *supervisors = mem_printf("%s/supervisors", ours);

	if ((mkdir(ours, 0755) == 0 || errno == EEXIST) && (mkdir(supervisors, 0755) == 0 || errno == EEXIST))
		move(supervisors, pid);
}

void cgroup_warm(void)
{
	bool is_v2 = cgroup_is_v2(V2);
	const struct str hierarchy = is_v2 ? STR("") : STR(V1_NAME);
	cleanup_buf struct buf text = {0};

	if (!file_read_all(AT_FDCWD, "/proc/self/cgroup", 64 * 1024, &text, NULL))
		return;
	/* "9:name=systemd:/user.slice", "0::/user.slice" */
	for (struct str rest = buf_str(&text), line, number, name, path; str_cut(rest, '\n', &line, &rest);) {
		if (!str_cut(line, ':', &number, &line) || !str_cut(line, ':', &name, &path) || !str_equal(name, hierarchy))
			continue;
		cleanup_free char *folder = mem_printf("%s%.*s", is_v2 ? V2 : V1, STR_ARG(path));
		move(folder, 0);
	}
}
