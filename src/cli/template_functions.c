#include "cli/template_internal.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"

/* What no template needs more of: "printf "%999999999d"" must not fill the memory. */
#define PAD_MAX 1000

/* ---- values ---- */

bool template_value_true(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_STRING:
		return json_string_length(value) > 0;
	case JSON_INTEGER:
		return json_integer_value(value) != 0;
	case JSON_REAL:
		return json_real_value(value) != 0;
	case JSON_ARRAY:
		return json_array_size(value) > 0;
	case JSON_OBJECT:
		return json_object_size(value) > 0;
	case JSON_TRUE:
		return true;
	default:
		return false;
	}
}

static int key_compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void object_print(const json_t *object, struct buf *out)
{
	size_t count = json_object_size(object), i = 0;
	const char **keys = mem_alloc(count + 1, sizeof *keys), *key;
	json_t *value;

	json_object_foreach ((json_t *)object, key, value)
		keys[i++] = key;
	qsort(keys, count, sizeof *keys, key_compare);
	buf_add_text(out, "map[");
	for (i = 0; i < count; i++) {
		buf_printf(out, "%s%s:", i ? " " : "", keys[i]);
		template_value_print(json_object_get(object, keys[i]), out);
	}
	buf_add_char(out, ']');
	free(keys);
}

void template_value_print(const json_t *value, struct buf *out)
{
	size_t index;
	json_t *item;

	switch (json_typeof(value)) {
	case JSON_STRING:
		buf_add(out, json_string_value(value), json_string_length(value));
		break;
	case JSON_INTEGER:
		buf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		break;
	case JSON_REAL:
		buf_printf(out, "%g", json_real_value(value));
		break;
	case JSON_ARRAY:
		buf_add_char(out, '[');
		json_array_foreach (value, index, item) {
			if (index)
				buf_add_char(out, ' ');
			template_value_print(item, out);
		}
		buf_add_char(out, ']');
		break;
	case JSON_OBJECT:
		object_print(value, out);
		break;
	case JSON_NULL:
		buf_add_text(out, "<no value>");
		break;
	default:
		buf_add_text(out, json_is_true(value) ? "true" : "false");
		break;
	}
}

static json_t *text_value(const struct buf *text)
{
	return json_stringn_nocheck(text->data ? text->data : "", text->len);
}

static struct str value_text(const json_t *value)
{
	return json_is_string(value) ? str_make(json_string_value(value), json_string_length(value)) : (struct str){0};
}

/* ---- docker's functions ---- */

static bool json_call(json_t **args, size_t count, json_t **out, struct error *err)
{
	char *text = json_dumps(args[0], JSON_COMPACT | JSON_ENCODE_ANY);

	(void)count;
	if (!text)
		return error_set(err, ERROR_INVALID, "error calling json: not a JSON value");
	*out = json_string(text);
	free(text);
	return true;
}

static bool index_call(json_t **args, size_t count, json_t **out, struct error *err)
{
	json_t *value = args[0];

	for (size_t i = 1; i < count; i++) {
		json_t *next = NULL;

		if (json_is_object(value) && json_is_string(args[i])) {
			next = json_object_get(value, json_string_value(args[i]));
			value = next ? next : json_null();
			continue;
		}
		if (json_is_array(value) && json_is_integer(args[i])) {
			json_int_t at = json_integer_value(args[i]);

			if (at < 0 || (size_t)at >= json_array_size(value))
				return error_set(err, ERROR_INVALID, "error calling index: index out of range: %lld", (long long)at);
			value = json_array_get(value, (size_t)at);
			continue;
		}
		if (json_is_null(value))
			return error_set(err, ERROR_INVALID, "error calling index: index of untyped nil");
		return error_set(err, ERROR_INVALID, "error calling index: can't index item of this type");
	}
	*out = json_incref(value);
	return true;
}

static bool len_call(json_t **args, size_t count, json_t **out, struct error *err)
{
	(void)count;
	if (json_is_string(args[0]))
		*out = json_integer((json_int_t)json_string_length(args[0]));
	else if (json_is_array(args[0]))
		*out = json_integer((json_int_t)json_array_size(args[0]));
	else if (json_is_object(args[0]))
		*out = json_integer((json_int_t)json_object_size(args[0]));
	else
		return error_set(err, ERROR_INVALID, "error calling len: len of type that has none");
	return true;
}

static bool not_call(json_t **args, size_t count, json_t **out, struct error *err)
{
	(void)count;
	(void)err;
	*out = json_boolean(!template_value_true(args[0]));
	return true;
}

/* Below, at or above 0; false when the two cannot be compared. */
static bool values_order(const json_t *a, const json_t *b, int *order)
{
	if (json_is_string(a) && json_is_string(b)) {
		*order = str_compare(value_text(a), value_text(b));
		return true;
	}
	if (json_is_number(a) && json_is_number(b)) {
		double difference = json_number_value(a) - json_number_value(b);

		*order = difference < 0 ? -1 : difference > 0;
		return true;
	}
	return false;
}

static bool eq_call(json_t **args, size_t count, json_t **out, struct error *err)
{
	bool equal = false;

	for (size_t i = 1; i < count && !equal; i++) {
		if (json_typeof(args[0]) != json_typeof(args[i]) && !(json_is_boolean(args[0]) && json_is_boolean(args[i])))
			return error_set(err, ERROR_INVALID, "error calling eq: incompatible types for comparison");
		equal = json_equal(args[0], args[i]);
	}
	*out = json_boolean(equal);
	return true;
}

static bool ne_call(json_t **args, size_t count, json_t **out, struct error *err)
{
	if (!eq_call(args, count, out, err))
		return false;
	bool equal = json_is_true(*out);
	json_decref(*out);
	*out = json_boolean(!equal);
	return true;
}

static bool order_call(json_t **args, json_t **out, const char *name, bool below, bool at, bool above, struct error *err)
{
	int order = 0;

	if (!values_order(args[0], args[1], &order))
		return error_set(err, ERROR_INVALID, "error calling %s: incompatible types for comparison", name);
	*out = json_boolean(order < 0 ? below : order > 0 ? above : at);
	return true;
}

static bool lt_call(json_t **args, size_t count, json_t **out, struct error *err)
{
	(void)count;
	return order_call(args, out, "lt", true, false, false, err);
}

static bool le_call(json_t **args, size_t count, json_t **out, struct error *err)
{
	(void)count;
	return order_call(args, out, "le", true, true, false, err);
}

static bool gt_call(json_t **args, size_t count, json_t **out, struct error *err)
{
	(void)count;
	return order_call(args, out, "gt", false, false, true, err);
}

static bool ge_call(json_t **args, size_t count, json_t **out, struct error *err)
{
	(void)count;
	return order_call(args, out, "ge", false, true, true, err);
}

/* One verb of printf. spec is what stands before it: "%-10". */
static void verb_print(struct buf *out, const char *spec, char verb, const json_t *value)
{
	cleanup_buf struct buf text = {0}, format = {0};

	if (verb == 'q') {
		char *quoted = json_dumps(value, JSON_ENCODE_ANY);

		buf_add_text(&text, quoted ? quoted : "");
		free(quoted);
	} else if (verb == 'x' && json_is_integer(value)) {
		buf_printf(&text, "%llx", (long long)json_integer_value(value));
	} else if (verb == 'f' && json_is_number(value)) {
		buf_printf(&format, "%sf", spec);
		/* The format holds only digits, "-", "0" and "." (checked by printf_call). */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		buf_printf(out, format.data, json_number_value(value));
#pragma GCC diagnostic pop
		return;
	} else {
		template_value_print(value, &text);
	}
	long width = strtol(spec + 1 + (spec[1] == '-'), NULL, 10);
	size_t pad = width > (long)text.len ? (size_t)width - text.len : 0;

	if (spec[1] != '-')
		buf_printf(out, "%*s", (int)pad, "");
	buf_add_str(out, buf_str(&text));
	if (spec[1] == '-')
		buf_printf(out, "%*s", (int)pad, "");
}

static bool printf_call(json_t **args, size_t count, json_t **out, struct error *err)
{
	struct str format = value_text(args[0]);
	cleanup_buf struct buf text = {0};
	size_t next = 1;

	for (size_t i = 0; i < format.len; i++) {
		char spec[16];
		size_t len = 0;

		if (format.data[i] != '%' || i + 1 == format.len) {
			buf_add_char(&text, format.data[i]);
			continue;
		}
		if (format.data[i + 1] == '%') {
			buf_add_char(&text, '%');
			i++;
			continue;
		}
		spec[len++] = '%';
		for (i++; i < format.len && strchr("-.0123456789", format.data[i]) && len < 5; i++)
			spec[len++] = format.data[i];
		spec[len] = '\0';
		if (i == format.len || strtol(spec + 1 + (spec[1] == '-'), NULL, 10) > PAD_MAX || !strchr("svdqxft", format.data[i]))
			return error_set(err, ERROR_INVALID, "error calling printf: bad verb \"%s\"", spec);
		if (next == count)
			buf_printf(&text, "%%!%c(MISSING)", format.data[i]);
		else
			verb_print(&text, spec, format.data[i], args[next++]);
	}
	*out = text_value(&text);
	return true;
}

static bool print_call(json_t **args, size_t count, json_t **out, struct error *err)
{
	cleanup_buf struct buf text = {0};

	(void)err;
	for (size_t i = 0; i < count; i++)
		template_value_print(args[i], &text);
	*out = text_value(&text);
	return true;
}

static bool println_call(json_t **args, size_t count, json_t **out, struct error *err)
{
	cleanup_buf struct buf text = {0};

	(void)err;
	for (size_t i = 0; i < count; i++) {
		if (i)
			buf_add_char(&text, ' ');
		template_value_print(args[i], &text);
	}
	buf_add_char(&text, '\n');
	*out = text_value(&text);
	return true;
}

static bool join_call(json_t **args, size_t count, json_t **out, struct error *err)
{
	cleanup_buf struct buf text = {0};
	size_t index;
	json_t *item;

	(void)count;
	if (!json_is_array(args[0]) && !json_is_null(args[0]))
		return error_set(err, ERROR_INVALID, "wrong type for value; expected []string");
	json_array_foreach (args[0], index, item) {
		if (index)
			buf_add_str(&text, value_text(args[1]));
		template_value_print(item, &text);
	}
	*out = text_value(&text);
	return true;
}

static bool split_call(json_t **args, size_t count, json_t **out, struct error *err)
{
	struct str text = value_text(args[0]), separator = value_text(args[1]);

	(void)count;
	if (separator.len == 0)
		return error_set(err, ERROR_INVALID, "error calling split: empty separator");
	*out = json_array();
	for (;;) {
		const char *at = text.len ? memmem(text.data, text.len, separator.data, separator.len) : NULL;

		if (!at)
			break;
		json_array_append_new(*out, json_stringn_nocheck(text.data, (size_t)(at - text.data)));
		text = str_from(text, (size_t)(at - text.data) + separator.len);
	}
	json_array_append_new(*out, json_stringn_nocheck(text.data ? text.data : "", text.len));
	return true;
}

/* ASCII letters only, as names, states and IDs have. */
static json_t *letters_map(const json_t *value, int (*map)(int), bool words_only)
{
	struct str text = value_text(value);
	cleanup_buf struct buf out = {0};
	bool at_start = true;

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];

		buf_add_char(&out, c < 0x80 && (at_start || !words_only) ? (char)map(c) : (char)c);
		at_start = c == ' ';
	}
	return text_value(&out);
}

static bool upper_call(json_t **args, size_t count, json_t **out, struct error *err)
{
	(void)count;
	(void)err;
	*out = letters_map(args[0], toupper, false);
	return true;
}

static bool lower_call(json_t **args, size_t count, json_t **out, struct error *err)
{
	(void)count;
	(void)err;
	*out = letters_map(args[0], tolower, false);
	return true;
}

static bool title_call(json_t **args, size_t count, json_t **out, struct error *err)
{
	(void)count;
	(void)err;
	*out = letters_map(args[0], toupper, true);
	return true;
}

static bool pad_call(json_t **args, size_t count, json_t **out, struct error *err)
{
	json_int_t before = json_integer_value(args[1]), after = json_integer_value(args[2]);
	cleanup_buf struct buf text = {0};

	(void)count;
	if (before < 0 || after < 0 || before > PAD_MAX || after > PAD_MAX)
		return error_set(err, ERROR_INVALID, "error calling pad: from 0 to %d blanks", PAD_MAX);
	if (json_string_length(args[0]) > 0)
		buf_printf(&text, "%*s%.*s%*s", (int)before, "", STR_ARG(value_text(args[0])), (int)after, "");
	*out = text_value(&text);
	return true;
}

static bool truncate_call(json_t **args, size_t count, json_t **out, struct error *err)
{
	struct str text = value_text(args[0]);
	json_int_t len = json_integer_value(args[1]);

	(void)count;
	(void)err;
	if (len >= 0 && (size_t)len < text.len)
		text = str_head(text, (size_t)len);
	*out = json_stringn_nocheck(text.data ? text.data : "", text.len);
	return true;
}

static const struct {
	const char *name;
	size_t least, most; /* arguments */
	bool (*call)(json_t **args, size_t count, json_t **out, struct error *err);
} functions[] = {
	/* and, or: template_run.c, since they need not have all their arguments. */
	{"and", 1, 100, NULL},
	{"or", 1, 100, NULL},
	{"eq", 2, 100, eq_call},
	{"ge", 2, 2, ge_call},
	{"gt", 2, 2, gt_call},
	{"index", 1, 100, index_call},
	{"join", 2, 2, join_call},
	{"json", 1, 1, json_call},
	{"le", 2, 2, le_call},
	{"len", 1, 1, len_call},
	{"lower", 1, 1, lower_call},
	{"lt", 2, 2, lt_call},
	{"ne", 2, 2, ne_call},
	{"not", 1, 1, not_call},
	{"pad", 3, 3, pad_call},
	{"print", 0, 100, print_call},
	{"printf", 1, 100, printf_call},
	{"println", 0, 100, println_call},
	{"split", 2, 2, split_call},
	{"title", 1, 1, title_call},
	{"truncate", 2, 2, truncate_call},
	{"upper", 1, 1, upper_call},
};

bool template_function_known(struct str name)
{
	for (size_t i = 0; i < ARRAY_SIZE(functions); i++) {
		if (str_equal(name, str_of(functions[i].name)))
			return true;
	}
	return false;
}

bool template_function_call(struct str name, json_t **args, size_t count, json_t **out, struct error *err)
{
	*out = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(functions); i++) {
		if (!str_equal(name, str_of(functions[i].name)))
			continue;
		if (!functions[i].call || count < functions[i].least || count > functions[i].most)
			return error_set(err, ERROR_INVALID, "wrong number of args for %s: want %s%zu got %zu", functions[i].name,
				functions[i].least == functions[i].most ? "" : "at least ", functions[i].least, count);
		return functions[i].call(args, count, out, err);
	}
	return error_set(err, ERROR_INTERNAL, "function \"%.*s\" not defined", STR_ARG(name));
}
