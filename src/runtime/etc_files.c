#include "runtime/etc_files.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "runtime/runtime_internal.h"

#define RESOLV_CONF "/etc/resolv.conf"
/* Where systemd-resolved keeps the name servers behind its own on 127.0.0.53. */
#define RESOLVED_CONF "/run/systemd/resolve/resolv.conf"
#define RESOLV_CONF_MAX (64 * 1024)

static bool is_loopback(struct str server)
{
	return str_starts(server, STR("127.")) || str_equal(server, STR("::1")) || str_starts(server, STR("::1%"));
}

void resolv_conf_filter(struct str host, struct buf *out)
{
	struct str rest = host;
	bool has_server = false;

	while (rest.len) {
		struct str line, word, value;

		if (!str_cut(rest, '\n', &line, &rest)) {
			line = rest;
			rest = (struct str){0};
		}
		struct str trimmed = str_trim(line);
		if (str_starts(trimmed, STR("nameserver")) && trimmed.len > 10 && (trimmed.data[10] == ' ' || trimmed.data[10] == '\t')) {
			value = str_trim(str_from(trimmed, 10));
			if (str_cut(value, ' ', &word, &value))
				value = word;
			if (is_loopback(value))
				continue;
			has_server = true;
		}
		buf_add_str(out, line);
		buf_add_char(out, '\n');
	}
	if (!has_server)
		buf_add_text(out, "nameserver 8.8.8.8\nnameserver 8.8.4.4\n");
}

static bool write_buf(int folder_fd, const char *name, const struct buf *text, struct error *err)
{
	cleanup_fd int fd = file_open(folder_fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0644, err);

	return fd >= 0 && file_write(fd, text->data, text->len, err);
}

static bool write_resolv_conf(int folder_fd, enum network_mode mode, struct error *err)
{
	cleanup_buf struct buf host = {0}, out = {0};

	file_read_all(AT_FDCWD, RESOLV_CONF, RESOLV_CONF_MAX, &host, NULL);
	if (mode == NETWORK_HOST)
		return write_buf(folder_fd, "resolv.conf", &host, err);
	if (host.len && memmem(host.data, host.len, "127.0.0.53", 10)) {
		cleanup_buf struct buf resolved = {0};
		if (file_read_all(AT_FDCWD, RESOLVED_CONF, RESOLV_CONF_MAX, &resolved, NULL)) {
			buf_clear(&host);
			buf_add_str(&host, buf_str(&resolved));
		}
	}
	resolv_conf_filter(buf_str(&host), &out);
	return write_buf(folder_fd, "resolv.conf", &out, err);
}

static bool write_hosts(int folder_fd, const char *hostname, enum network_mode mode, const struct container_network *network, struct error *err)
{
	cleanup_buf struct buf out = {0};

	if (mode == NETWORK_HOST) {
		file_read_all(AT_FDCWD, "/etc/hosts", 1024 * 1024, &out, NULL);
		return write_buf(folder_fd, "hosts", &out, err);
	}
	buf_add_text(&out, "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\nff00::0\tip6-mcastprefix\n"
			   "ff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n");
	if (network->address[0])
		buf_printf(&out, "%s\t%s\n", network->address, hostname);
	if (network->address6[0])
		buf_printf(&out, "%s\t%s\n", network->address6, hostname);
	return write_buf(folder_fd, "hosts", &out, err);
}

bool etc_files_write(int folder_fd, const char *hostname, enum network_mode mode, const struct container_network *network, struct error *err)
{
	char own[HOST_NAME_MAX + 1] = "localhost";
	cleanup_buf struct buf line = {0};

	if (!hostname) {
		gethostname(own, sizeof own - 1);
		hostname = own;
	}
	buf_printf(&line, "%s\n", hostname);
	return write_buf(folder_fd, "hostname", &line, err) && write_hosts(folder_fd, hostname, mode, network, err) &&
	       write_resolv_conf(folder_fd, mode, err);
}
