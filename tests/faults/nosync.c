/* Preloaded into the server, it makes every sync do nothing: the control that must lose what a power cut takes. */
#include <fcntl.h>
#include <unistd.h>

int fsync(int fd)
{
	(void)fd;
	return 0;
}

int fdatasync(int fd) /* NOLINT(readability-inconsistent-declaration-parameter-name) */
{
	(void)fd;
	return 0;
}

int sync_file_range(int fd, off64_t offset, off64_t count, unsigned int flags)
{
	(void)fd;
	(void)offset;
	(void)count;
	(void)flags;
	return 0;
}

int syncfs(int fd)
{
	(void)fd;
	return 0;
}
