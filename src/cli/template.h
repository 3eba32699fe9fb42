/*
 * The part of Go's text/template that --format uses, over JSON values: fields, variables, pipelines, parentheses, if, range, with, else, and
 * docker's functions (templates.go of docker/cli). A template comes from the user: it is bounded in depth, and what it prints by its data.
 */
#ifndef CLI_TEMPLATE_H
#define CLI_TEMPLATE_H

#include <jansson.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

struct template;

/* Reads it. ERROR_INVALID in docker's words: "template parsing error: template: :1: unclosed action". Owned; free with template_free. */
bool template_parse(struct template **out, struct str text, struct error *err);
void template_free(struct template *template);
void template_cleanup(struct template **template);
#define cleanup_template __attribute__((cleanup(template_cleanup)))

struct template_data {
	json_t *root; /* what "." is; borrowed */
	/* In "can't evaluate field X in type *formatter.imageContext"; NULL: root is a map, and the words are a map's. */
	const char *type_name;
	json_t *labels; /* what {{.Label "k"}} looks in; or NULL */
};

/* Adds what the template makes of the data. ERROR_INVALID in docker's words. */
bool template_run(const struct template *template, const struct template_data *data, struct buf *out, struct error *err);

#endif
