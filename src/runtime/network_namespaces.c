/*
 * /run/naru/net-<inode>/ outlives the namespace that it is of, and nothing tells when one ends. So whoever makes the folder of a new one looks which
 * of the others are still somebody's: a process', or a mount's (ip netns). Where containers run there is a process: conmon.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "runtime/network_internal.h"
#include "runtime/runtime_internal.h"

#define PREFIX "net-"
#define MOUNTS_MAX (16 * 1024 * 1024)

struct inodes {
	unsigned long long *items; /* owned */
	size_t count, capacity;
};

static void add(struct inodes *inodes, unsigned long long inode)
{
	for (size_t i = 0; i < inodes->count; i++)
		if (inodes->items[i] == inode)
			return;
	inodes->items = mem_grow(inodes->items, inodes->count, &inodes->capacity, sizeof *inodes->items);
	inodes->items[inodes->count++] = inode;
}

static bool has(const struct inodes *inodes, unsigned long long inode)
{
	for (size_t i = 0; i < inodes->count; i++)
		if (inodes->items[i] == inode)
			return true;
	return false;
}

static bool add_processes(struct inodes *inodes)
{
	DIR *list = opendir("/proc");
	struct dirent *entry;

	while (list && (entry = readdir(list))) {
		struct stat status;
		cleanup_free char *path = mem_printf("%s/ns/net", entry->d_name);

		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && fstatat(dirfd(list), path, &status, 0) == 0)
			add(inodes, (unsigned long long)status.st_ino);
	}
	if (list)
		closedir(list);
	return list != NULL;
}

/* "… 0:4 net:[4026532468] /run/netns/x rw shared:1 - nsfs nsfs rw" */
static bool add_mounts(struct inodes *inodes)
{
	static const char start[] = " net:[";
	cleanup_buf struct buf text = {0};

	if (!file_read_all(AT_FDCWD, "/proc/self/mountinfo", MOUNTS_MAX, &text, NULL) || !text.data)
		return false;
	for (const char *at = strstr(text.data, start); at; at = strstr(at, start)) {
		at += sizeof start - 1;
		add(inodes, strtoull(at, NULL, 10));
	}
	return true;
}

void network_namespaces_sweep(unsigned long long inode)
{
	struct inodes alive = {0};
	DIR *list = opendir(RUNTIME_RUN_FOLDER);
	struct dirent *entry;

	add(&alive, inode);
	if (list && add_processes(&alive) && add_mounts(&alive)) {
		while ((entry = readdir(list))) {
			uint64_t number;

			if (str_starts(str_of(entry->d_name), STR(PREFIX)) && str_to_u64(str_of(entry->d_name + strlen(PREFIX)), &number) &&
				!has(&alive, number))
				(void)folder_remove(dirfd(list), entry->d_name, NULL);
		}
	}
	free(alive.items);
	if (list)
		closedir(list);
}
