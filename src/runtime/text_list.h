/* A list of texts that grows; items always ends with NULL, so that it can be handed to execve and to who reads such lists. */
#ifndef RUNTIME_TEXT_LIST_H
#define RUNTIME_TEXT_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/* `struct text_list list = {0}` is empty; items is NULL until something was added. */
struct text_list {
	char **items; /* owned, and each of them */
	size_t count, capacity;
};

#define cleanup_text_list __attribute__((cleanup(text_list_free)))

/* Takes text, which was allocated. */
void text_list_take(struct text_list *list, char *text);
/* Adds a copy. */
void text_list_add(struct text_list *list, struct str text);
void text_list_add_all(struct text_list *list, const char *const *texts);
/* Sets a "NAME=value" in place of one with the same name, or behind all. */
void text_list_set(struct text_list *list, struct str assignment);
/* The value of NAME in a list of "NAME=value"; NULL when it has none. Borrowed. */
const char *text_list_value(const struct text_list *list, const char *name);
bool text_list_has(const struct text_list *list, const char *text);
void text_list_free(struct text_list *list);

#endif
