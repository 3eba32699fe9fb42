#include "registry/settings.h"

#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "net/url.h"

#define MANIFEST_BYTES (4 << 20)
#define UPLOADS 10000
#define UPLOAD_EXPIRY_S (7 * 86400)
#define REHASH_BYTES (1LL << 30)

const char settings_help[] = "Usage:  naru-registry serve --open [OPTIONS]\n"
			     "\n"
			     "Serve images to whoever reaches this address\n"
			     "\n"
			     "Options:\n"
			     "      --data DIR           Folder that holds everything (default /var/lib/naru-registry,\n"
			     "                           or $XDG_DATA_HOME/naru-registry when not root)\n"
			     "      --listen ADDR:PORT   Address to listen on, may be given several times (default 127.0.0.1:5000);\n"
			     "                           port 0 takes a free one\n"
			     "      --open               Whoever reaches it may push and pull without an account; on loopback only\n"
			     "      --no-request-log     No line in the log for each request\n"
			     "      --help               This text\n";

static char *default_data(void)
{
	const char *data_home = getenv("XDG_DATA_HOME"), *home = getenv("HOME");

	if (geteuid() == 0)
		return str_dup(STR("/var/lib/naru-registry"));
	if (data_home && data_home[0] == '/')
		return mem_printf("%s/naru-registry", data_home);
	return mem_printf("%s/.local/share/naru-registry", home ? home : ".");
}

/* "ADDR:PORT", with an IPv6 address in brackets. */
static bool split_address(const char *address, struct str *host)
{
	struct str port;
	uint64_t number;

	if (!str_cut_last(str_of(address), ':', host, &port) || !str_to_u64(port, &number) || number > UINT16_MAX)
		return false;
	if (str_starts(*host, STR("[")) != str_ends(*host, STR("]")))
		return false;
	if (str_starts(*host, STR("[")))
		*host = str_make(host->data + 1, host->len - 2);
	return host->len > 0;
}

/* "--name VALUE" or "--name=VALUE": true when argument i is it; *i moves on to the value. */
static bool take_value(const char *name, int argc, char **argv, int *i, const char **value, struct error *err)
{
	size_t len = strlen(name);

	if (strncmp(argv[*i], name, len) != 0 || (argv[*i][len] != '\0' && argv[*i][len] != '='))
		return false;
	if (argv[*i][len] == '=')
		*value = argv[*i] + len + 1;
	else if (*i + 1 < argc)
		*value = argv[++*i];
	else
		error_set(err, ERROR_INVALID, "%s needs a value", name);
	return true;
}

static void put_listen(struct settings *settings, const char *address)
{
	settings->listen = mem_resize(settings->listen, settings->listen_count + 1, sizeof *settings->listen);
	settings->listen[settings->listen_count++] = (struct settings_listener){.address = str_dup(str_of(address))};
}

static bool add_listen(struct settings *settings, const char *address, struct error *err)
{
	struct str host;

	if (settings->listen_count == SETTINGS_LISTEN_MAX)
		return error_set(err, ERROR_INVALID, "more than %d addresses to listen on", SETTINGS_LISTEN_MAX);
	if (!split_address(address, &host))
		return error_set(err, ERROR_INVALID, "--listen '%s' is not ADDR:PORT", address);
	if (!host_is_loopback(host))
		return error_set(err, ERROR_INVALID,
			"--listen %s is not on loopback: without TLS and accounts, which are not there yet, put a proxy with both in front and "
			"listen on 127.0.0.1",
			address);
	put_listen(settings, address);
	return true;
}

static bool parse(struct settings *settings, int argc, char **argv, struct error *err)
{
	for (int i = 0; i < argc; i++) {
		const char *value = NULL;

		if (strcmp(argv[i], "--open") == 0) {
			settings->open = true;
		} else if (strcmp(argv[i], "--no-request-log") == 0) {
			settings->log_requests = false;
		} else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			settings->help = true;
		} else if (take_value("--data", argc, argv, &i, &value, err)) {
			if (!value)
				return false;
			if (!value[0])
				return error_set(err, ERROR_INVALID, "--data needs a folder");
			free(settings->data);
			settings->data = str_dup(str_of(value));
		} else if (take_value("--listen", argc, argv, &i, &value, err)) {
			if (!value || !add_listen(settings, value, err))
				return false;
		} else {
			return error_set(err, ERROR_INVALID, "unknown argument: %s", argv[i]);
		}
	}
	return true;
}

static void set_unsaid(struct settings *settings)
{
	if (!settings->data)
		settings->data = default_data();
	if (!settings->listen_count)
		put_listen(settings, "127.0.0.1:5000");
}

static struct settings unsaid(void)
{
	return (struct settings){
		.deletes = true,
		.limits = {server_limits_default, MANIFEST_BYTES, UPLOADS, UPLOAD_EXPIRY_S, REHASH_BYTES, SETTINGS_SPARSE_INDEXES, 0},
		.log_level = LOG_LEVEL_INFO,
		.log_requests = true,
	};
}

void settings_defaults(struct settings *out)
{
	*out = unsaid();
	set_unsaid(out);
}

bool settings_parse(struct settings *out, int argc, char **argv, struct error *err)
{
	struct settings settings = unsaid();

	bool parsed = parse(&settings, argc, argv, err);
	if (parsed && !settings.open && !settings.help)
		parsed = error_set(err, ERROR_INVALID, "accounts are not there yet: say --open to let whoever reaches this address push and pull");
	if (!parsed) {
		settings_free(&settings);
		return false;
	}
	set_unsaid(&settings);
	*out = settings;
	return true;
}

void settings_free(struct settings *settings)
{
	for (size_t i = 0; i < settings->listen_count; i++)
		free(settings->listen[i].address);
	for (size_t i = 0; i < settings->trusted_proxies_count; i++)
		free(settings->trusted_proxies[i]);
	free(settings->listen);
	free(settings->trusted_proxies);
	free(settings->data);
	free(settings->tls_cert);
	free(settings->tls_key);
	free(settings->external_url);
	*settings = (struct settings){0};
}
