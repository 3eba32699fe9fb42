#include "cli/template_internal.h"

#include <string.h>

#include "base/mem.h"

struct variable {
	const char *name;
	json_t *value; /* owned */
};

struct run {
	const struct template *template;
	const struct template_data *data;
	struct variable *variables;
	size_t count, capacity;
	struct buf *out;
	struct error *err;
};

static bool pipeline_run(struct run *run, const struct pipeline *pipeline, json_t *dot, json_t **out);

/* `template: :1:2: executing "" at <.Nosuch>: WHAT` */
static bool run_fail(struct run *run, const struct operand *at, const char *format, ...) __attribute__((format(printf, 3, 4)));

static bool run_fail(struct run *run, const struct operand *at, const char *format, ...)
{
	cleanup_free char *what = NULL;
	cleanup_buf struct buf shown = {0};
	size_t line = 1, column = at->position;
	va_list args;

	va_start(args, format);
	what = mem_vprintf(format, args);
	va_end(args);
	for (size_t i = 0; i < at->position; i++) {
		if (run->template->text[i] == '\n') {
			line++;
			column = at->position - i - 1;
		}
	}
	if (at->kind == OPERAND_VARIABLE)
		buf_add_char(&shown, '$');
	if (at->name)
		buf_add_text(&shown, at->name);
	for (size_t i = 0; i < at->fields_count; i++)
		buf_printf(&shown, ".%s", at->fields[i]);
	if (shown.len == 0)
		buf_add_char(&shown, '.');
	return error_set(run->err, ERROR_INVALID, "template: :%zu:%zu: executing \"\" at <%s>: %s", line, column, shown.data, what);
}

/* ---- values ---- */

static void variable_push(struct run *run, const char *name, json_t *value)
{
	run->variables = mem_grow(run->variables, run->count, &run->capacity, sizeof *run->variables);
	run->variables[run->count++] = (struct variable){.name = name, .value = json_incref(value)};
}

static void variables_pop(struct run *run, size_t count)
{
	while (run->count > count)
		json_decref(run->variables[--run->count].value);
}

static struct variable *variable_find(struct run *run, const char *name)
{
	for (size_t i = run->count; i > 0; i--) {
		if (strcmp(run->variables[i - 1].name, name) == 0)
			return &run->variables[i - 1];
	}
	return NULL;
}

/* Follows the fields; *value is borrowed of what it is a part of. At the root an unknown name is an error, deeper it is no value. */
static bool fields_follow(struct run *run, const struct operand *operand, json_t **value)
{
	for (size_t i = 0; i < operand->fields_count; i++) {
		json_t *next = json_is_object(*value) ? json_object_get(*value, operand->fields[i]) : NULL;

		if (!next && *value == run->data->root && run->data->type_name)
			return run_fail(run, operand, "can't evaluate field %s in type %s", operand->fields[i], run->data->type_name);
		if (!next && *value == run->data->root)
			return run_fail(run, operand, "map has no entry for key \"%s\"", operand->fields[i]);
		if (json_is_null(*value))
			return run_fail(run, operand, "nil pointer evaluating interface {}.%s", operand->fields[i]);
		if (!json_is_object(*value))
			return run_fail(run, operand, "can't evaluate field %s in type interface {}", operand->fields[i]);
		*value = next ? next : json_null();
	}
	return true;
}

/* *out is a new reference. */
static bool operand_value(struct run *run, const struct operand *operand, json_t *dot, json_t **out)
{
	json_t *value = dot, *inner = NULL;
	struct variable *variable;
	bool done;

	switch (operand->kind) {
	case OPERAND_VALUE:
		*out = json_incref(operand->value);
		return true;
	case OPERAND_FUNCTION:
		return template_function_call(str_of(operand->name), NULL, 0, out, run->err);
	case OPERAND_VARIABLE:
		variable = variable_find(run, operand->name);
		if (!variable)
			return run_fail(run, operand, "undefined variable \"$%s\"", operand->name);
		value = variable->value;
		break;
	case OPERAND_PIPELINE:
		if (!pipeline_run(run, operand->pipeline, dot, &inner))
			return false;
		value = inner;
		break;
	case OPERAND_FIELD:
		break;
	}
	done = fields_follow(run, operand, &value);
	*out = done ? json_incref(value) : NULL;
	json_decref(inner);
	return done;
}

/* {{.Label "team"}}: the one method that takes an argument. */
static bool label_call(struct run *run, const struct command *command, json_t *dot, json_t **out)
{
	json_t *key = NULL;

	if (!operand_value(run, &command->operands[1], dot, &key))
		return false;
	json_t *value = json_object_get(run->data->labels, json_string_value(key) ? json_string_value(key) : "");
	*out = value ? json_incref(value) : json_string("");
	json_decref(key);
	return true;
}

/* Go's and/or stop at the first argument that decides. */
static bool shortcut_call(struct run *run, const struct command *command, json_t *dot, json_t *piped, json_t **out)
{
	bool stop_at = strcmp(command->operands[0].name, "or") == 0;

	*out = NULL;
	for (size_t i = 1; i < command->count; i++) {
		json_decref(*out);
		if (!operand_value(run, &command->operands[i], dot, out))
			return false;
		if (template_value_true(*out) == stop_at)
			return true;
	}
	if (piped) {
		json_decref(*out);
		*out = json_incref(piped);
	}
	return *out || run_fail(run, &command->operands[0], "wrong number of args for %s: want at least 1 got 0", command->operands[0].name);
}

static bool function_call(struct run *run, const struct command *command, json_t *dot, json_t *piped, json_t **out)
{
	const struct operand *function = &command->operands[0];
	json_t **args = mem_alloc(command->count + 1, sizeof *args);
	cleanup_error struct error why = {0};
	size_t count = 0;
	bool done = true;

	for (size_t i = 1; i < command->count && done; i++) {
		done = operand_value(run, &command->operands[i], dot, &args[count]);
		count += done;
	}
	if (done && piped)
		args[count++] = json_incref(piped);
	if (done && !template_function_call(str_of(function->name), args, count, out, &why))
		done = run_fail(run, function, "%s", error_text(&why));
	for (size_t i = 0; i < count; i++)
		json_decref(args[i]);
	free(args);
	return done;
}

static bool command_run(struct run *run, const struct command *command, json_t *dot, json_t *piped, json_t **out)
{
	const struct operand *first = &command->operands[0];

	if (first->kind == OPERAND_FUNCTION && (strcmp(first->name, "and") == 0 || strcmp(first->name, "or") == 0))
		return shortcut_call(run, command, dot, piped, out);
	if (first->kind == OPERAND_FUNCTION)
		return function_call(run, command, dot, piped, out);
	if (first->kind == OPERAND_FIELD && first->fields_count == 1 && strcmp(first->fields[0], "Label") == 0 && command->count == 2)
		return label_call(run, command, dot, out);
	if (command->count > 1 || piped)
		return run_fail(run, first, "can't give argument to non-function");
	return operand_value(run, first, dot, out);
}

/* The pipeline's value as a new reference; what it declares is set unless it declares for range. */
static bool pipeline_run(struct run *run, const struct pipeline *pipeline, json_t *dot, json_t **out)
{
	json_t *value = NULL;

	for (size_t i = 0; i < pipeline->count; i++) {
		json_t *next = NULL;
		bool done = command_run(run, &pipeline->commands[i], dot, value, &next);

		json_decref(value);
		value = next;
		if (!done)
			return false;
	}
	*out = value;
	return true;
}

static void variable_assign(struct run *run, const struct pipeline *pipeline, int which, json_t *value)
{
	struct variable *variable = pipeline->declares ? NULL : variable_find(run, pipeline->variables[which]);

	if (!variable) {
		variable_push(run, pipeline->variables[which], value);
		return;
	}
	json_decref(variable->value);
	variable->value = json_incref(value);
}

/* ---- nodes ---- */

static bool nodes_run(struct run *run, const struct node *node, json_t *dot);

static bool range_once(struct run *run, const struct node *node, json_t *key, json_t *value)
{
	size_t before = run->count;
	const struct pipeline *pipeline = node->pipeline;
	bool done;

	if (pipeline->variables[1]) {
		variable_assign(run, pipeline, 0, key);
		variable_assign(run, pipeline, 1, value);
	} else if (pipeline->variables[0]) {
		variable_assign(run, pipeline, 0, value);
	}
	done = nodes_run(run, node->body, value);
	variables_pop(run, before);
	return done;
}

static int key_compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Go goes through a map by its sorted keys. */
static bool range_object(struct run *run, const struct node *node, json_t *object)
{
	size_t count = json_object_size(object), i = 0;
	const char **keys = mem_alloc(count + 1, sizeof *keys), *key;
	bool done = true;
	json_t *value;

	json_object_foreach (object, key, value)
		keys[i++] = key;
	qsort(keys, count, sizeof *keys, key_compare);
	for (i = 0; i < count && done; i++) {
		json_t *name = json_string(keys[i]);

		done = range_once(run, node, name, json_object_get(object, keys[i]));
		json_decref(name);
	}
	free(keys);
	return done;
}

static bool range_run(struct run *run, const struct node *node, json_t *value, json_t *dot)
{
	size_t index;
	json_t *item;

	if (!template_value_true(value))
		return nodes_run(run, node->otherwise, dot);
	if (json_is_object(value))
		return range_object(run, node, value);
	if (!json_is_array(value)) {
		cleanup_buf struct buf shown = {0};

		template_value_print(value, &shown);
		return run_fail(run, &node->pipeline->commands[0].operands[0], "range can't iterate over %s", shown.data);
	}
	json_array_foreach (value, index, item) {
		json_t *key = json_integer((json_int_t)index);
		bool done = range_once(run, node, key, item);

		json_decref(key);
		if (!done)
			return false;
	}
	return true;
}

static bool node_run(struct run *run, const struct node *node, json_t *dot)
{
	json_t *value = NULL;
	size_t before = run->count;
	bool done = true;

	if (node->kind == NODE_TEXT) {
		buf_add_str(run->out, node->text);
		return true;
	}
	if (!pipeline_run(run, node->pipeline, dot, &value))
		return false;
	if (node->kind != NODE_RANGE && node->pipeline->variables[0])
		variable_assign(run, node->pipeline, 0, value);
	else if (node->kind == NODE_ACTION)
		template_value_print(value, run->out);
	if (node->kind == NODE_IF)
		done = nodes_run(run, template_value_true(value) ? node->body : node->otherwise, dot);
	else if (node->kind == NODE_WITH)
		done = template_value_true(value) ? nodes_run(run, node->body, value) : nodes_run(run, node->otherwise, dot);
	else if (node->kind == NODE_RANGE)
		done = range_run(run, node, value, dot);
	/* A variable of a plain action lives on to the end of its list. */
	if (node->kind != NODE_ACTION)
		variables_pop(run, before);
	json_decref(value);
	return done;
}

static bool nodes_run(struct run *run, const struct node *node, json_t *dot)
{
	size_t before = run->count;
	bool done = true;

	for (; node && done; node = node->next)
		done = node_run(run, node, dot);
	variables_pop(run, before);
	return done;
}

bool template_run(const struct template *template, const struct template_data *data, struct buf *out, struct error *err)
{
	struct run run = {.template = template, .data = data, .out = out, .err = err};
	bool done;

	variable_push(&run, "", data->root);
	done = nodes_run(&run, template->first, data->root);
	variables_pop(&run, 0);
	free(run.variables);
	return done || error_prefix(err, "template parsing error");
}
