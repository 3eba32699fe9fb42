/* The table of settings, how a value is read and written, and the file as a tree. */
#ifndef REGISTRY_SETTINGS_INTERNAL_H
#define REGISTRY_SETTINGS_INTERNAL_H

#include "base/buf.h"
#include "base/str.h"
#include "registry/settings.h"

/* ---- the table ---- */

enum settings_type {
	SETTINGS_BOOL,      /* bool */
	SETTINGS_CHOICE,    /* an enum of sizeof(int): one of choices, in its order */
	SETTINGS_COUNT,     /* an integer of the member's size */
	SETTINGS_SIZE,      /* the same, in bytes: "4MiB" */
	SETTINGS_TIME,      /* the same, in units of unit_ms: "20s" */
	SETTINGS_PATH,      /* char * */
	SETTINGS_URL,       /* char *, an origin */
	SETTINGS_DATABASE,  /* char * */
	SETTINGS_LISTENERS, /* listen */
	SETTINGS_NETWORKS,  /* trusted_proxies */
};

struct settings_key {
	const char *name;         /* "limits.manifest_bytes"; before the dot its section */
	const char *default_text; /* as it stands in a file; NULL: not set */
	const char *default_note; /* said in place of it where the default depends on something */
	const char *meaning;      /* a sentence or two */
	const char *option;       /* "--data"; NULL when there is none */
	const char *option_value; /* "DIR"; NULL: the option alone means true */
	enum settings_type type;
	bool restarts; /* cannot change while the process runs */
	unsigned int unit_ms;
	size_t offset, size;        /* of the member of struct settings */
	const char *const *choices; /* NULL-ended */
	uint64_t min, max;
};

extern const struct settings_key settings_keys[];
extern const size_t settings_keys_count;
/* NULL when there is none. */
const struct settings_key *settings_key_find(struct str name);

/* ---- values ---- */

/*
 * Sets the value from its text; of a list, adds one. false with what is wrong and what is allowed, without the key's name. Text that comes from
 * outside may be anything.
 */
bool settings_value_set(struct settings *settings, const struct settings_key *key, struct str text, struct error *err);
/* Empties a list, and makes text not set. */
void settings_value_clear(struct settings *settings, const struct settings_key *key);
/* false when it is not set. Of a list the entry index; *out gets it as settings_value_set takes it. */
bool settings_value_get(const struct settings *settings, const struct settings_key *key, size_t index, struct buf *out);
/* "4MiB", "20s", "true or false": what the type takes, for messages and the documentation. */
void settings_type_words(const struct settings_key *key, struct buf *out);

/* ---- where values came from ---- */

enum settings_origin_kind { SETTINGS_FROM_DEFAULT, SETTINGS_FROM_FILE, SETTINGS_FROM_ARGUMENT };

struct settings_origin {
	enum settings_origin_kind kind;
	unsigned int line, column; /* in the file */
	char *environment;         /* the first variable that was put in; NULL: none */
};

/* Of a key of the table. */
struct settings_origin *settings_origin(const struct settings *settings, const struct settings_key *key);

/* ---- the file ---- */

enum settings_node_kind { SETTINGS_NODE_SCALAR, SETTINGS_NODE_MAPPING, SETTINGS_NODE_LIST };

struct settings_node {
	enum settings_node_kind kind;
	char *key;                         /* of an entry of a mapping, else NULL */
	unsigned int key_line, key_column; /* from 1; without a key those of the value */
	unsigned int line, column;
	char *text;   /* of a scalar; has no NUL inside */
	bool is_null; /* a scalar that is not there at all: "key:" */
	struct settings_node *children;
	size_t count, capacity;
};

/* A mistake in the file. */
struct settings_problems {
	const char *file;
	struct buf text; /* a line each */
	size_t count;
};

/* key may be NULL. Beyond a score of them no more are kept. */
void settings_problem(struct settings_problems *problems, unsigned int line, unsigned int column, const char *key, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/*
 * Reads YAML: one document, a mapping of mappings, lists and scalars. Anchors, aliases, tags, a key that stands twice in one mapping, and more depth
 * or nodes than any configuration has are problems. False when there was one; free the tree in any case.
 */
bool settings_tree_read(struct settings_node *root, struct str text, struct settings_problems *problems);
void settings_node_free(struct settings_node *node);

/* Sets what the text of a file says. False when there was a problem. */
bool settings_file_apply(struct settings *settings, struct str text, struct settings_problems *problems);

/* ---- the arguments ---- */

/* What has to be known before the others: --config, NULL when it is not given, and whether --help is. */
bool settings_arguments_first(int argc, char **argv, const char **file, bool *help, struct error *err);
/* The others. */
bool settings_arguments_apply(struct settings *settings, int argc, char **argv, struct error *err);

#endif
