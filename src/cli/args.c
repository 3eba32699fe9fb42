#include "cli/cli_internal.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

static const struct cli_flag *flag_by_name(const struct cli_command *command, struct str name)
{
	for (size_t i = 0; i < command->flags_count; i++) {
		if (str_equal(name, str_of(command->flags[i].name)))
			return &command->flags[i];
	}
	return NULL;
}

static const struct cli_flag *flag_by_letter(const struct cli_command *command, char letter)
{
	for (size_t i = 0; i < command->flags_count; i++) {
		if (command->flags[i].letter && command->flags[i].letter == letter)
			return &command->flags[i];
	}
	return NULL;
}

/* What Go's strconv.ParseBool takes. */
static bool bool_parse(struct str text, bool *out)
{
	static const struct {
		const char *text;
		bool value;
	} words[] = {{"1", true}, {"t", true}, {"T", true}, {"true", true}, {"TRUE", true}, {"True", true}, {"0", false}, {"f", false}, {"F", false},
		{"false", false}, {"FALSE", false}, {"False", false}};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (str_equal(text, str_of(words[i].text))) {
			*out = words[i].value;
			return true;
		}
	}
	return false;
}

static bool int_parse(struct str text, int64_t *out)
{
	bool negative = str_starts(text, STR("-"));

	if (!str_to_i64(negative ? str_from(text, 1) : text, out))
		return false;
	if (negative)
		*out = -*out;
	return true;
}

/* `invalid argument "abc" for "-m, --memory" flag: WHY` */
static bool value_refuse(const struct cli_flag *flag, const char *value, const char *why, struct error *err)
{
	if (flag->letter)
		return error_set(err, ERROR_INVALID, "invalid argument \"%s\" for \"-%c, --%s\" flag: %s", value, flag->letter, flag->name, why);
	return error_set(err, ERROR_INVALID, "invalid argument \"%s\" for \"--%s\" flag: %s", value, flag->name, why);
}

static bool value_set(struct cli_args *args, const struct cli_flag *flag, const char *text, struct error *err)
{
	struct cli_value *value = &args->values[flag - args->command->flags];
	cleanup_error struct error why = {0};
	cleanup_free char *words = NULL;

	if (flag->type == CLI_FLAG_BOOL && !bool_parse(str_of(text), &value->boolean)) {
		words = mem_printf("strconv.ParseBool: parsing \"%s\": invalid syntax", text);
		return value_refuse(flag, text, words, err);
	}
	if (flag->type == CLI_FLAG_INT && !int_parse(str_of(text), &value->integer)) {
		words = mem_printf("strconv.ParseInt: parsing \"%s\": invalid syntax", text);
		return value_refuse(flag, text, words, err);
	}
	if (flag->check && !flag->check(str_of(text), &why))
		return value_refuse(flag, text, error_text(&why), err);

	if (flag->type != CLI_FLAG_LIST)
		value->count = 0;
	value->list = mem_grow(value->list, value->count + 1, &value->capacity, sizeof *value->list);
	value->list[value->count++] = text;
	value->list[value->count] = NULL;
	value->given = true;
	return true;
}

/* "--name", "--name=value", "--name value". *used counts the words that were taken. */
static bool long_read(struct cli_args *args, const char *const *argv, size_t *used, struct error *err)
{
	struct str word = str_from(str_of(argv[0]), 2), name = word, value = {0};
	bool has_value = str_cut(word, '=', &name, &value);
	const struct cli_flag *flag;

	if (name.len == 0 || name.data[0] == '-')
		return error_set(err, ERROR_INVALID, "bad flag syntax: %s", argv[0]);
	flag = flag_by_name(args->command, name);
	if (!flag && str_equal(name, STR("help"))) {
		args->help = true;
		return true;
	}
	if (!flag)
		return error_set(err, ERROR_INVALID, "unknown flag: --%.*s", STR_ARG(name));
	if (has_value)
		return value_set(args, flag, value.data, err);
	if (flag->type == CLI_FLAG_BOOL)
		return value_set(args, flag, "true", err);
	if (!argv[1])
		return error_set(err, ERROR_INVALID, "flag needs an argument: --%.*s", STR_ARG(name));
	*used = 2;
	return value_set(args, flag, argv[1], err);
}

/* "-it", "-p80:80", "-p=80:80", "-p 80:80". */
static bool letters_read(struct cli_args *args, const char *const *argv, size_t *used, bool *deprecated_help, struct error *err)
{
	for (const char *at = argv[0] + 1; *at; at++) {
		const struct cli_flag *flag = flag_by_letter(args->command, *at);

		if (!flag && *at == 'h') {
			args->help = *deprecated_help = true;
			return true;
		}
		if (!flag)
			return error_set(err, ERROR_INVALID, "unknown shorthand flag: '%c' in -%s", *at, at);
		if (at[1] == '=')
			return value_set(args, flag, at + 2, err);
		if (flag->type == CLI_FLAG_BOOL) {
			if (!value_set(args, flag, "true", err))
				return false;
			continue;
		}
		if (at[1])
			return value_set(args, flag, at + 1, err);
		if (!argv[1])
			return error_set(err, ERROR_INVALID, "flag needs an argument: '%c' in -%s", *at, at);
		*used = 2;
		return value_set(args, flag, argv[1], err);
	}
	return true;
}

static void arg_add(struct cli_args *args, const char *word)
{
	args->args = mem_grow(args->args, args->count + 1, &args->capacity, sizeof *args->args);
	args->args[args->count++] = word;
	args->args[args->count] = NULL;
}

bool cli_args_read(struct cli_args *out, const char *const *argv, bool *deprecated_help, struct error *err)
{
	bool flags_over = false;

	out->values = mem_alloc(out->command->flags_count + 1, sizeof *out->values);
	out->args = mem_grow(NULL, 0, &out->capacity, sizeof *out->args);
	out->args[0] = NULL;
	while (*argv && !out->help) {
		const char *word = *argv;
		size_t used = 1;

		if (flags_over || word[0] != '-' || word[1] == '\0') {
			arg_add(out, word);
			flags_over = flags_over || out->command->flags_first;
		} else if (strcmp(word, "--") == 0) {
			flags_over = true;
		} else if (word[1] == '-') {
			if (!long_read(out, argv, &used, err))
				return false;
		} else if (!letters_read(out, argv, &used, deprecated_help, err)) {
			return false;
		}
		argv += used;
	}
	return true;
}

char *cli_args_miscounted(const struct cli_args *args)
{
	int least = args->command->args_min, most = args->command->args_max, count = (int)args->count;

	if (count >= least && (most == CLI_ARGS_ANY || count <= most))
		return NULL;
	if (most == 0)
		return mem_printf("accepts no arguments");
	if (least == most)
		return mem_printf("requires %d argument%s", least, least == 1 ? "" : "s");
	if (most == CLI_ARGS_ANY)
		return mem_printf("requires at least %d argument%s", least, least == 1 ? "" : "s");
	if (least == 0)
		return mem_printf("requires at most %d argument%s", most, most == 1 ? "" : "s");
	return mem_printf("requires at least %d and at most %d arguments", least, most);
}

void cli_args_free(struct cli_args *args)
{
	for (size_t i = 0; args->values && i < args->command->flags_count; i++)
		free(args->values[i].list);
	free(args->values);
	free(args->args);
	free(args->name);
	*args = (struct cli_args){0};
}

static const struct cli_value *value_of(const struct cli_args *args, const char *name)
{
	const struct cli_flag *flag = flag_by_name(args->command, str_of(name));

	assert(flag);
	return &args->values[flag - args->command->flags];
}

bool cli_flag_given(const struct cli_args *args, const char *name)
{
	return value_of(args, name)->given;
}

bool cli_flag_bool(const struct cli_args *args, const char *name)
{
	return value_of(args, name)->boolean;
}

const char *cli_flag_text(const struct cli_args *args, const char *name)
{
	const struct cli_value *value = value_of(args, name);

	return value->given ? value->list[value->count - 1] : NULL;
}

const char *const *cli_flag_list(const struct cli_args *args, const char *name, size_t *count)
{
	const struct cli_value *value = value_of(args, name);

	*count = value->count;
	return value->list;
}

int64_t cli_flag_int(const struct cli_args *args, const char *name, int64_t otherwise)
{
	const struct cli_value *value = value_of(args, name);

	return value->given ? value->integer : otherwise;
}

size_t cli_args_count(const struct cli_args *args)
{
	return args->count;
}

const char *cli_arg(const struct cli_args *args, size_t index)
{
	assert(index < args->count);
	return args->args[index];
}

const char *const *cli_args_from(const struct cli_args *args, size_t index)
{
	assert(index <= args->count);
	return args->args + index;
}
