/*
 * YAML by libyaml, as a small tree with the line and column of everything. Only what a configuration needs is taken: what makes YAML dangerous
 * (aliases that multiply, tags, depth) or surprising (a key that stands twice) is refused where it stands.
 */
#include <stdarg.h>
#include <string.h>
#include <yaml.h>

#include "base/mem.h"
#include "registry/settings_internal.h"

#define DEPTH_MAX 6
#define NODES_MAX 4096
#define PROBLEMS_MAX 20

struct reader {
	struct str text;
	yaml_parser_t parser;
	struct settings_problems *problems;
	size_t nodes;
};

void settings_problem(struct settings_problems *problems, unsigned int line, unsigned int column, const char *key, const char *format, ...)
{
	va_list args;

	if (problems->count++ >= PROBLEMS_MAX)
		return;
	if (problems->text.len)
		buf_add_char(&problems->text, '\n');
	buf_printf(&problems->text, "%s:%u:%u: ", problems->file, line, column);
	if (key)
		buf_printf(&problems->text, "%.100s: ", key);
	va_start(args, format);
	buf_vprintf(&problems->text, format, args);
	va_end(args);
}

static bool problem_at(struct reader *reader, yaml_mark_t mark, const char *what)
{
	settings_problem(reader->problems, (unsigned int)mark.line + 1, (unsigned int)mark.column + 1, NULL, "%s", what);
	return false;
}

/* A reader's error, of bytes that are no text, has an offset and no mark. */
static yaml_mark_t mark_of(const struct reader *reader, size_t offset)
{
	yaml_mark_t mark = {0};

	for (size_t i = 0; i < offset && i < reader->text.len; i++) {
		mark.column++;
		if (reader->text.data[i] == '\n') {
			mark.line++;
			mark.column = 0;
		}
	}
	return mark;
}

static bool next(struct reader *reader, yaml_event_t *event)
{
	const yaml_parser_t *parser = &reader->parser;

	if (yaml_parser_parse(&reader->parser, event))
		return true;
	if (parser->error == YAML_READER_ERROR)
		return problem_at(reader, mark_of(reader, parser->problem_offset), "it is not text in UTF-8");
	return problem_at(reader, parser->problem_mark, parser->problem ? parser->problem : "it is not YAML");
}

/* A scalar as text that is owned; NULL after saying what is wrong. */
static char *scalar_text(struct reader *reader, const yaml_event_t *event)
{
	const char *value = (const char *)event->data.scalar.value;
	size_t len = event->data.scalar.length;

	if (event->data.scalar.anchor || event->data.scalar.tag) {
		problem_at(reader, event->start_mark, "anchors and tags are not taken");
		return NULL;
	}
	if (memchr(value, '\0', len)) {
		problem_at(reader, event->start_mark, "a NUL is in it");
		return NULL;
	}
	return str_dup(str_make(value, len));
}

static struct settings_node *add_child(struct settings_node *parent)
{
	parent->children = mem_grow(parent->children, parent->count, &parent->capacity, sizeof *parent->children);
	parent->children[parent->count] = (struct settings_node){0};
	return &parent->children[parent->count++];
}

static bool read_value(struct reader *reader, struct settings_node *node, const yaml_event_t *event, size_t depth);

/* The next event is the start of a value: reads it. */
static bool read_next_value(struct reader *reader, struct settings_node *node, size_t depth)
{
	yaml_event_t event;

	if (!next(reader, &event))
		return false;
	bool taken = read_value(reader, node, &event, depth);
	yaml_event_delete(&event);
	return taken;
}

static bool take_key(struct reader *reader, struct settings_node *parent, const yaml_event_t *event)
{
	if (event->type != YAML_SCALAR_EVENT)
		return problem_at(reader, event->start_mark, "a setting's name is one word");
	cleanup_free char *key = scalar_text(reader, event);
	if (!key)
		return false;
	for (size_t i = 0; i < parent->count; i++) {
		if (strcmp(parent->children[i].key, key) == 0) {
			settings_problem(reader->problems, (unsigned int)event->start_mark.line + 1, (unsigned int)event->start_mark.column + 1, key,
				"it stands here twice, first in line %u", parent->children[i].key_line);
			return false;
		}
	}
	struct settings_node *child = add_child(parent);
	child->key = key;
	child->key_line = (unsigned int)event->start_mark.line + 1;
	child->key_column = (unsigned int)event->start_mark.column + 1;
	key = NULL;
	return true;
}

/* The children of a mapping or list, up to the event that ends it. */
static bool read_children(struct reader *reader, struct settings_node *node, yaml_event_type_t end, size_t depth)
{
	for (;;) {
		yaml_event_t event;

		if (!next(reader, &event))
			return false;
		bool ended = event.type == end, taken;
		if (ended)
			taken = true;
		else if (end == YAML_MAPPING_END_EVENT)
			taken = take_key(reader, node, &event) && read_next_value(reader, &node->children[node->count - 1], depth);
		else
			taken = read_value(reader, add_child(node), &event, depth);
		yaml_event_delete(&event);
		if (ended || !taken)
			return taken;
	}
}

static bool read_value(struct reader *reader, struct settings_node *node, const yaml_event_t *event, size_t depth)
{
	node->line = (unsigned int)event->start_mark.line + 1;
	node->column = (unsigned int)event->start_mark.column + 1;
	node->is_null = false;
	if (!node->key) {
		node->key_line = node->line;
		node->key_column = node->column;
	}
	if (++reader->nodes > NODES_MAX)
		return problem_at(reader, event->start_mark, "it has more entries than any configuration");
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		node->kind = SETTINGS_NODE_SCALAR;
		node->text = scalar_text(reader, event);
		node->is_null = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && !event->data.scalar.length;
		return node->text;
	case YAML_MAPPING_START_EVENT:
	case YAML_SEQUENCE_START_EVENT:
		if (depth >= DEPTH_MAX)
			return problem_at(reader, event->start_mark, "it is nested deeper than any configuration");
		if (event->type == YAML_MAPPING_START_EVENT ? event->data.mapping_start.anchor || event->data.mapping_start.tag
							    : event->data.sequence_start.anchor || event->data.sequence_start.tag)
			return problem_at(reader, event->start_mark, "anchors and tags are not taken");
		node->kind = event->type == YAML_MAPPING_START_EVENT ? SETTINGS_NODE_MAPPING : SETTINGS_NODE_LIST;
		return read_children(
			reader, node, event->type == YAML_MAPPING_START_EVENT ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT, depth + 1);
	case YAML_ALIAS_EVENT:
		return problem_at(reader, event->start_mark, "aliases are not taken");
	default:
		return problem_at(reader, event->start_mark, "a value is missing");
	}
}

/* The events around the one document; an empty file has none. */
static bool read_stream(struct reader *reader, struct settings_node *root)
{
	bool seen = false, going = true, taken = true;

	root->kind = SETTINGS_NODE_SCALAR;
	root->is_null = true;
	while (going && taken) {
		yaml_event_t event;

		if (!next(reader, &event))
			return false;
		if (event.type == YAML_DOCUMENT_START_EVENT) {
			taken = seen ? problem_at(reader, event.start_mark, "a second document begins here: one is taken")
				     : read_next_value(reader, root, 0);
			seen = true;
		}
		going = event.type != YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	return taken;
}

bool settings_tree_read(struct settings_node *root, struct str text, struct settings_problems *problems)
{
	struct reader reader = {.text = text, .problems = problems};

	*root = (struct settings_node){0};
	if (!yaml_parser_initialize(&reader.parser)) {
		settings_problem(problems, 1, 1, NULL, "there is no memory to read it");
		return false;
	}
	yaml_parser_set_input_string(&reader.parser, (const unsigned char *)(text.data ? text.data : ""), text.len);
	bool taken = read_stream(&reader, root);
	yaml_parser_delete(&reader.parser);
	return taken;
}

void settings_node_free(struct settings_node *node)
{
	for (size_t i = 0; i < node->count; i++)
		settings_node_free(&node->children[i]);
	free(node->children);
	free(node->key);
	free(node->text);
	*node = (struct settings_node){0};
}
