#include "registry/settings.h"

#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "net/url.h"

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
	settings->listen[settings->listen_count++] = address;
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

bool settings_parse(struct settings *out, int argc, char **argv, struct error *err)
{
	struct settings settings = {.log_requests = true};

	bool parsed = parse(&settings, argc, argv, err);
	if (parsed && !settings.open && !settings.help)
		parsed = error_set(err, ERROR_INVALID, "accounts are not there yet: say --open to let whoever reaches this address push and pull");
	if (!parsed) {
		settings_free(&settings);
		return false;
	}
	if (!settings.data)
		settings.data = default_data();
	if (!settings.listen_count)
		settings.listen[settings.listen_count++] = "127.0.0.1:5000";
	*out = settings;
	return true;
}

void settings_free(struct settings *settings)
{
	free(settings->data);
	*settings = (struct settings){0};
}
