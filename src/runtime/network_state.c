/* What is given out, as small files of a tmpfs, under the bridge's lock. */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/network_internal.h"
#include "runtime/runtime_internal.h"

/* Numbers 2 to 65534 of the /16: 0 is the network, 1 the bridge, 65535 the broadcast. */
#define FIRST_NUMBER 2
#define LAST_NUMBER 65534
#define STATE_FILE_MAX 1024

static bool write_state(const struct bridge *bridge, const char *name, const char *text, int flags, struct error *err)
{
	cleanup_fd int fd = file_open(bridge->state, name, O_WRONLY | O_CREAT | flags, 0600, err);

	return fd >= 0 && file_write(fd, text, strlen(text), err);
}

static bool belongs_to(const struct bridge *bridge, const char *name, const char *id)
{
	cleanup_buf struct buf text = {0};

	return file_read_all(bridge->state, name, STATE_FILE_MAX, &text, NULL) && str_starts(buf_str(&text), str_of(id));
}

bool state_take_address(const struct bridge *bridge, const char *id, uint32_t *number, struct error *err)
{
	cleanup_buf struct buf text = {0};
	uint64_t last = FIRST_NUMBER - 1;

	if (file_read_all(bridge->state, "last", STATE_FILE_MAX, &text, NULL) && (!str_to_u64(buf_str(&text), &last) || last > LAST_NUMBER))
		last = FIRST_NUMBER - 1;
	for (uint32_t tries = 0; tries <= LAST_NUMBER - FIRST_NUMBER; tries++) {
		struct error problem = {0};

		last = last >= LAST_NUMBER ? FIRST_NUMBER : last + 1;
		cleanup_free char *name = mem_printf("address-%u", (unsigned int)last);
		if (write_state(bridge, name, id, O_EXCL, &problem)) {
			cleanup_free char *line = mem_printf("%u", (unsigned int)last);
			*number = (uint32_t)last;
			return write_state(bridge, "last", line, O_TRUNC, err);
		}
		if (problem.os_errno != EEXIST)
			return error_move(err, &problem);
		error_clear(&problem);
	}
	return error_set(err, ERROR_NO_SPACE, "no address is free on " BRIDGE_NAME);
}

void state_free_address(const struct bridge *bridge, const char *id, uint32_t number)
{
	cleanup_free char *name = mem_printf("address-%u", number);

	if (belongs_to(bridge, name, id))
		unlinkat(bridge->state, name, 0);
}

static char *port_name(const struct element *element)
{
	char address[INET6_ADDRSTRLEN] = "any";

	if (!element->any)
		inet_ntop(element->family, &element->host, address, sizeof address);
	return mem_printf("port-%d-%s-%s-%u", element->family == AF_INET ? 4 : 6, port_protocol_name(element->protocol), address, element->host_port);
}

bool state_put_port(const struct bridge *bridge, const char *id, const struct element *element, struct error *err)
{
	cleanup_free char *name = port_name(element);
	char target[INET6_ADDRSTRLEN] = "";

	inet_ntop(element->family, &element->target, target, sizeof target);
	cleanup_free char *line = mem_printf("%s %s %u", id, target, element->target_port);
	return write_state(bridge, name, line, O_TRUNC, err);
}

bool state_has_port(const struct bridge *bridge, const struct element *element)
{
	cleanup_free char *name = port_name(element);

	return faccessat(bridge->state, name, F_OK, 0) == 0;
}

bool state_free_port(const struct bridge *bridge, const char *id, const struct element *element)
{
	cleanup_free char *name = port_name(element);

	return belongs_to(bridge, name, id) && unlinkat(bridge->state, name, 0) == 0;
}

/* "port-4-tcp-any-8080" and its content, "ID TARGET PORT"; false when it is something else. */
static bool parse_port(const struct bridge *bridge, const char *name, struct element *out)
{
	cleanup_buf struct buf text = {0};
	struct str rest = str_of(name), family, protocol, address, target;
	uint64_t port, target_port;

	*out = (struct element){0};
	if (!str_starts(rest, STR("port-")) || !file_read_all(bridge->state, name, STATE_FILE_MAX, &text, NULL))
		return false;
	if (!str_cut(str_from(rest, strlen("port-")), '-', &family, &rest) || !str_cut(rest, '-', &protocol, &rest) ||
		!str_cut_last(rest, '-', &address, &rest) || !str_to_u64(rest, &port) || port > 65535)
		return false;
	rest = buf_str(&text);
	if (!str_cut(rest, ' ', &target, &rest) || !str_cut(rest, ' ', &target, &rest) || !str_to_u64(rest, &target_port) || target_port > 65535)
		return false;
	cleanup_free char *address_text = str_dup(address), *target_text = str_dup(target);
	out->family = str_equal(family, STR("4")) ? AF_INET : AF_INET6;
	out->any = str_equal(address, STR("any"));
	out->host_port = (uint16_t)port;
	out->target_port = (uint16_t)target_port;
	return port_protocol_parse(protocol, &out->protocol) && inet_pton(out->family, target_text, &out->target) == 1 &&
	       (out->any || inet_pton(out->family, address_text, &out->host) == 1);
}

static DIR *open_list(const struct bridge *bridge)
{
	int again = openat(bridge->state, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = again < 0 ? NULL : fdopendir(again);

	if (!list)
		file_cleanup(&again);
	return list;
}

bool state_ports(const struct bridge *bridge, struct element **out, size_t *count, struct error *err)
{
	DIR *list = open_list(bridge);
	struct dirent *entry;
	size_t capacity = 0;

	*out = NULL;
	*count = 0;
	if (!list)
		return error_set_errno(err, errno, "list the published ports");
	while ((entry = readdir(list))) {
		struct element element;

		if (!parse_port(bridge, entry->d_name, &element))
			continue;
		*out = mem_grow(*out, *count, &capacity, sizeof **out);
		(*out)[(*count)++] = element;
	}
	closedir(list);
	return true;
}

void state_clear(const struct bridge *bridge)
{
	DIR *list = open_list(bridge);
	struct dirent *entry;

	while (list && (entry = readdir(list)))
		if (strncmp(entry->d_name, "port-", 5) == 0 || strncmp(entry->d_name, "address-", 8) == 0)
			unlinkat(bridge->state, entry->d_name, 0);
	if (list)
		closedir(list);
}

bool state_forget(const struct bridge *bridge, const char *id, struct element **ports, size_t *count, struct error *err)
{
	DIR *list = open_list(bridge);
	struct dirent *entry;
	size_t capacity = 0;

	*ports = NULL;
	*count = 0;
	if (!list)
		return error_set_errno(err, errno, "list what is given out");
	while ((entry = readdir(list))) {
		bool is_port = strncmp(entry->d_name, "port-", 5) == 0;
		struct element element;

		if ((!is_port && strncmp(entry->d_name, "address-", 8) != 0) || !belongs_to(bridge, entry->d_name, id))
			continue;
		if (is_port && parse_port(bridge, entry->d_name, &element)) {
			*ports = mem_grow(*ports, *count, &capacity, sizeof **ports);
			(*ports)[(*count)++] = element;
		}
		unlinkat(bridge->state, entry->d_name, 0);
	}
	closedir(list);
	return true;
}
