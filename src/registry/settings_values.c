/* Values of settings: from the text of a file or an argument, and back into it. */
#include <string.h>

#include "base/mem.h"
#include "net/cidr.h"
#include "net/url.h"
#include "registry/settings_internal.h"

struct unit {
	const char *name;
	uint64_t count;
};

static const struct unit sizes[] = {{"TiB", 1ULL << 40}, {"GiB", 1ULL << 30}, {"MiB", 1ULL << 20}, {"KiB", 1ULL << 10}, {"", 1}};
/* In milliseconds. */
static const struct unit times[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};

static void *member(const struct settings *settings, const struct settings_key *key)
{
	return (char *)(uintptr_t)settings + key->offset;
}

/* A member is an unsigned or non-negative integer of 1, 4 or 8 bytes; that of a choice of two may be a bool. */
static uint64_t number_get(const struct settings *settings, const struct settings_key *key)
{
	const void *from = member(settings, key);

	if (key->size == sizeof(uint64_t))
		return *(const uint64_t *)from;
	return key->size == sizeof(uint32_t) ? *(const uint32_t *)from : *(const bool *)from;
}

static void number_put(struct settings *settings, const struct settings_key *key, uint64_t number)
{
	void *to = member(settings, key);

	if (key->size == sizeof(uint64_t))
		*(uint64_t *)to = number;
	else if (key->size == sizeof(uint32_t))
		*(uint32_t *)to = (uint32_t)number;
	else
		*(bool *)to = number;
}

/* "4MiB": the digits, then a unit of the table; a bare number where the table has the empty unit, or when it is 0. */
static bool parse_quantity(struct str text, const struct unit *units, size_t count, uint64_t *out)
{
	size_t digits = 0;
	uint64_t number;

	while (digits < text.len && text.data[digits] >= '0' && text.data[digits] <= '9')
		digits++;
	struct str unit = str_from(text, digits);
	if (!str_to_u64(str_head(text, digits), &number))
		return false;
	if (number == 0 && unit.len == 0) {
		*out = 0;
		return true;
	}
	for (size_t i = 0; i < count; i++)
		if (str_equal(unit, str_of(units[i].name)))
			return !__builtin_mul_overflow(number, units[i].count, out);
	return false;
}

/* In the largest unit that leaves no rest. */
static void format_quantity(struct buf *out, uint64_t number, const struct unit *units, size_t count)
{
	size_t i = 0;

	while (number && i + 1 < count && number % units[i].count != 0)
		i++;
	if (number)
		buf_printf(out, "%llu%s", (unsigned long long)(number / units[i].count), units[i].name);
	else
		buf_add_char(out, '0');
}

static void format_number(struct buf *out, const struct settings_key *key, uint64_t number)
{
	if (key->type == SETTINGS_SIZE)
		format_quantity(out, number, sizes, ARRAY_SIZE(sizes));
	else if (key->type == SETTINGS_TIME)
		format_quantity(out, number * key->unit_ms, times, ARRAY_SIZE(times));
	else
		buf_printf(out, "%llu", (unsigned long long)number);
}

void settings_type_words(const struct settings_key *key, struct buf *out)
{
	static const char *const words[] = {
		[SETTINGS_BOOL] = "true or false",
		[SETTINGS_COUNT] = "a number",
		[SETTINGS_SIZE] = "a size like 4MiB (a number, then nothing, KiB, MiB, GiB or TiB)",
		[SETTINGS_TIME] = "a time like 20s (a number, then ms, s, m, h or d)",
		[SETTINGS_PATH] = "a path",
		[SETTINGS_URL] = "http:// or https://, a name and perhaps a port, without a path",
		[SETTINGS_DATABASE] = "sqlite:",
		[SETTINGS_LISTENERS] = "ADDR:PORT, unix:PATH or fd:NAME",
		[SETTINGS_NETWORKS] = "an address, a range like 10.0.0.0/8, or unix",
	};

	for (size_t i = 0; key->type == SETTINGS_CHOICE && key->choices[i]; i++)
		buf_printf(out, "%s%s", i == 0 ? "" : key->choices[i + 1] ? ", " : " or ", key->choices[i]);
	if (key->type != SETTINGS_CHOICE)
		buf_add_text(out, words[key->type]);
	if (key->max) {
		buf_add_text(out, " from ");
		format_number(out, key, key->min);
		buf_add_text(out, " to ");
		format_number(out, key, key->max);
	}
}

/* "X" is not what is allowed. */
static bool not_allowed(const struct settings_key *key, struct str text, struct error *err)
{
	cleanup_buf struct buf words = {0};

	settings_type_words(key, &words);
	return error_set(err, ERROR_INVALID, "\"%.*s\" is not %s", STR_ARG(str_head(text, 128)), words.data);
}

static bool set_number(struct settings *settings, const struct settings_key *key, struct str text, struct error *err)
{
	uint64_t number = 0;
	bool taken;

	if (key->type == SETTINGS_SIZE)
		taken = parse_quantity(text, sizes, ARRAY_SIZE(sizes), &number);
	else if (key->type == SETTINGS_TIME)
		taken = parse_quantity(text, times, ARRAY_SIZE(times), &number) && number % key->unit_ms == 0;
	else
		taken = str_to_u64(text, &number);
	if (key->type == SETTINGS_TIME)
		number /= key->unit_ms;
	if (!taken || number < key->min || number > key->max)
		return not_allowed(key, text, err);
	number_put(settings, key, number);
	return true;
}

static bool set_choice(struct settings *settings, const struct settings_key *key, struct str text, struct error *err)
{
	static const char *const yes_no[] = {"false", "true", NULL};
	const char *const *choices = key->choices ? key->choices : yes_no;

	for (size_t i = 0; choices[i]; i++) {
		if (str_equal(text, str_of(choices[i]))) {
			number_put(settings, key, i);
			return true;
		}
	}
	return not_allowed(key, text, err);
}

static void set_text(struct settings *settings, const struct settings_key *key, struct str text)
{
	char **to = member(settings, key);

	free(*to);
	*to = str_dup(text);
}

static bool set_url(struct settings *settings, const struct settings_key *key, struct str text, struct error *err)
{
	struct url_parts parts;
	struct str scheme, rest;

	while (str_ends(text, STR("/")))
		text.len--;
	if (!url_split(&parts, text) || !str_cut(text, ':', &scheme, &rest))
		return not_allowed(key, text, err);
	for (size_t i = 2; i < rest.len; i++)
		if (strchr("/?#", rest.data[i]))
			return not_allowed(key, text, err);
	set_text(settings, key, text);
	return true;
}

static bool set_database(struct settings *settings, const struct settings_key *key, struct str text, struct error *err)
{
	if (str_starts(text, STR("postgres:")) || str_starts(text, STR("postgresql:")))
		return error_set(err, ERROR_INVALID, "PostgreSQL is not there yet: sqlite: is the one database so far");
	if (str_starts(text, STR("sqlite:")) && text.len > strlen("sqlite:"))
		return error_set(err, ERROR_INVALID, "sqlite: takes no path: the database is registry.db in the data folder");
	if (!str_equal(text, STR("sqlite:")))
		return not_allowed(key, text, err);
	set_text(settings, key, text);
	return true;
}

/* "ADDR:PORT", with an IPv6 address in brackets; "unix:PATH"; "fd:NAME". */
static bool is_address(struct str text)
{
	struct str host, port;
	uint64_t number;

	if (str_starts(text, STR("unix:")))
		return text.len > strlen("unix:");
	if (str_starts(text, STR("fd:")))
		return text.len > strlen("fd:");
	if (!str_cut_last(text, ':', &host, &port) || !str_to_u64(port, &number) || number > UINT16_MAX)
		return false;
	bool opened = str_starts(host, STR("["));
	if (opened != str_ends(host, STR("]")) || (!opened && memchr(host.data, ':', host.len)))
		return false;
	return host.len > (opened ? 2 : 0);
}

static bool add_listener(struct settings *settings, const struct settings_key *key, struct str text, struct error *err)
{
	if (settings->listen_count == SETTINGS_LISTEN_MAX)
		return error_set(err, ERROR_INVALID, "more than %d addresses to listen on", SETTINGS_LISTEN_MAX);
	if (!is_address(text))
		return not_allowed(key, text, err);
	settings->listen = mem_resize(settings->listen, settings->listen_count + 1, sizeof *settings->listen);
	settings->listen[settings->listen_count++] = (struct settings_listener){.address = str_dup(text)};
	return true;
}

static bool add_network(struct settings *settings, const struct settings_key *key, struct str text, struct error *err)
{
	struct cidr parsed;

	(void)key;
	if (!cidr_parse(text, &parsed, err))
		return false;
	settings->trusted_proxies = mem_resize(settings->trusted_proxies, settings->trusted_proxies_count + 1, sizeof *settings->trusted_proxies);
	settings->trusted_proxies[settings->trusted_proxies_count++] = str_dup(text);
	return true;
}

bool settings_value_set(struct settings *settings, const struct settings_key *key, struct str text, struct error *err)
{
	switch (key->type) {
	case SETTINGS_BOOL:
	case SETTINGS_CHOICE:
		return set_choice(settings, key, text, err);
	case SETTINGS_COUNT:
	case SETTINGS_SIZE:
	case SETTINGS_TIME:
		return set_number(settings, key, text, err);
	case SETTINGS_PATH:
		if (!text.len)
			return not_allowed(key, text, err);
		set_text(settings, key, text);
		return true;
	case SETTINGS_URL:
		return set_url(settings, key, text, err);
	case SETTINGS_DATABASE:
		return set_database(settings, key, text, err);
	case SETTINGS_LISTENERS:
		return add_listener(settings, key, text, err);
	case SETTINGS_NETWORKS:
		return add_network(settings, key, text, err);
	}
	return false;
}

void settings_value_clear(struct settings *settings, const struct settings_key *key)
{
	switch (key->type) {
	case SETTINGS_LISTENERS:
		for (size_t i = 0; i < settings->listen_count; i++)
			free(settings->listen[i].address);
		free(settings->listen);
		settings->listen = NULL;
		settings->listen_count = 0;
		break;
	case SETTINGS_NETWORKS:
		for (size_t i = 0; i < settings->trusted_proxies_count; i++)
			free(settings->trusted_proxies[i]);
		free(settings->trusted_proxies);
		settings->trusted_proxies = NULL;
		settings->trusted_proxies_count = 0;
		break;
	case SETTINGS_PATH:
	case SETTINGS_URL:
	case SETTINGS_DATABASE:
		free(*(char **)member(settings, key));
		*(char **)member(settings, key) = NULL;
		break;
	default:
		break;
	}
}

bool settings_value_get(const struct settings *settings, const struct settings_key *key, size_t index, struct buf *out)
{
	const char *text = NULL;

	buf_clear(out);
	switch (key->type) {
	case SETTINGS_BOOL:
		text = number_get(settings, key) ? "true" : "false";
		break;
	case SETTINGS_CHOICE:
		text = key->choices[number_get(settings, key)];
		break;
	case SETTINGS_LISTENERS:
		text = index < settings->listen_count ? settings->listen[index].address : NULL;
		break;
	case SETTINGS_NETWORKS:
		text = index < settings->trusted_proxies_count ? settings->trusted_proxies[index] : NULL;
		break;
	case SETTINGS_PATH:
	case SETTINGS_URL:
	case SETTINGS_DATABASE:
		text = *(char **)member(settings, key);
		break;
	default:
		format_number(out, key, number_get(settings, key));
		return true;
	}
	if (text)
		buf_add_text(out, text);
	return text;
}
