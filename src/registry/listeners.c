#include "registry/listeners.h"

#include "base/log.h"
#include "base/mem.h"

static bool add_socket(struct listeners *out, const struct settings *settings, const struct systemd_socket *passed, bool tls, struct error *err)
{
	cleanup_free char *shown = mem_printf("the socket \"%s\" (descriptor %d)", passed->name, passed->fd);

	if (out->count == SETTINGS_LISTEN_MAX)
		return error_set(err, ERROR_INVALID, "more than %d sockets to listen on", SETTINGS_LISTEN_MAX);
	if (!settings_may_listen(settings, shown, passed->is_loopback, tls, err))
		return false;
	out->addresses[out->count] = mem_printf("fd:%d", passed->fd);
	out->list[out->count] = (struct server_listener){out->addresses[out->count], tls};
	out->count++;
	return true;
}

/* "https", or "3". */
static bool is_named(const struct systemd_socket *passed, struct str name)
{
	uint64_t fd;

	return str_equal(str_of(passed->name), name) || (str_to_u64(name, &fd) && fd == (uint64_t)passed->fd);
}

static bool add_listener(struct listeners *out, const struct settings *settings, const struct settings_listener *listener,
	const struct systemd_sockets *sockets, bool *used, struct error *err)
{
	struct str address = str_of(listener->address), scheme, name;
	bool found = false;

	if (!str_starts(address, STR("fd:")) || !str_cut(address, ':', &scheme, &name)) {
		if (out->count == SETTINGS_LISTEN_MAX)
			return error_set(err, ERROR_INVALID, "more than %d sockets to listen on", SETTINGS_LISTEN_MAX);
		out->list[out->count++] = (struct server_listener){listener->address, listener->tls};
		return true;
	}
	for (size_t i = 0; i < sockets->count; i++) {
		const struct systemd_socket *passed = &sockets->list[i];

		if (!is_named(passed, name))
			continue;
		if (!add_socket(out, settings, passed, listener->tls_said ? listener->tls : settings_default_tls(settings, passed->is_unix), err))
			return false;
		used[i] = found = true;
	}
	return found || error_set(err, ERROR_INVALID, "listen: %s: no socket of that name was passed to this process (see systemd.socket(5))",
				listener->address);
}

bool listeners_resolve(struct listeners *out, const struct settings *settings, const struct systemd_sockets *sockets, struct error *err)
{
	bool used[SYSTEMD_SOCKETS_MAX] = {false};

	*out = (struct listeners){0};
	if (sockets->count && settings_listen_is_default(settings)) {
		for (size_t i = 0; i < sockets->count; i++)
			if (!add_socket(out, settings, &sockets->list[i], settings_default_tls(settings, sockets->list[i].is_unix), err))
				return false;
		return true;
	}
	for (size_t i = 0; i < settings->listen_count; i++)
		if (!add_listener(out, settings, &settings->listen[i], sockets, used, err))
			return false;
	for (size_t i = 0; i < sockets->count; i++)
		if (!used[i])
			log_warning("nobody answers on the socket \"%s\" that systemd opened: no entry of listen is fd:%s", sockets->list[i].name,
				sockets->list[i].name);
	return true;
}

void listeners_free(struct listeners *listeners)
{
	for (size_t i = 0; i < listeners->count; i++)
		free(listeners->addresses[i]);
	*listeners = (struct listeners){0};
}
