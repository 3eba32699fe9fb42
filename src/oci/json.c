#include "oci/json.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

json_t *json_read_object(struct str bytes, const char *what, struct error *err)
{
	json_error_t failed;
	json_t *json = json_loadb(bytes.data ? bytes.data : "", bytes.len, JSON_REJECT_DUPLICATES, &failed);

	if (!json) {
		error_set(err, ERROR_INVALID, "%s is not valid JSON: line %d: %s", what, failed.line, failed.text);
		return NULL;
	}
	if (!json_is_object(json)) {
		json_decref(json);
		error_set(err, ERROR_INVALID, "%s is not a JSON object", what);
		return NULL;
	}
	return json;
}

static const char *type_name(json_type type)
{
	switch (type) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "a list";
	case JSON_STRING:
		return "a text";
	case JSON_INTEGER:
		return "a whole number";
	default:
		return "of the right type";
	}
}

bool json_get(const json_t *object, const char *field, json_type type, const char *what, json_t **out, struct error *err)
{
	json_t *value = json_object_get(object, field);

	*out = NULL;
	if (!value || json_is_null(value))
		return true;
	if (json_typeof(value) != type)
		return error_set(err, ERROR_INVALID, "%s: %s is not %s", what, field, type_name(type));
	*out = value;
	return true;
}

bool json_get_text(const json_t *object, const char *field, const char *what, struct str *out, struct error *err)
{
	json_t *value;

	*out = STR("");
	if (!json_get(object, field, JSON_STRING, what, &value, err))
		return false;
	if (value)
		*out = str_make(json_string_value(value), json_string_length(value));
	return true;
}

bool json_get_texts(const json_t *object, const char *field, const char *what, char ***out, struct error *err)
{
	json_t *list, *item;
	size_t i;

	if (!json_get(object, field, JSON_ARRAY, what, &list, err))
		return false;
	char **texts = mem_alloc(json_array_size(list) + 1, sizeof *texts);
	json_array_foreach (list, i, item) {
		if (!json_is_string(item)) {
			texts_free(texts);
			return error_set(err, ERROR_INVALID, "%s: %s[%zu] is not a text", what, field, i);
		}
		texts[i] = mem_copy_text(json_string_value(item), json_string_length(item));
	}
	*out = texts;
	return true;
}

bool json_get_keys(const json_t *object, const char *field, const char *what, char ***out, struct error *err)
{
	json_t *map, *value;
	const char *key;
	size_t count = 0;

	if (!json_get(object, field, JSON_OBJECT, what, &map, err))
		return false;
	char **texts = mem_alloc(json_object_size(map) + 1, sizeof *texts);
	json_object_foreach (map, key, value)
		texts[count++] = str_dup(str_of(key));
	*out = texts;
	return true;
}

void texts_free(char **texts)
{
	for (char **at = texts; at && *at; at++)
		free(*at);
	free(texts);
}
