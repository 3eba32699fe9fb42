/* Reading JSON documents that come from outside: strict, with the field's name in every error. */
#ifndef OCI_JSON_H
#define OCI_JSON_H

#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"

/* A document whose top is an object; duplicate keys and anything behind it are ERROR_INVALID. Owned; NULL when it fails. what begins the message. */
json_t *json_read_object(struct str bytes, const char *what, struct error *err);

/* The text of a field. Missing: *out is empty and true. Another type: ERROR_INVALID. Borrowed. NULs inside are refused. */
bool json_get_text(const json_t *object, const char *field, const char *what, struct str *out, struct error *err);
/* A list of texts as an owned NULL-ended array; missing or null gives an empty one. */
bool json_get_texts(const json_t *object, const char *field, const char *what, char ***out, struct error *err);
/* The keys of an object as an owned NULL-ended array; missing or null gives an empty one. */
bool json_get_keys(const json_t *object, const char *field, const char *what, char ***out, struct error *err);
/* The value, checked to be of that type; missing or null gives NULL and true. Borrowed. */
bool json_get(const json_t *object, const char *field, json_type type, const char *what, json_t **out, struct error *err);

void texts_free(char **texts);

#endif
