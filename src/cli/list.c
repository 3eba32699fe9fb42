#include "cli/list.h"

#include <string.h>

#include "base/mem.h"
#include "cli/format.h"
#include "cli/template.h"

void list_unescape(struct str text, struct buf *out)
{
	for (size_t i = 0; i < text.len; i++) {
		char next = i + 1 < text.len && text.data[i] == '\\' ? text.data[i + 1] : '\0';

		if (next == 't' || next == 'n') {
			buf_add_char(out, next == 't' ? '\t' : '\n');
			i++;
		} else {
			buf_add_char(out, text.data[i]);
		}
	}
}

/* One object a line, keys sorted; "<", ">" and "&" escaped, as Go's encoder does for the sake of HTML. */
static bool json_line(const json_t *row, struct buf *out, struct error *err)
{
	char *text = json_dumps(row, JSON_COMPACT | JSON_SORT_KEYS);

	if (!text)
		return error_set(err, ERROR_INVALID, "a row is not UTF-8");
	for (const char *c = text; *c; c++) {
		if (strchr("<>&", *c))
			buf_printf(out, "\\u%04x", (unsigned int)*c);
		else
			buf_add_char(out, *c);
	}
	free(text);
	buf_add_char(out, '\n');
	return true;
}

/* "a=1,b=2" as an object. */
static json_t *labels_of(const json_t *row)
{
	const char *text = json_string_value(json_object_get(row, "Labels"));
	struct str rest = str_of(text), pair, key, value;
	json_t *labels = json_object();

	while (str_next(&rest, ',', &pair)) {
		if (str_cut(pair, '=', &key, &value)) {
			cleanup_free char *name = str_dup(key);

			json_object_set_new(labels, name, json_stringn(value.data, value.len));
		}
	}
	return labels;
}

static bool rows_run(const struct template *template, const struct list_format *list, const json_t *rows, struct buf *out, struct error *err)
{
	size_t index;
	json_t *row;

	json_array_foreach (rows, index, row) {
		json_t *labels = labels_of(row);
		struct template_data data = {.root = row, .type_name = list->type_name, .labels = labels};
		bool done = template_run(template, &data, out, err);

		json_decref(labels);
		if (!done)
			return false;
		buf_add_char(out, '\n');
	}
	return true;
}

static bool headers_run(const struct template *template, const struct list_format *list, struct buf *out, struct error *err)
{
	json_t *headers = json_object();
	struct template_data data = {.root = headers, .type_name = list->type_name};
	bool done;

	for (size_t i = 0; i < list->columns_count; i++)
		json_object_set_new(headers, list->columns[i].key, json_string(list->columns[i].header));
	done = template_run(template, &data, out, err);
	json_decref(headers);
	buf_add_char(out, '\n');
	return done;
}

bool list_print(struct cli *cli, const struct list_format *list, const char *format, bool quiet, const json_t *rows, struct error *err)
{
	cleanup_template struct template *template = NULL;
	cleanup_buf struct buf text = {0}, out = {0};
	struct str wanted = str_of(format && format[0] ? format : "table");
	bool table = str_starts(wanted, STR("table"));
	size_t index;
	json_t *row;

	if (str_equal(wanted, STR("json")) && !quiet) {
		json_array_foreach (rows, index, row) {
			if (!json_line(row, &out, err))
				return false;
		}
		fwrite(out.data ? out.data : "", 1, out.len, cli->out);
		return true;
	}
	if (quiet && table) {
		wanted = str_of(list->quiet);
		table = false;
	} else if (str_equal(wanted, STR("table"))) {
		wanted = str_of(list->table);
	}
	if (str_starts(wanted, STR("table")))
		wanted = str_trim(str_from(wanted, strlen("table")));
	list_unescape(wanted, &text);
	if (!template_parse(&template, buf_str(&text), err) || (table && !headers_run(template, list, &out, err)) ||
		!rows_run(template, list, rows, &out, err))
		return false;
	if (table)
		format_table(buf_str(&out), cli->out);
	else
		fwrite(out.data ? out.data : "", 1, out.len, cli->out);
	return true;
}

bool list_inspect(struct cli *cli, const char *format, const json_t *documents, struct error *err)
{
	cleanup_template struct template *template = NULL;
	cleanup_buf struct buf out = {0};
	size_t index;
	json_t *document;

	if (!format || !format[0]) {
		char *text = json_dumps(documents, JSON_INDENT(4));

		if (!text)
			return error_set(err, ERROR_INVALID, "a document is not UTF-8");
		fprintf(cli->out, "%s\n", text);
		free(text);
		return true;
	}
	if (strcmp(format, "json") == 0) {
		char *text = json_dumps(documents, JSON_COMPACT);

		fprintf(cli->out, "%s\n", text ? text : "[]");
		free(text);
		return true;
	}
	if (!template_parse(&template, str_of(format), err))
		return false;
	json_array_foreach (documents, index, document) {
		struct template_data data = {.root = document};
		bool done = template_run(template, &data, &out, err);

		if (!done)
			buf_clear(&out);
		buf_add_char(&out, '\n');
		fwrite(out.data, 1, out.len, cli->out);
		if (!done)
			return false;
		buf_clear(&out);
	}
	return true;
}

int list_inspect_each(struct cli *cli, const struct cli_args *args, list_find_function *find)
{
	cleanup_error struct error err = {0};
	cleanup_buf struct buf missing = {0};
	json_t *documents = json_array();
	int code = CLI_EXIT_OK;

	for (size_t i = 0; i < cli_args_count(args); i++) {
		cleanup_error struct error why = {0};
		json_t *document = NULL;

		if (find(cli, args, cli_arg(args, i), &document, &why))
			json_array_append_new(documents, document);
		else
			buf_printf(&missing, "Error: %s\n", error_text(&why));
	}
	if (!list_inspect(cli, cli_flag_text(args, "format"), documents, &err))
		code = cli_fail_plain(cli, &err);
	if (missing.len) {
		fflush(cli->out);
		fputs(missing.data, cli->err);
		code = CLI_EXIT_FAILED;
	}
	json_decref(documents);
	return code;
}
