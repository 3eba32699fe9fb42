#include "registry/watch/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "registry/watch/metrics.h"

size_t process_open_files(void)
{
	DIR *folder = opendir("/proc/self/fd");
	size_t count = 0;

	if (!folder)
		return 0;
	for (const struct dirent *entry; (entry = readdir(folder));)
		count += entry->d_name[0] != '.';
	closedir(folder);
	return count - 1; /* the folder's own */
}

/* The index-th field of a line that blanks divide, as a number; 0 when it is none. */
static uint64_t field(struct str text, size_t index)
{
	struct str word = {0};
	uint64_t value;

	for (size_t i = 0; i <= index; i++)
		if (!str_cut(text, ' ', &word, &text))
			word = text;
	return str_to_u64(str_trim(word), &value) ? value : 0;
}

/* proc(5): "pid (name) state …", of which field 22 is the start in ticks since boot. The name may hold anything, so the fields count from its end. */
static double start_time_s(void)
{
	cleanup_buf struct buf text = {0};
	struct str before, after;
	struct timespec since_boot;

	if (!file_read_all(AT_FDCWD, "/proc/self/stat", 4096, &text, NULL) || !str_cut_last(buf_str(&text), ')', &before, &after))
		return 0;
	clock_gettime(CLOCK_BOOTTIME, &since_boot);
	double boot_s = (double)clock_now_us() / 1e6 - ((double)since_boot.tv_sec + (double)since_boot.tv_nsec / 1e9);
	return boot_s + (double)field(str_from(after, 1), 22 - 3) / (double)sysconf(_SC_CLK_TCK);
}

void process_write(struct buf *out, size_t open_files)
{
	cleanup_buf struct buf memory = {0};
	double page = (double)sysconf(_SC_PAGESIZE);
	struct rlimit limit = {0};
	struct timespec cpu = {0};

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
	metric_family(out, "process_cpu_seconds_total", METRIC_COUNTER, "User and system CPU time spent in seconds.");
	metric_value(out, "process_cpu_seconds_total", NULL, (double)cpu.tv_sec + (double)cpu.tv_nsec / 1e9);
	if (file_read_all(AT_FDCWD, "/proc/self/statm", 4096, &memory, NULL)) {
		metric_gauge(out, "process_virtual_memory_bytes", "Virtual memory size in bytes.", (double)field(buf_str(&memory), 0) * page);
		metric_gauge(out, "process_resident_memory_bytes", "Resident memory size in bytes.", (double)field(buf_str(&memory), 1) * page);
	}
	if (open_files)
		metric_gauge(out, "process_open_fds", "Number of open file descriptors.", (double)open_files);
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		metric_gauge(out, "process_max_fds", "Maximum number of open file descriptors.", (double)limit.rlim_cur);
	metric_gauge(out, "process_start_time_seconds", "Start time of the process since unix epoch in seconds.", start_time_s());
}
