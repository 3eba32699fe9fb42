#include "registry/systemd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/cidr.h"
#include "net/url.h"

#define FIRST_FD 3

/* A number in the environment; false when it is not set or none. */
static bool environment_number(const char *name, uint64_t *out)
{
	return str_to_u64(str_of(getenv(name)), out);
}

static bool look_at(struct systemd_socket *found, struct error *err)
{
	struct sockaddr_storage address = {0};
	socklen_t size = sizeof address;
	char text[IP_TEXT_MAX];
	struct ip ip;
	unsigned int port;

	if (getsockname(found->fd, (struct sockaddr *)&address, &size) < 0 || fcntl(found->fd, F_SETFD, FD_CLOEXEC) < 0)
		return error_set_errno(err, errno, "the socket \"%s\" that was passed in descriptor %d", found->name, found->fd);
	found->is_unix = address.ss_family == AF_UNIX;
	found->is_loopback = found->is_unix;
	if (ip_of_socket(&address, &ip, &port)) {
		ip_format(&ip, text);
		found->is_loopback = host_is_loopback(str_of(text));
	}
	return true;
}

bool systemd_sockets_take(struct systemd_sockets *out, struct error *err)
{
	struct str names = str_of(getenv("LISTEN_FDNAMES"));
	uint64_t pid, count = 0;
	bool taken = true;

	*out = (struct systemd_sockets){0};
	if (!environment_number("LISTEN_PID", &pid) || pid != (uint64_t)getpid() || !environment_number("LISTEN_FDS", &count))
		count = 0;
	if (count > SYSTEMD_SOCKETS_MAX)
		return error_set(err, ERROR_INVALID, "%llu sockets were passed, and %d are the most", (unsigned long long)count, SYSTEMD_SOCKETS_MAX);
	for (size_t i = 0; taken && i < count; i++) {
		struct str name = names, rest = {0};

		str_cut(names, ':', &name, &rest);
		names = rest;
		struct systemd_socket *found = &out->list[out->count++];
		*found = (struct systemd_socket){.fd = FIRST_FD + (int)i, .name = str_dup(name.len ? name : STR("unknown"))};
		taken = look_at(found, err);
	}
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return taken;
}

void systemd_sockets_free(struct systemd_sockets *sockets)
{
	for (size_t i = 0; i < sockets->count; i++)
		free(sockets->list[i].name);
	*sockets = (struct systemd_sockets){0};
}

void systemd_notify(const char *format, ...)
{
	const char *where = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	cleanup_fd int fd = -1;
	va_list args;

	if (!where)
		return;
	size_t len = strlen(where);
	if ((where[0] != '/' && where[0] != '@') || len < 2 || len >= sizeof address.sun_path) {
		log_warning("NOTIFY_SOCKET is neither a path nor an abstract name, and is not used: %.128s", where);
		return;
	}
	memcpy(address.sun_path, where, len);
	/* An abstract name begins with NUL and has none at its end. */
	if (where[0] == '@')
		address.sun_path[0] = '\0';
	va_start(args, format);
	cleanup_free char *lines = mem_vprintf(format, args);
	va_end(args);
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + (where[0] == '/'));
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || sendto(fd, lines, strlen(lines), MSG_NOSIGNAL, (struct sockaddr *)&address, size) < 0)
		log_warning("telling %s how it goes: %s", where, strerror(errno));
}
