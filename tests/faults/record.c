/*
 * Preloaded into the server, it writes into the file that NARU_RECORD names what makes content durable and what is answered, in the order in which it
 * happens: "sync PATH", "rename PATH", "answer 201".
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static int record = -1; /* set before main, read only afterwards */

__attribute__((constructor)) static void open_record(void)
{
	const char *path = getenv("NARU_RECORD");

	if (path)
		record = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

/* "WHAT PATH of fd/NAME"; name may be "". One write a line, so that lines of several threads do not mix. */
static void note(const char *what, int fd, const char *name)
{
	char link[64], path[4096];

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t len = readlink(link, path, sizeof path);
	dprintf(record, "%s %.*s%s%s\n", what, len > 0 ? (int)len : 0, path, *name ? "/" : "", name);
}

int fsync(int fd)
{
	int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
	int answer = real(fd);

	note("sync", fd, "");
	return answer;
}

int fdatasync(int fd) /* NOLINT(readability-inconsistent-declaration-parameter-name) */
{
	int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
	int answer = real(fd);

	note("sync", fd, "");
	return answer;
}

int renameat(int from_fd, const char *from, int to_fd, const char *to) /* NOLINT(readability-inconsistent-declaration-parameter-name) */
{
	int (*real)(int, const char *, int, const char *) = (int (*)(int, const char *, int, const char *))dlsym(RTLD_NEXT, "renameat");

	note("rename", to_fd, to);
	return real(from_fd, from, to_fd, to);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	ssize_t (*real)(int, const struct msghdr *, int) = (ssize_t(*)(int, const struct msghdr *, int))dlsym(RTLD_NEXT, "sendmsg");
	static const char start[] = "HTTP/1.1 ";

	if (message->msg_iovlen && message->msg_iov[0].iov_len >= sizeof start + 3 &&
		memcmp(message->msg_iov[0].iov_base, start, sizeof start - 1) == 0)
		dprintf(record, "answer %.3s\n", (const char *)message->msg_iov[0].iov_base + sizeof start - 1);
	return real(fd, message, flags);
}
