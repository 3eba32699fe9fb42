/* Flags as docker's command line takes them, and its words where it does not. */
#include "tests/unit/unit.h"

#include "cli/cli_internal.h"

static bool size_check(struct str value, struct error *err)
{
	return value.len > 0 && value.data[0] >= '0' && value.data[0] <= '9' ? true
									     : error_set(err, ERROR_INVALID, "invalid size: '%.*s'", STR_ARG(value));
}

static const struct cli_flag flags[] = {
	{"detach", 'd', CLI_FLAG_BOOL, "", NULL, NULL},
	{"interactive", 'i', CLI_FLAG_BOOL, "", NULL, NULL},
	{"tty", 't', CLI_FLAG_BOOL, "", NULL, NULL},
	{"publish", 'p', CLI_FLAG_LIST, "", NULL, NULL},
	{"env", 'e', CLI_FLAG_LIST, "", NULL, NULL},
	{"memory", 'm', CLI_FLAG_STRING, "", NULL, size_check},
	{"last", 'n', CLI_FLAG_INT, "", NULL, NULL},
	{"digests", 0, CLI_FLAG_BOOL, "", NULL, NULL},
};

static const struct cli_command anywhere = {.names = {"x"}, .usage = "", .flags = flags, .flags_count = ARRAY_SIZE(flags)};
static const struct cli_command first = {.names = {"x"}, .usage = "", .flags = flags, .flags_count = ARRAY_SIZE(flags), .flags_first = true};

static void refusals(void **state)
{
	static const struct {
		const char *argv[4];
		const char *message;
	} rows[] = {
		{{"--frob"}, "unknown flag: --frob"},
		{{"--frob=1"}, "unknown flag: --frob"},
		{{"-y"}, "unknown shorthand flag: 'y' in -y"},
		{{"-iy"}, "unknown shorthand flag: 'y' in -y"},
		{{"--=x"}, "bad flag syntax: --=x"},
		{{"---x"}, "bad flag syntax: ---x"},
		{{"--publish"}, "flag needs an argument: --publish"},
		{{"-p"}, "flag needs an argument: 'p' in -p"},
		{{"-ip"}, "flag needs an argument: 'p' in -p"},
		{{"-d=maybe"}, "invalid argument \"maybe\" for \"-d, --detach\" flag: strconv.ParseBool: parsing \"maybe\": invalid syntax"},
		{{"--digests=2"}, "invalid argument \"2\" for \"--digests\" flag: strconv.ParseBool: parsing \"2\": invalid syntax"},
		{{"-n", "x"}, "invalid argument \"x\" for \"-n, --last\" flag: strconv.ParseInt: parsing \"x\": invalid syntax"},
		{{"-m", "abc"}, "invalid argument \"abc\" for \"-m, --memory\" flag: invalid size: 'abc'"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_args struct cli_args args = {.command = &anywhere, .name = NULL};
		cleanup_error struct error err = {0};
		bool deprecated = false;

		unit_assert(!cli_args_read(&args, rows[i].argv, &deprecated, &err), "%s is refused", rows[i].argv[0]);
		unit_assert_text(error_text(&err), rows[i].message);
	}
}

static void every_form_is_read(void **state)
{
	const char *const argv[] = {"-itd", "-p8080:80", "-p=8081:81", "-p", "8082:82", "--publish=8083:83", "--publish", "8084:84", "-e=A=1",
		"--digests=false", "one", "-n", "-3", "-", "--", "--not-a-flag", NULL};
	cleanup_args struct cli_args args = {.command = &anywhere, .name = NULL};
	cleanup_error struct error err = {0};
	bool deprecated = false;
	size_t count;

	(void)state;
	unit_assert(cli_args_read(&args, argv, &deprecated, &err), "%s", error_text(&err));
	assert_true(cli_flag_bool(&args, "interactive") && cli_flag_bool(&args, "tty") && cli_flag_bool(&args, "detach"));
	assert_true(cli_flag_given(&args, "digests") && !cli_flag_bool(&args, "digests"));
	const char *const *ports = cli_flag_list(&args, "publish", &count);
	assert_int_equal(count, 5);
	unit_assert_text(ports[0], "8080:80");
	unit_assert_text(ports[1], "8081:81");
	unit_assert_text(ports[4], "8084:84");
	assert_null(ports[5]);
	unit_assert_text(cli_flag_list(&args, "env", &count)[0], "A=1");
	assert_int_equal(cli_flag_int(&args, "last", 0), -3);
	assert_null(cli_flag_text(&args, "memory"));
	assert_int_equal(cli_args_count(&args), 3);
	unit_assert_text(cli_arg(&args, 1), "-");
	unit_assert_text(cli_arg(&args, 2), "--not-a-flag");
	assert_null(cli_args_from(&args, 1)[2]);
}

static void what_follows_the_image_is_the_containers(void **state)
{
	const char *const argv[] = {"-i", "busybox", "sh", "-d", "--frob", NULL};
	cleanup_args struct cli_args args = {.command = &first, .name = NULL};
	bool deprecated = false;

	(void)state;
	assert_true(cli_args_read(&args, argv, &deprecated, NULL));
	assert_int_equal(cli_args_count(&args), 4);
	assert_false(cli_flag_bool(&args, "detach"));
	unit_assert_text(cli_arg(&args, 3), "--frob");
}

static void help_is_found(void **state)
{
	const char *const asked[] = {"a", "--help", "--frob", NULL}, *const old[] = {"-h", NULL};
	cleanup_args struct cli_args args = {.command = &anywhere, .name = NULL}, again = {.command = &anywhere, .name = NULL};
	bool deprecated = false;

	(void)state;
	assert_true(cli_args_read(&args, asked, &deprecated, NULL) && args.help && !deprecated);
	assert_true(cli_args_read(&again, old, &deprecated, NULL) && again.help && deprecated);
}

static void numbers_of_arguments(void **state)
{
	static const struct {
		int least, most;
		size_t count;
		const char *message;
	} rows[] = {
		{0, 0, 0, NULL},
		{0, 0, 1, "accepts no arguments"},
		{1, 1, 0, "requires 1 argument"},
		{2, 2, 1, "requires 2 arguments"},
		{1, CLI_ARGS_ANY, 0, "requires at least 1 argument"},
		{1, CLI_ARGS_ANY, 9, NULL},
		{0, 1, 2, "requires at most 1 argument"},
		{1, 2, 3, "requires at least 1 and at most 2 arguments"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct cli_command command = {.args_min = rows[i].least, .args_max = rows[i].most};
		struct cli_args args = {.command = &command, .count = rows[i].count};
		char *message = cli_args_miscounted(&args);

		unit_assert((message == NULL) == (rows[i].message == NULL), "row %zu: %s", i, message ? message : "no message");
		if (message)
			unit_assert_text(message, rows[i].message);
		free(message);
	}
}

UNIT_MAIN(cmocka_unit_test(refusals), cmocka_unit_test(every_form_is_read), cmocka_unit_test(what_follows_the_image_is_the_containers),
	cmocka_unit_test(help_is_found), cmocka_unit_test(numbers_of_arguments))
