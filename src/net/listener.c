/* Where connections come in: TCP addresses, unix sockets, and sockets that somebody opened for us (systemd's, sd_listen_fds(3)). */
#include "net/server_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

#define UNIX_MODE 0660 /* who may ask is a matter of the socket's group */

/* The address that the kernel gave, as text. */
static char *address_text(int fd)
{
	struct sockaddr_storage address = {0};
	socklen_t size = sizeof address;
	char host[INET6_ADDRSTRLEN] = "", port[8] = "";

	getsockname(fd, (struct sockaddr *)&address, &size);
	if (address.ss_family == AF_UNIX) {
		const struct sockaddr_un *in = (const struct sockaddr_un *)&address;
		const size_t before = offsetof(struct sockaddr_un, sun_path);
		return mem_printf("unix:%.*s", size > before ? (int)strnlen(in->sun_path, size - before) : 0, in->sun_path);
	}
	getnameinfo((struct sockaddr *)&address, size, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
	return mem_printf(address.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

static bool tcp_bind(struct listener *listener, const struct addrinfo *address, const char *text, struct error *err)
{
	int one = 1;

	listener->fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener->fd < 0)
		return error_set_errno(err, errno, "listen on %s", text);
	setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(listener->fd, address->ai_addr, address->ai_addrlen) < 0 || listen(listener->fd, SOMAXCONN) < 0) {
		if (errno == EADDRINUSE)
			return error_set(err, ERROR_CONFLICT, "listen on %s: the address is in use", text);
		return error_set_errno(err, errno, "listen on %s", text);
	}
	return true;
}

static bool tcp_open(struct listener *listener, const char *text, struct error *err)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV}, *found = NULL;
	struct str host, port;

	if (!str_cut_last(str_of(text), ':', &host, &port) || !port.len)
		return error_set(err, ERROR_INVALID, "listen on \"%s\": ADDRESS:PORT, unix:PATH or fd:NUMBER is wanted", text);
	if (host.len > 2 && host.data[0] == '[' && host.data[host.len - 1] == ']')
		host = str_make(host.data + 1, host.len - 2);
	cleanup_free char *host_text = str_dup(host);
	cleanup_free char *port_text = str_dup(port);
	int failed = getaddrinfo(host.len ? host_text : NULL, port_text, &hints, &found);
	if (failed)
		return error_set(err, ERROR_INVALID, "listen on \"%s\": %s", text, gai_strerror(failed));
	bool bound = tcp_bind(listener, found, text, err);
	freeaddrinfo(found);
	return bound;
}

/* A socket that a process which ended left behind goes; one on which somebody answers, and anything that is no socket, stays. */
static bool unix_make_way(const struct sockaddr_un *address, struct error *err)
{
	struct stat found;

	if (lstat(address->sun_path, &found) < 0)
		return errno == ENOENT || error_set_errno(err, errno, "listen on unix:%s", address->sun_path);
	if (!S_ISSOCK(found.st_mode))
		return error_set(err, ERROR_CONFLICT, "listen on unix:%s: there is something that is no socket", address->sun_path);
	cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return error_set_errno(err, errno, "listen on unix:%s", address->sun_path);
	/* A full queue (EAGAIN) is an answer, too. */
	if (connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 || errno == EAGAIN)
		return error_set(err, ERROR_CONFLICT, "listen on unix:%s: the address is in use", address->sun_path);
	if (errno != ECONNREFUSED && errno != ENOENT)
		return error_set_errno(err, errno, "listen on unix:%s: whether somebody answers there", address->sun_path);
	if (unlink(address->sun_path) < 0 && errno != ENOENT)
		return error_set_errno(err, errno, "listen on unix:%s: remove what another process left", address->sun_path);
	return true;
}

static bool unix_open(struct listener *listener, const char *path, struct error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stat made;
	size_t len = strlen(path);

	if (!len || len >= sizeof address.sun_path)
		return error_set(err, ERROR_INVALID, "listen on unix:%s: a path of 1 to %zu bytes is wanted", path, sizeof address.sun_path - 1);
	memcpy(address.sun_path, path, len);
	if (!unix_make_way(&address, err))
		return false;
	listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* The mode before the bind, so that it is never wider; and behind it, as the umask may have made it narrower. */
	if (listener->fd < 0 || fchmod(listener->fd, UNIX_MODE) < 0 || bind(listener->fd, (struct sockaddr *)&address, sizeof address) < 0)
		return error_set_errno(err, errno, "listen on unix:%s", path);
	if (lstat(path, &made) < 0 || chmod(path, UNIX_MODE) < 0 || listen(listener->fd, SOMAXCONN) < 0)
		return error_set_errno(err, errno, "listen on unix:%s", path);
	listener->made_path = str_dup(str_of(path));
	listener->made_device = made.st_dev;
	listener->made_inode = made.st_ino;
	return true;
}

static bool passed_open(struct listener *listener, struct str number, const char *text, struct error *err)
{
	uint64_t fd;
	int listens = 0;
	socklen_t size = sizeof listens;

	if (!str_to_u64(number, &fd) || fd > INT16_MAX)
		return error_set(err, ERROR_INVALID, "listen on \"%s\": a descriptor's number is wanted", text);
	if (getsockopt((int)fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) < 0)
		return error_set_errno(err, errno, "listen on %s", text);
	if (!listens)
		return error_set(err, ERROR_INVALID, "listen on %s: this socket does not listen", text);
	listener->fd = (int)fd;
	listener->passed = true;
	int flags = fcntl(listener->fd, F_GETFL);
	if (flags < 0 || fcntl(listener->fd, F_SETFL, flags | O_NONBLOCK) < 0 || fcntl(listener->fd, F_SETFD, FD_CLOEXEC) < 0)
		return error_set_errno(err, errno, "listen on %s", text);
	return true;
}

bool listener_open(struct listener *listener, const struct server_listener *wanted, struct error *err)
{
	struct str text = str_of(wanted->address);
	bool opened;

	*listener = (struct listener){.source = SOURCE_LISTENER, .fd = -1, .tls = wanted->tls};
	if (str_starts(text, STR("unix:")))
		opened = unix_open(listener, wanted->address + 5, err);
	else if (str_starts(text, STR("fd:")))
		opened = passed_open(listener, str_from(text, 3), wanted->address, err);
	else
		opened = tcp_open(listener, wanted->address, err);
	if (opened)
		listener->address = address_text(listener->fd);
	return opened;
}

void listener_refuse(struct listener *listener)
{
	/* Whoever passed a socket may have more plans for it. */
	if (listener->fd >= 0 && !listener->passed)
		shutdown(listener->fd, SHUT_RDWR);
}

void listener_close(struct listener *listener)
{
	struct stat found;

	/* Another process may have put its own socket there by now. */
	if (listener->made_path && lstat(listener->made_path, &found) == 0 && found.st_dev == listener->made_device &&
		found.st_ino == listener->made_inode)
		unlink(listener->made_path);
	file_cleanup(&listener->fd);
	free(listener->made_path);
	free(listener->address);
}
