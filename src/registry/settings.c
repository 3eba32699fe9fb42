#include "registry/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "net/url.h"
#include "registry/settings_internal.h"

#define FILE_BYTES_MAX (256 * 1024)

static char *default_data(void)
{
	const char *state = getenv("STATE_DIRECTORY"), *data_home = getenv("XDG_DATA_HOME"), *home = getenv("HOME");

	/* systemd's StateDirectory=; of several, which it separates by colons, none is the one. */
	if (state && state[0] == '/' && !strchr(state, ':'))
		return str_dup(str_of(state));
	if (geteuid() == 0)
		return str_dup(STR("/var/lib/naru-registry"));
	if (data_home && data_home[0] == '/')
		return mem_printf("%s/naru-registry", data_home);
	return mem_printf("%s/.local/share/naru-registry", home ? home : ".");
}

struct settings_origin *settings_origin(const struct settings *settings, const struct settings_key *key)
{
	return &settings->origins[key - settings_keys];
}

void settings_defaults(struct settings *out)
{
	*out = (struct settings){.origins = mem_alloc(settings_keys_count, sizeof *out->origins)};
	for (size_t i = 0; i < settings_keys_count; i++) {
		cleanup_error struct error err = {0};

		/* The table's own defaults are right, which the unit test holds it to. */
		if (settings_keys[i].default_text)
			settings_value_set(out, &settings_keys[i], str_of(settings_keys[i].default_text), &err);
	}
	out->data = default_data();
}

void settings_free(struct settings *settings)
{
	for (size_t i = 0; i < settings_keys_count; i++) {
		settings_value_clear(settings, &settings_keys[i]);
		if (settings->origins)
			free(settings->origins[i].environment);
	}
	free(settings->origins);
	free(settings->file);
	*settings = (struct settings){0};
}

/* The place and name of a key for a message: its option, or its line in the file. */
static char *told_by(const struct settings *settings, const char *name)
{
	const struct settings_key *key = settings_key_find(str_of(name));
	const struct settings_origin *origin = settings_origin(settings, key);

	if (origin->kind == SETTINGS_FROM_ARGUMENT)
		return str_dup(str_of(key->option));
	if (origin->kind == SETTINGS_FROM_FILE)
		return mem_printf("%s:%u:%u: %s", settings->file, origin->line, origin->column, name);
	return str_dup(str_of(name));
}

bool settings_default_tls(const struct settings *settings, bool is_unix)
{
	return settings->tls_cert && !is_unix;
}

bool settings_listen_is_default(const struct settings *settings)
{
	return settings_origin(settings, settings_key_find(STR("listen")))->kind == SETTINGS_FROM_DEFAULT;
}

bool settings_may_listen(const struct settings *settings, const char *address, bool is_loopback, bool tls, struct error *err)
{
	if (is_loopback)
		return true;
	if (!tls && !settings->trusted_proxies_count)
		return error_set(err, ERROR_INVALID,
			"%s is not on loopback: set tls.cert and tls.key (--tls-cert and --tls-key) for TLS, or access.trusted_proxies when a proxy "
			"in "
			"front does it; else listen on 127.0.0.1",
			address);
	if (settings->open && !settings->open_in_file)
		return error_set(err, ERROR_INVALID,
			"%s is not on loopback: --open is for loopback only; to let whoever reaches that address push and pull, the configuration "
			"file has to say access.open: true",
			address);
	return true;
}

static bool check_listeners(struct settings *settings, struct error *err)
{
	cleanup_free char *where = told_by(settings, "listen");

	for (size_t i = 0; i < settings->listen_count; i++) {
		struct settings_listener *listener = &settings->listen[i];
		struct str address = str_of(listener->address), host, port;
		bool is_unix = str_starts(address, STR("unix:"));

		if (!listener->tls_said)
			listener->tls = settings_default_tls(settings, is_unix);
		if (listener->tls && !settings->tls_cert)
			return error_set(err, ERROR_INVALID, "%s: %s has tls: true, which needs tls.cert and tls.key", where, listener->address);
		/* A passed socket's address is seen when it is there. */
		if (is_unix || str_starts(address, STR("fd:")) || !str_cut_last(address, ':', &host, &port))
			continue;
		if (str_starts(host, STR("[")))
			host = str_make(host.data + 1, host.len - 2);
		if (!settings_may_listen(settings, listener->address, host_is_loopback(host), listener->tls, err))
			return error_prefix(err, "%s", where);
	}
	return true;
}

/* What no key alone can be wrong about. */
static bool check(struct settings *settings, struct error *err)
{
	if (!settings->tls_cert != !settings->tls_key) {
		cleanup_free char *where = told_by(settings, settings->tls_cert ? "tls.cert" : "tls.key");

		return error_set(err, ERROR_INVALID, "%s: tls.cert and tls.key (--tls-cert and --tls-key) are wanted both, and %s is missing", where,
			settings->tls_cert ? "tls.key" : "tls.cert");
	}
	if (!settings->open)
		return error_set(err, ERROR_INVALID,
			"accounts are not there yet: say --open, or access.open: true in the configuration file, to let whoever reaches the registry "
			"push and "
			"pull");
	return check_listeners(settings, err);
}

bool settings_load_text(struct settings *out, const char *file, struct str text, struct error *err)
{
	struct settings_problems problems = {.file = file};

	settings_defaults(out);
	out->file = str_dup(str_of(file));
	bool taken = settings_file_apply(out, text, &problems);
	if (!taken)
		error_set(err, ERROR_INVALID, "%s", problems.text.data);
	else
		out->open_in_file = out->open;
	buf_free(&problems.text);
	return taken;
}

/* The file that is named, or the usual one when it is there. */
static bool load_file(struct settings *out, const char *named, struct error *err)
{
	cleanup_buf struct buf text = {0};
	const char *file = named ? named : SETTINGS_FILE;

	if (file_read_all(AT_FDCWD, file, FILE_BYTES_MAX, &text, err))
		return settings_load_text(out, file, buf_str(&text), err);
	settings_defaults(out);
	if (named || err->kind != ERROR_NOT_FOUND)
		return error_prefix(err, "the configuration");
	error_clear(err);
	return true;
}

bool settings_load(struct settings *out, int argc, char **argv, struct error *err)
{
	const char *file;
	bool help;

	if (!settings_arguments_first(argc, argv, &file, &help, err))
		return false;
	if (help) {
		settings_defaults(out);
		out->help = true;
		return true;
	}
	bool loaded = load_file(out, file, err) && settings_arguments_apply(out, argc, argv, err) && check(out, err);
	if (!loaded)
		settings_free(out);
	return loaded;
}

/* All that a key says, for comparing. */
static void whole_value(const struct settings *settings, const struct settings_key *key, struct buf *out)
{
	cleanup_buf struct buf value = {0};

	buf_clear(out);
	for (size_t i = 0; settings_value_get(settings, key, i, &value); i++) {
		buf_printf(out, "%s\n%s", value.data, key->type == SETTINGS_LISTENERS && settings->listen[i].tls ? "tls\n" : "");
		if (key->type != SETTINGS_LISTENERS && key->type != SETTINGS_NETWORKS)
			break;
	}
}

static void copy_value(const struct settings *from, const struct settings_key *key, struct settings *to)
{
	cleanup_buf struct buf value = {0};

	settings_value_clear(to, key);
	for (size_t i = 0; settings_value_get(from, key, i, &value); i++) {
		cleanup_error struct error err = {0};

		/* It was taken once. */
		settings_value_set(to, key, buf_str(&value), &err);
		if (key->type == SETTINGS_LISTENERS) {
			to->listen[i].tls = from->listen[i].tls;
			to->listen[i].tls_said = from->listen[i].tls_said;
		} else if (key->type != SETTINGS_NETWORKS) {
			break;
		}
	}
}

bool settings_keep_running(const struct settings *running, struct settings *next, struct buf *changed, struct error *err)
{
	for (size_t i = 0; i < settings_keys_count; i++) {
		const struct settings_key *key = &settings_keys[i];
		cleanup_buf struct buf before = {0}, after = {0};

		if (!key->restarts)
			continue;
		whole_value(running, key, &before);
		whole_value(next, key, &after);
		if (str_equal(buf_str(&before), buf_str(&after)))
			continue;
		buf_printf(changed, "%s%s", changed->len ? ", " : "", key->name);
		copy_value(running, key, next);
	}
	return check(next, err);
}
