/* The arguments behind `serve`: which there are, the table of settings says. */
#include <string.h>

#include "base/mem.h"
#include "registry/settings_internal.h"

/* "--name VALUE" or "--name=VALUE": true when argument i is it; *i moves on to the value, which stays NULL with *err set when there is none. */
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

/* The key whose option argument i is; NULL with *err set when there is none, or its value is missing. */
static const struct settings_key *take_option(int argc, char **argv, int *i, const char **value, struct error *err)
{
	const char *argument = argv[*i];

	for (size_t k = 0; k < settings_keys_count; k++) {
		const struct settings_key *key = &settings_keys[k];

		if (!key->option)
			continue;
		if (!key->option_value && strcmp(argument, key->option) == 0) {
			*value = "true";
			return key;
		}
		if (key->option_value && take_value(key->option, argc, argv, i, value, err))
			return *value ? key : NULL;
	}
	error_set(err, ERROR_INVALID, "unknown argument: %s", argument);
	return NULL;
}

bool settings_arguments_first(int argc, char **argv, const char **file, bool *help, struct error *err)
{
	*file = NULL;
	*help = false;
	for (int i = 0; i < argc; i++) {
		cleanup_error struct error ignored = {0};
		const char *value = NULL;

		if (take_value("--config", argc, argv, &i, &value, err)) {
			if (!value || !value[0])
				return value ? error_set(err, ERROR_INVALID, "--config needs a file") : false;
			*file = value;
		} else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			*help = true;
		} else {
			/* Over the others' values, which may look like anything. */
			take_option(argc, argv, &i, &value, &ignored);
		}
	}
	return true;
}

bool settings_arguments_apply(struct settings *settings, int argc, char **argv, struct error *err)
{
	for (int i = 0; i < argc; i++) {
		const char *value = NULL;

		if (take_value("--config", argc, argv, &i, &value, err))
			continue;
		const struct settings_key *key = take_option(argc, argv, &i, &value, err);
		if (!key)
			return false;
		struct settings_origin *origin = settings_origin(settings, key);
		/* The first of several takes the place of what the file says. */
		if (origin->kind != SETTINGS_FROM_ARGUMENT)
			settings_value_clear(settings, key);
		free(origin->environment);
		*origin = (struct settings_origin){.kind = SETTINGS_FROM_ARGUMENT};
		if (!settings_value_set(settings, key, str_of(value), err))
			return error_prefix(err, "%s", key->option);
	}
	return true;
}

/* Adds words from text until the line is full; what is left is returned. Backquotes are for the documentation. */
static struct str add_line(struct buf *out, struct str text, size_t width)
{
	size_t len = text.len;

	if (len > width)
		for (len = width; len > 0 && text.data[len] != ' '; len--)
			continue;
	for (size_t i = 0; i < len; i++)
		if (text.data[i] != '`')
			buf_add_char(out, text.data[i]);
	return str_trim(str_from(text, len));
}

static void add_option(struct buf *out, const char *option, const char *value, const char *meaning)
{
	cleanup_free char *left = mem_printf("      %s%s%s", option, value ? " " : "", value ? value : "");
	struct str rest = str_of(meaning);

	buf_printf(out, "%-27s", left);
	for (bool first = true; rest.len || first; first = false) {
		if (!first)
			buf_printf(out, "%-27s", "");
		rest = add_line(out, rest, 92);
		buf_add_char(out, '\n');
	}
}

/* The first sentence of its meaning, and the default. */
static char *option_words(const struct settings_key *key)
{
	const char *end = strstr(key->meaning, ". "), *preset = key->default_note ? key->default_note : key->default_text;
	int len = (int)(end ? (size_t)(end - key->meaning) : strlen(key->meaning) - 1);

	if (preset && key->option_value)
		return mem_printf("%.*s (default %s)", len, key->meaning, preset);
	return mem_printf("%.*s", len, key->meaning);
}

void settings_help(struct buf *out)
{
	buf_add_text(out, "Usage:  naru-registry serve [OPTIONS]\n\n"
			  "Serve images to whoever reaches this address\n\n"
			  "Options:\n");
	add_option(out, "--config", "FILE", "Configuration file (default " SETTINGS_FILE " when it is there); what is said here wins over it");
	for (size_t i = 0; i < settings_keys_count; i++) {
		const struct settings_key *key = &settings_keys[i];

		if (!key->option)
			continue;
		cleanup_free char *words = option_words(key);
		add_option(out, key->option, key->option_value, words);
	}
	add_option(out, "--help", NULL, "This text");
	buf_add_text(out, "\n--listen may be given several times. Every setting is in docs/configuration.md; 'naru-registry config show' says\n"
			  "what they are and where each comes from.\n");
}
