#include "runtime/text_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void text_list_take(struct text_list *list, char *text)
{
	list->items = mem_grow(list->items, list->count + 1, &list->capacity, sizeof *list->items);
	list->items[list->count++] = text;
	list->items[list->count] = NULL;
}

void text_list_add(struct text_list *list, struct str text)
{
	text_list_take(list, str_dup(text));
}

void text_list_add_all(struct text_list *list, const char *const *texts)
{
	for (; texts && *texts; texts++)
		text_list_add(list, str_of(*texts));
}

void text_list_set(struct text_list *list, struct str assignment)
{
	struct str name, value;

	if (!str_cut(assignment, '=', &name, &value))
		name = assignment;
	for (size_t i = 0; i < list->count; i++) {
		if (str_starts(str_of(list->items[i]), name) && list->items[i][name.len] == '=') {
			free(list->items[i]);
			list->items[i] = str_dup(assignment);
			return;
		}
	}
	text_list_add(list, assignment);
}

const char *text_list_value(const struct text_list *list, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < list->count; i++)
		if (strncmp(list->items[i], name, len) == 0 && list->items[i][len] == '=')
			return list->items[i] + len + 1;
	return NULL;
}

bool text_list_has(const struct text_list *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i], text) == 0)
			return true;
	return false;
}

void text_list_free(struct text_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct text_list){0};
}
