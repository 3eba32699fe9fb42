/* What a configuration file says, set key by key; every mistake in it is told, with its place. */
#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "registry/settings_internal.h"

struct apply {
	struct settings *settings;
	struct settings_problems *problems;
};

static void problem_of(struct apply *apply, const struct settings_node *node, const char *name, const char *what)
{
	settings_problem(apply->problems, node->line, node->column, name, "%s", what);
}

static size_t name_length(struct str text)
{
	size_t len = 0;

	while (len < text.len && (isalnum((unsigned char)text.data[len]) || text.data[len] == '_'))
		len++;
	return len > 0 && isdigit((unsigned char)text.data[0]) ? 0 : len;
}

/*
 * Puts in what ${NAME} names; "$${" is "${". *variable gets the first name, owned; a value from the environment is not read for ${ again.
 * NULL after saying what is wrong.
 */
static char *expand(struct apply *apply, const struct settings_node *node, const char *key, char **variable)
{
	cleanup_buf struct buf out = {0};
	struct str rest = str_of(node->text);

	buf_add_text(&out, "");
	while (rest.len) {
		if (str_starts(rest, STR("$${"))) {
			buf_add_text(&out, "${");
			rest = str_from(rest, 3);
		} else if (str_starts(rest, STR("${"))) {
			size_t len = name_length(str_from(rest, 2));
			cleanup_free char *name = str_dup(str_head(str_from(rest, 2), len));
			const char *value = len ? getenv(name) : NULL;

			if (!len || !str_starts(str_from(rest, 2 + len), STR("}"))) {
				problem_of(apply, node, key,
					"${ is not followed by the name of an environment variable and } ($${ stands for ${ itself)");
				return NULL;
			}
			if (!value) {
				settings_problem(apply->problems, node->line, node->column, key, "the environment variable %s is not set", name);
				return NULL;
			}
			buf_add_text(&out, value);
			if (!*variable)
				*variable = str_dup(str_of(name));
			rest = str_from(rest, 3 + len);
		} else {
			buf_add_char(&out, rest.data[0]);
			rest = str_from(rest, 1);
		}
	}
	return buf_take(&out);
}

/* The text of a scalar with the environment in it, owned; NULL after saying what is wrong. Notes where it came from. */
static char *scalar(struct apply *apply, const struct settings_key *key, const struct settings_node *node)
{
	cleanup_buf struct buf words = {0};
	struct settings_origin *origin = settings_origin(apply->settings, key);
	char *variable = NULL, *text;

	if (node->kind != SETTINGS_NODE_SCALAR || node->is_null) {
		settings_type_words(key, &words);
		settings_problem(apply->problems, node->line, node->column, key->name, "%s is wanted, and here is %s", words.data,
			node->kind == SETTINGS_NODE_MAPPING ? "a mapping"
			: node->kind == SETTINGS_NODE_LIST  ? "a list"
							    : "nothing");
		return NULL;
	}
	text = expand(apply, node, key->name, &variable);
	if (origin->environment)
		free(variable);
	else
		origin->environment = variable;
	return text;
}

static bool set(struct apply *apply, const struct settings_key *key, const struct settings_node *node)
{
	cleanup_error struct error err = {0};
	cleanup_free char *text = scalar(apply, key, node);

	if (!text)
		return false;
	if (!settings_value_set(apply->settings, key, str_of(text), &err)) {
		problem_of(apply, node, key->name, error_text(&err));
		return false;
	}
	return true;
}

/* {address: 0.0.0.0:5443, tls: true} */
static void set_listener(struct apply *apply, const struct settings_key *key, const struct settings_node *node)
{
	const struct settings_node *address = NULL, *tls = NULL;

	for (size_t i = 0; i < node->count; i++) {
		const struct settings_node *child = &node->children[i];

		if (strcmp(child->key, "address") == 0)
			address = child;
		else if (strcmp(child->key, "tls") == 0)
			tls = child;
		else
			settings_problem(apply->problems, child->key_line, child->key_column, child->key,
				"there is no such setting; an entry of listen has: address, tls");
	}
	if (!address) {
		problem_of(apply, node, key->name, "this entry has no address");
		return;
	}
	if (!set(apply, key, address) || !tls)
		return;
	struct settings_listener *listener = &apply->settings->listen[apply->settings->listen_count - 1];
	cleanup_free char *text = scalar(apply, settings_key_find(STR("listen")), tls);

	if (!text)
		return;
	listener->tls = strcmp(text, "true") == 0;
	listener->tls_said = true;
	if (!listener->tls && strcmp(text, "false") != 0)
		settings_problem(apply->problems, tls->line, tls->column, "listen.tls", "\"%.128s\" is not true or false", text);
}

static void set_key(struct apply *apply, const struct settings_key *key, const struct settings_node *node)
{
	struct settings_origin *origin = settings_origin(apply->settings, key);
	bool is_list = key->type == SETTINGS_LISTENERS || key->type == SETTINGS_NETWORKS;

	*origin = (struct settings_origin){.kind = SETTINGS_FROM_FILE, .line = node->key_line, .column = node->key_column};
	settings_value_clear(apply->settings, key);
	if (!is_list || node->kind != SETTINGS_NODE_LIST) {
		if (key->type == SETTINGS_LISTENERS && node->kind == SETTINGS_NODE_MAPPING)
			set_listener(apply, key, node);
		else
			set(apply, key, node);
		return;
	}
	if (!node->count)
		problem_of(apply, node, key->name, "the list is empty");
	for (size_t i = 0; i < node->count; i++) {
		if (key->type == SETTINGS_LISTENERS && node->children[i].kind == SETTINGS_NODE_MAPPING)
			set_listener(apply, key, &node->children[i]);
		else
			set(apply, key, &node->children[i]);
	}
}

/* The names that stand in a section ("limits."), or at the top (""), as "a, b, c". */
static void names_in(struct str section, struct buf *out)
{
	struct str last = {0};

	for (size_t i = 0; i < settings_keys_count; i++) {
		struct str name = str_of(settings_keys[i].name), rest;

		if (!str_starts(name, section))
			continue;
		name = str_from(name, section.len);
		str_cut(name, '.', &name, &rest);
		if (str_equal(name, last))
			continue;
		buf_printf(out, "%s%.*s", out->len ? ", " : "", STR_ARG(name));
		last = name;
	}
}

static void unknown(struct apply *apply, const struct settings_node *node, const char *name, const char *section)
{
	cleanup_buf struct buf names = {0};

	names_in(str_of(section), &names);
	settings_problem(apply->problems, node->key_line, node->key_column, name, "there is no such setting; %.*s has: %s",
		section[0] ? (int)strlen(section) - 1 : 8, section[0] ? section : "the file", names.data);
}

/* Whether the table has keys in it. */
static bool is_section(const char *name)
{
	cleanup_free char *start = mem_printf("%s.", name);

	for (size_t i = 0; i < settings_keys_count; i++)
		if (str_starts(str_of(settings_keys[i].name), str_of(start)))
			return true;
	return false;
}

static void apply_section(struct apply *apply, const struct settings_node *section)
{
	cleanup_free char *start = mem_printf("%s.", section->key);

	/* A section of which every key is a comment reads as nothing. */
	if (section->is_null)
		return;
	if (section->kind != SETTINGS_NODE_MAPPING) {
		cleanup_buf struct buf names = {0};

		names_in(str_of(start), &names);
		settings_problem(apply->problems, section->line, section->column, section->key, "a mapping is wanted, with any of: %s", names.data);
		return;
	}
	for (size_t i = 0; i < section->count; i++) {
		const struct settings_node *node = &section->children[i];
		cleanup_free char *name = mem_printf("%s%s", start, node->key);
		const struct settings_key *key = settings_key_find(str_of(name));

		if (key)
			set_key(apply, key, node);
		else
			unknown(apply, node, name, start);
	}
}

bool settings_file_apply(struct settings *settings, struct str text, struct settings_problems *problems)
{
	struct apply apply = {settings, problems};
	struct settings_node root;

	bool read = settings_tree_read(&root, text, problems), is_mapping = root.kind == SETTINGS_NODE_MAPPING;
	if (read && !is_mapping && !root.is_null)
		problem_of(&apply, &root, NULL, "a mapping of settings is wanted, like \"data: /srv/registry\"");
	for (size_t i = 0; read && is_mapping && i < root.count; i++) {
		const struct settings_node *node = &root.children[i];
		const struct settings_key *key = strchr(node->key, '.') ? NULL : settings_key_find(str_of(node->key));

		/* What is one key's mistake does not hide another's. */
		if (key)
			set_key(&apply, key, node);
		else if (is_section(node->key))
			apply_section(&apply, node);
		else
			unknown(&apply, node, node->key, "");
	}
	settings_node_free(&root);
	return !problems->count;
}
