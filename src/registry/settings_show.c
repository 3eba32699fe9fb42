/* The effective settings, written as a configuration file that means the same. */
#include <string.h>

#include "base/mem.h"
#include "registry/settings_internal.h"

/* Whether YAML reads it bare as it is. */
static bool is_plain(struct str text)
{
	static const char fine[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:+-";

	for (size_t i = 0; i < text.len; i++)
		if (!memchr(fine, text.data[i], sizeof fine - 1))
			return false;
	return text.len && text.data[0] != '-' && text.data[0] != ':' && text.data[text.len - 1] != ':';
}

static void add_scalar(struct buf *out, struct str text)
{
	if (is_plain(text)) {
		buf_add_str(out, text);
		return;
	}
	buf_add_char(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];

		if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (c < ' ' || c == 127)
			buf_printf(out, "\\x%02x", c);
		else if (str_starts(str_from(text, i), STR("${")))
			buf_add_text(out, "$$");
		else
			buf_add_char(out, (char)c);
	}
	buf_add_char(out, '"');
}

static void add_origin(struct buf *out, const struct settings *settings, const struct settings_key *key)
{
	const struct settings_origin *origin = settings_origin(settings, key);

	buf_add_text(out, "  # ");
	if (origin->kind == SETTINGS_FROM_ARGUMENT)
		buf_printf(out, "argument %s\n", key->option);
	else if (origin->kind == SETTINGS_FROM_DEFAULT)
		buf_add_text(out, "default\n");
	else if (origin->environment)
		buf_printf(out, "environment %s, %s:%u\n", origin->environment, settings->file, origin->line);
	else
		buf_printf(out, "file %s:%u\n", settings->file, origin->line);
}

static void show_list(const struct settings *settings, const struct settings_key *key, struct buf *out)
{
	cleanup_buf struct buf value = {0};

	for (size_t i = 0; settings_value_get(settings, key, i, &value); i++) {
		buf_add_text(out, strchr(key->name, '.') ? "    - " : "  - ");
		if (key->type == SETTINGS_LISTENERS)
			buf_add_text(out, "address: ");
		add_scalar(out, buf_str(&value));
		if (key->type == SETTINGS_LISTENERS)
			buf_printf(out, "\n    tls: %s", settings->listen[i].tls ? "true" : "false");
		buf_add_char(out, '\n');
	}
}

void settings_show(const struct settings *settings, struct buf *out)
{
	struct str section = {0};

	for (size_t i = 0; i < settings_keys_count; i++) {
		const struct settings_key *key = &settings_keys[i];
		cleanup_buf struct buf value = {0};
		struct str name = str_of(key->name), of = {0}, within;

		if (str_cut(name, '.', &of, &within)) {
			name = within;
			if (!str_equal(of, section))
				buf_printf(out, "%.*s:\n", STR_ARG(of));
		}
		section = of;
		bool set = settings_value_get(settings, key, 0, &value);
		buf_printf(out, "%s%s%.*s:", of.len ? "  " : "", set ? "" : "# ", STR_ARG(name));
		if (!set) {
			buf_printf(out, " not set%s%s%s\n", key->default_note ? " (" : "", key->default_note ? key->default_note : "",
				key->default_note ? ")" : "");
			continue;
		}
		bool is_list = key->type == SETTINGS_LISTENERS || key->type == SETTINGS_NETWORKS;
		if (!is_list) {
			buf_add_char(out, ' ');
			add_scalar(out, buf_str(&value));
		}
		add_origin(out, settings, key);
		if (is_list)
			show_list(settings, key, out);
	}
}
