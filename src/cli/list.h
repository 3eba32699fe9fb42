/* How every list is printed: docker's table, its JSON lines, or a template of the user's, a row a line. */
#ifndef CLI_LIST_H
#define CLI_LIST_H

#include <jansson.h>
#include <stdbool.h>

#include "cli/cli.h"

struct list_column {
	const char *key;    /* "ID" */
	const char *header; /* "IMAGE ID" */
};

struct list_format {
	const char *type_name; /* in messages: "*formatter.imageContext" */
	const struct list_column *columns;
	size_t columns_count;
	const char *table; /* the default: "table {{.Repository}}\t{{.Tag}}" */
	const char *quiet; /* with -q: "{{.ID}}" */
};

/*
 * rows is an array of objects of texts, one text a key; a member "Labels" whose value is "k=v,…" serves {{.Label "k"}}.
 * format is --format's, or NULL. ERROR_INVALID in docker's words.
 */
bool list_print(struct cli *cli, const struct list_format *list, const char *format, bool quiet, const json_t *rows, struct error *err);

/* "\t" and "\n" as people write them in --format become the characters. */
void list_unescape(struct str text, struct buf *out);

/* A document as docker inspect prints it: the array indented by four blanks, or the template's result for each. */
bool list_inspect(struct cli *cli, const char *format, const json_t *documents, struct error *err);

/* Finds what has that name; *out is a new reference. */
typedef bool list_find_function(struct cli *cli, const struct cli_args *args, const char *name, json_t **out, struct error *err);
/* The whole of an inspect command: each name's document on standard output, a line on standard error for each that there is not. */
int list_inspect_each(struct cli *cli, const struct cli_args *args, list_find_function *find);

#endif
