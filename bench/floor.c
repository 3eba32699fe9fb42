/*
 * The physical floors that naru is measured against, in the same run on the same disk.
 *	floor write FOLDER FILE...  for each FILE at once: SHA-256 of its bytes in one thread, and in another writing them to a file in FOLDER and
 *	                            syncing it and the folder
 *	floor tree FOLDER TAR...    makes what each TAR holds, in a folder of its own in FOLDER, one thread a TAR
 * Both print the seconds. The content is in memory before the clock starts.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>
#include <openssl/evp.h>

enum { PIECE_BYTES = 1 << 20, PATH_BYTES = 4096 };

struct bytes {
	const unsigned char *at;
	size_t length;
};

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The whole file in memory, each page touched. */
static struct bytes file_load(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	void *at;

	if (fd < 0 || fstat(fd, &status) < 0)
		die(path);
	at = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (at == MAP_FAILED)
		die(path);
	close(fd);
	return (struct bytes){at, (size_t)status.st_size};
}

static void write_whole(int fd, const unsigned char *at, size_t length)
{
	while (length > 0) {
		ssize_t written = write(fd, at, length < PIECE_BYTES ? length : PIECE_BYTES);

		if (written <= 0)
			die("write");
		at += written;
		length -= (size_t)written;
	}
}

struct upload {
	struct bytes content;
	size_t number;
	int folder_fd;
	pthread_t hasher, writer;
};

static void *hash_run(void *argument)
{
	const struct upload *upload = argument;
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int digest_bytes;

	if (EVP_Digest(upload->content.at, upload->content.length, digest, &digest_bytes, EVP_sha256(), NULL) != 1)
		die("hash");
	return NULL;
}

static void *write_run(void *argument)
{
	const struct upload *upload = argument;
	char part[32], done[32];

	snprintf(part, sizeof(part), "floor.%zu.part", upload->number);
	snprintf(done, sizeof(done), "floor.%zu.done", upload->number);
	int fd = openat(upload->folder_fd, part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		die(part);
	write_whole(fd, upload->content.at, upload->content.length);
	if (fsync(fd) < 0)
		die("fsync");
	close(fd);
	/* As a server does it: the name is given once the digest is known. */
	pthread_join(upload->hasher, NULL);
	if (renameat(upload->folder_fd, part, upload->folder_fd, done) < 0 || fsync(upload->folder_fd) < 0)
		die(done);
	return NULL;
}

static void floor_write(const char *folder, char **files, size_t count)
{
	struct upload *uploads = calloc(count, sizeof(*uploads));
	int folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	double begun;

	if (!uploads || folder_fd < 0)
		die(folder);
	for (size_t i = 0; i < count; i++)
		uploads[i] = (struct upload){.content = file_load(files[i]), .number = i, .folder_fd = folder_fd};
	begun = now_seconds();
	for (size_t i = 0; i < count; i++)
		if (pthread_create(&uploads[i].hasher, NULL, hash_run, &uploads[i]) != 0 ||
			pthread_create(&uploads[i].writer, NULL, write_run, &uploads[i]) != 0)
			die("thread");
	for (size_t i = 0; i < count; i++)
		pthread_join(uploads[i].writer, NULL);
	printf("%.3f\n", now_seconds() - begun);
	for (size_t i = 0; i < count; i++) {
		char done[32];

		snprintf(done, sizeof(done), "floor.%zu.done", i);
		unlinkat(folder_fd, done, 0);
	}
	free(uploads);
}

struct tree {
	struct bytes tar;
	int folder_fd;
	pthread_t thread;
};

/* One entry below the folder; what is there already (the parent of another entry) is left. */
static void entry_make(int folder_fd, struct archive *archive, struct archive_entry *entry)
{
	const char *path = archive_entry_pathname(entry);
	mode_t mode = archive_entry_perm(entry);
	const void *block;
	size_t length;
	la_int64_t offset;
	int fd;

	while (path[0] == '.' && path[1] == '/')
		path += 2;
	if (archive_entry_hardlink(entry)) {
		const char *target = archive_entry_hardlink(entry);

		if (linkat(folder_fd, target + (target[0] == '.' && target[1] == '/' ? 2 : 0), folder_fd, path, 0) < 0)
			die(path);
	} else if (archive_entry_filetype(entry) == AE_IFDIR) {
		if (path[0] && strcmp(path, ".") != 0 && mkdirat(folder_fd, path, mode | 0700) < 0 && errno != EEXIST)
			die(path);
	} else if (archive_entry_filetype(entry) == AE_IFLNK) {
		if (symlinkat(archive_entry_symlink(entry), folder_fd, path) < 0)
			die(path);
	} else if (archive_entry_filetype(entry) == AE_IFREG) {
		fd = openat(folder_fd, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
		if (fd < 0)
			die(path);
		while (archive_read_data_block(archive, &block, &length, &offset) == ARCHIVE_OK)
			write_whole(fd, block, length);
		close(fd);
	}
}

static void *tree_run(void *argument)
{
	const struct tree *tree = argument;
	struct archive *archive = archive_read_new();
	struct archive_entry *entry;

	archive_read_support_format_tar(archive);
	if (archive_read_open_memory(archive, tree->tar.at, tree->tar.length) != ARCHIVE_OK)
		die("tar");
	while (archive_read_next_header(archive, &entry) == ARCHIVE_OK)
		entry_make(tree->folder_fd, archive, entry);
	archive_read_free(archive);
	return NULL;
}

static void floor_tree(const char *folder, char **tars, size_t count)
{
	struct tree *trees = calloc(count, sizeof(*trees));
	double begun;

	if (!trees)
		die("memory");
	for (size_t i = 0; i < count; i++) {
		char path[PATH_BYTES];

		trees[i].tar = file_load(tars[i]);
		snprintf(path, sizeof(path), "%s/%zu", folder, i);
		if (mkdir(path, 0700) < 0)
			die(path);
		trees[i].folder_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	begun = now_seconds();
	for (size_t i = 0; i < count; i++)
		if (pthread_create(&trees[i].thread, NULL, tree_run, &trees[i]) != 0)
			die("thread");
	for (size_t i = 0; i < count; i++)
		pthread_join(trees[i].thread, NULL);
	printf("%.3f\n", now_seconds() - begun);
	free(trees);
}

int main(int argc, char **argv)
{
	if (argc >= 4 && strcmp(argv[1], "write") == 0)
		floor_write(argv[2], argv + 3, (size_t)argc - 3);
	else if (argc >= 4 && strcmp(argv[1], "tree") == 0)
		floor_tree(argv[2], argv + 3, (size_t)argc - 3);
	else {
		fputs("usage: floor write FOLDER FILE... | floor tree FOLDER TAR...\n", stderr);
		return 2;
	}
	return 0;
}
