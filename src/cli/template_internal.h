/* A template's tree: what template_parse.c makes, template_run.c walks and template_functions.c serves. */
#ifndef CLI_TEMPLATE_INTERNAL_H
#define CLI_TEMPLATE_INTERNAL_H

#include "cli/template.h"

#define TEMPLATE_DEPTH_MAX 32

enum operand_kind {
	OPERAND_FIELD,    /* "." and the fields behind it */
	OPERAND_VARIABLE, /* "$name" and the fields behind it; "$" is the root */
	OPERAND_VALUE,    /* a literal */
	OPERAND_PIPELINE, /* "(…)" and the fields behind it */
	OPERAND_FUNCTION,
};

struct operand {
	enum operand_kind kind;
	char *name;    /* of a variable or function */
	char **fields; /* behind it */
	size_t fields_count, fields_capacity;
	json_t *value;
	struct pipeline *pipeline;
	size_t position; /* byte in the text, for messages */
};

struct command {
	struct operand *operands;
	size_t count, capacity;
};

struct pipeline {
	char *variables[2]; /* "$k", "$v" := …; NULL when there are none */
	bool declares;      /* ":=", else "=" */
	struct command *commands;
	size_t count, capacity;
};

enum node_kind { NODE_TEXT, NODE_ACTION, NODE_IF, NODE_RANGE, NODE_WITH };

struct node {
	enum node_kind kind;
	struct str text; /* borrowed of the template's */
	struct pipeline *pipeline;
	struct node *body, *otherwise, *next;
};

struct template
{
	char *text;
	struct node *first;
};

/* Does docker have a function of that name? */
bool template_function_known(struct str name);
/* Calls it; *out is a new reference. err says only what is wrong: "wrong number of args for len: want 1 got 0". */
bool template_function_call(struct str name, json_t **args, size_t count, json_t **out, struct error *err);
/* As Go's %v. */
void template_value_print(const json_t *value, struct buf *out);
/* What if, and, or, not think of it: empty, zero, null and false are false. */
bool template_value_true(const json_t *value);

#endif
