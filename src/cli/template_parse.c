#include "cli/template_internal.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"

struct parser {
	struct str text;
	size_t at;
	int depth;
	struct error *err;
};

static bool pipeline_read(struct parser *p, struct pipeline **out, struct str end);

/* Go's position in a parse error is the line alone. */
static bool parse_fail(struct parser *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool parse_fail(struct parser *p, const char *format, ...)
{
	cleanup_free char *what = NULL;
	size_t line = 1;
	va_list args;

	va_start(args, format);
	what = mem_vprintf(format, args);
	va_end(args);
	for (size_t i = 0; i < p->at && i < p->text.len; i++)
		line += p->text.data[i] == '\n';
	return error_set(p->err, ERROR_INVALID, "template parsing error: template: :%zu: %s", line, what);
}

static bool at_text(const struct parser *p, const char *text)
{
	return str_starts(str_from(p->text, p->at), str_of(text));
}

static char peek(const struct parser *p)
{
	return p->at < p->text.len ? p->text.data[p->at] : '\0';
}

static void blanks_skip(struct parser *p)
{
	while (p->at < p->text.len && strchr(" \t\r\n", p->text.data[p->at]))
		p->at++;
}

static bool word_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

static struct str word_take(struct parser *p)
{
	size_t start = p->at;

	while (p->at < p->text.len && word_char(p->text.data[p->at]))
		p->at++;
	return str_make(p->text.data + start, p->at - start);
}

/* "}}" or "-}}" ends an action. */
static bool at_end(const struct parser *p)
{
	return at_text(p, "}}") || at_text(p, "-}}");
}

/* ---- operands ---- */

static void fields_read(struct parser *p, struct operand *operand)
{
	while (peek(p) == '.' && p->at + 1 < p->text.len && word_char(p->text.data[p->at + 1])) {
		p->at++;
		operand->fields = mem_grow(operand->fields, operand->fields_count, &operand->fields_capacity, sizeof *operand->fields);
		operand->fields[operand->fields_count++] = str_dup(word_take(p));
	}
}

/* What stands between quotes, with Go's escapes that make sense here. */
static bool string_read(struct parser *p, json_t **out)
{
	cleanup_buf struct buf text = {0};
	char quote = p->text.data[p->at++];

	buf_add_text(&text, "");
	for (;;) {
		char c = peek(p);

		if (c == '\0' || (c == '\n' && quote != '`'))
			return parse_fail(p, quote == '`' ? "unterminated raw quoted string" : "unterminated quoted string");
		p->at++;
		if (c == quote)
			break;
		if (c == '\\' && quote != '`') {
			c = peek(p);
			p->at++;
			c = c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
		}
		buf_add_char(&text, c);
	}
	*out = json_stringn(text.data ? text.data : "", text.len);
	return *out || parse_fail(p, "text is not UTF-8");
}

static bool number_read(struct parser *p, json_t **out)
{
	size_t start = p->at;
	cleanup_free char *text = NULL;
	char *end;

	while (p->at < p->text.len && (word_char(peek(p)) || strchr("+-.", peek(p))))
		p->at++;
	text = mem_copy_text(p->text.data + start, p->at - start);
	long long integer = strtoll(text, &end, 0);
	if (*end == '\0') {
		*out = json_integer(integer);
		return true;
	}
	double real = strtod(text, &end);
	*out = *end == '\0' ? json_real(real) : NULL;
	return *out || parse_fail(p, "bad number syntax: \"%s\"", text);
}

static bool word_operand(struct parser *p, struct operand *out)
{
	struct str word = word_take(p);

	out->kind = OPERAND_VALUE;
	if (str_equal(word, STR("true")) || str_equal(word, STR("false"))) {
		out->value = json_boolean(word.data[0] == 't');
		return true;
	}
	if (str_equal(word, STR("nil"))) {
		out->value = json_null();
		return true;
	}
	if (!template_function_known(word))
		return parse_fail(p, "function \"%.*s\" not defined", STR_ARG(word));
	out->kind = OPERAND_FUNCTION;
	out->name = str_dup(word);
	return true;
}

static bool operand_read(struct parser *p, struct operand *out)
{
	char c = peek(p);

	*out = (struct operand){.position = p->at};
	if (c == '.') {
		out->kind = OPERAND_FIELD;
		fields_read(p, out);
		if (out->fields_count == 0)
			p->at++;
		return true;
	}
	if (c == '$') {
		p->at++;
		out->kind = OPERAND_VARIABLE;
		out->name = str_dup(word_take(p));
		fields_read(p, out);
		return true;
	}
	if (c == '(') {
		p->at++;
		out->kind = OPERAND_PIPELINE;
		if (!pipeline_read(p, &out->pipeline, STR(")")))
			return false;
		p->at++;
		fields_read(p, out);
		return true;
	}
	out->kind = OPERAND_VALUE;
	if (c == '"' || c == '`')
		return string_read(p, &out->value);
	if (isdigit((unsigned char)c) || c == '-' || c == '+')
		return number_read(p, &out->value);
	if (word_char(c))
		return word_operand(p, out);
	return c ? parse_fail(p, "unexpected \"%c\" in operand", c) : parse_fail(p, "unclosed action");
}

/* ---- pipelines ---- */

/* "$a :=", "$a, $b :=" or "$a =" at the start of a pipeline; nothing when it begins otherwise. */
static void variables_read(struct parser *p, struct pipeline *out)
{
	size_t start = p->at;
	struct str names[2] = {0};

	for (int i = 0; i < 2 && peek(p) == '$'; i++) {
		p->at++;
		names[i] = word_take(p);
		blanks_skip(p);
		if (peek(p) == ',' && i == 0) {
			p->at++;
			blanks_skip(p);
			continue;
		}
		if (!at_text(p, ":=") && !(at_text(p, "=") && !at_text(p, "==")))
			break;
		out->declares = peek(p) == ':';
		p->at += out->declares ? 2 : 1;
		for (int j = 0; j <= i; j++)
			out->variables[j] = str_dup(names[j]);
		blanks_skip(p);
		return;
	}
	p->at = start;
}

static bool commands_read(struct parser *p, struct pipeline *pipeline, struct str end)
{
	struct command *command = NULL;

	for (;;) {
		blanks_skip(p);
		bool over = end.len > 0 ? str_starts(str_from(p->text, p->at), end) : at_end(p);
		if (over || peek(p) == '|') {
			if (!command)
				return parse_fail(p, "missing value for command");
			if (over)
				return true;
			p->at++;
			command = NULL;
			continue;
		}
		if (p->at >= p->text.len)
			return parse_fail(p, "unclosed action");
		if (end.len > 0 && at_end(p))
			return parse_fail(p, "unclosed left paren");
		if (!command) {
			pipeline->commands = mem_grow(pipeline->commands, pipeline->count, &pipeline->capacity, sizeof *pipeline->commands);
			command = &pipeline->commands[pipeline->count++];
			*command = (struct command){0};
		}
		command->operands = mem_grow(command->operands, command->count, &command->capacity, sizeof *command->operands);
		if (!operand_read(p, &command->operands[command->count++]))
			return false;
	}
}

/* Reads up to end, which is left: "" is the end of the action. */
static bool pipeline_read(struct parser *p, struct pipeline **out, struct str end)
{
	if (++p->depth > TEMPLATE_DEPTH_MAX)
		return parse_fail(p, "nested too deep");
	*out = mem_alloc(1, sizeof **out);
	blanks_skip(p);
	variables_read(p, *out);
	if (!commands_read(p, *out, end))
		return false;
	p->depth--;
	return true;
}

/* ---- nodes ---- */

static struct node *node_add(struct node ***tail, enum node_kind kind)
{
	struct node *node = mem_alloc(1, sizeof *node);

	node->kind = kind;
	**tail = node;
	*tail = &node->next;
	return node;
}

/* Passes "}}", and the blanks behind "-}}". */
static bool action_end(struct parser *p)
{
	bool trim = at_text(p, "-}}");

	blanks_skip(p);
	trim = trim || at_text(p, "-}}");
	if (!at_end(p))
		return p->at >= p->text.len ? parse_fail(p, "unclosed action") : parse_fail(p, "unexpected \"%c\" in command", peek(p));
	p->at += trim ? 3 : 2;
	if (trim)
		blanks_skip(p);
	return true;
}

enum list_end { LIST_EOF, LIST_END, LIST_ELSE };

static bool list_read(struct parser *p, struct node **first, enum list_end *how);

/* The two lists of if, range and with. "else if" is an if alone in the second list, and shares its end. */
static bool block_read(struct parser *p, struct node *node)
{
	static const char *const kinds[] = {[NODE_IF] = "if", [NODE_RANGE] = "range", [NODE_WITH] = "with"};
	enum list_end how;

	if (++p->depth > TEMPLATE_DEPTH_MAX)
		return parse_fail(p, "nested too deep");
	if (!pipeline_read(p, &node->pipeline, STR("")) || !action_end(p) || !list_read(p, &node->body, &how))
		return false;
	p->depth--;
	if (how == LIST_ELSE) {
		blanks_skip(p);
		if (at_text(p, kinds[node->kind]) && !at_end(p)) {
			struct node **tail = &node->otherwise;

			p->at += strlen(kinds[node->kind]);
			/* Each is one inside the other, however flat it is written: that counts too, and is not taken back. */
			p->depth++;
			return block_read(p, node_add(&tail, node->kind));
		}
		if (!action_end(p) || !list_read(p, &node->otherwise, &how))
			return false;
	}
	return how == LIST_END || parse_fail(p, how == LIST_EOF ? "unexpected EOF" : "expected end; found {{else}}");
}

/* Is the next word this one? Then it is passed. */
static bool keyword_take(struct parser *p, const char *word)
{
	size_t len = strlen(word);

	if (!at_text(p, word) || (p->at + len < p->text.len && word_char(p->text.data[p->at + len])))
		return false;
	p->at += len;
	return true;
}

/* One action, behind its "{{". *how is set when it ends the list. */
static bool action_read(struct parser *p, struct node ***tail, enum list_end *how, bool *ended)
{
	static const struct {
		const char *word;
		enum node_kind kind;
	} blocks[] = {{"if", NODE_IF}, {"range", NODE_RANGE}, {"with", NODE_WITH}};

	blanks_skip(p);
	if (at_text(p, "/*")) {
		while (p->at < p->text.len && !at_text(p, "*/"))
			p->at++;
		if (p->at >= p->text.len)
			return parse_fail(p, "unclosed comment");
		p->at += 2;
		return action_end(p);
	}
	if (keyword_take(p, "end")) {
		*how = LIST_END;
		*ended = true;
		return action_end(p);
	}
	if (keyword_take(p, "else")) {
		*how = LIST_ELSE;
		*ended = true;
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(blocks); i++) {
		if (keyword_take(p, blocks[i].word))
			return block_read(p, node_add(tail, blocks[i].kind));
	}
	struct node *node = node_add(tail, NODE_ACTION);
	return pipeline_read(p, &node->pipeline, STR("")) && action_end(p);
}

static struct str text_take(struct parser *p)
{
	size_t start = p->at;

	while (p->at < p->text.len && !at_text(p, "{{"))
		p->at++;
	return str_make(p->text.data + start, p->at - start);
}

static bool list_read(struct parser *p, struct node **first, enum list_end *how)
{
	struct node **tail = first;
	bool ended = false;

	if (++p->depth > TEMPLATE_DEPTH_MAX)
		return parse_fail(p, "nested too deep");
	*how = LIST_EOF;
	while (!ended && p->at < p->text.len) {
		struct str text = text_take(p);
		/* "{{- " takes the blanks before it. */
		bool trim = at_text(p, "{{-") && p->at + 3 < p->text.len && strchr(" \t\r\n", p->text.data[p->at + 3]);

		while (trim && text.len > 0 && strchr(" \t\r\n", text.data[text.len - 1]))
			text.len--;
		if (text.len > 0)
			node_add(&tail, NODE_TEXT)->text = text;
		if (p->at >= p->text.len)
			break;
		p->at += trim ? 3 : 2;
		if (!action_read(p, &tail, how, &ended))
			return false;
	}
	p->depth--;
	return true;
}

/* ---- the whole ---- */

static void pipeline_free(struct pipeline *pipeline)
{
	if (!pipeline)
		return;
	for (size_t i = 0; i < pipeline->count; i++) {
		struct command *command = &pipeline->commands[i];

		for (size_t j = 0; j < command->count; j++) {
			struct operand *operand = &command->operands[j];

			for (size_t k = 0; k < operand->fields_count; k++)
				free(operand->fields[k]);
			free(operand->fields);
			free(operand->name);
			json_decref(operand->value);
			pipeline_free(operand->pipeline);
		}
		free(command->operands);
	}
	free(pipeline->commands);
	free(pipeline->variables[0]);
	free(pipeline->variables[1]);
	free(pipeline);
}

static void nodes_free(struct node *node)
{
	while (node) {
		struct node *next = node->next;

		pipeline_free(node->pipeline);
		nodes_free(node->body);
		nodes_free(node->otherwise);
		free(node);
		node = next;
	}
}

bool template_parse(struct template **out, struct str text, struct error *err)
{
	struct template *template = mem_alloc(1, sizeof *template);
	struct parser parser = {.err = err};
	enum list_end how = LIST_EOF;

	template->text = str_dup(text);
	parser.text = str_make(template->text, text.len);
	if (!list_read(&parser, &template->first, &how) ||
		(how != LIST_EOF && !parse_fail(&parser, "unexpected {{%s}}", how == LIST_END ? "end" : "else"))) {
		template_free(template);
		return false;
	}
	*out = template;
	return true;
}

void template_free(struct template *template)
{
	if (!template)
		return;
	nodes_free(template->first);
	free(template->text);
	free(template);
}

void template_cleanup(struct template **template)
{
	template_free(*template);
	*template = NULL;
}
