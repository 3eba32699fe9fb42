/* The command line of `serve`: what is taken, and what each refusal says. */
#include "tests/unit/unit.h"

#include "base/str.h"
#include "registry/settings.h"

#define ARGS_MAX 6

static const struct {
	const char *args[ARGS_MAX]; /* NULL-ended */
	const char *refusal;        /* words of the error; NULL when it is taken */
} table[] = {
	{{"--open"}, NULL},
	{{"--open", "--data", "/d", "--listen", "127.0.0.1:0"}, NULL},
	{{"--open", "--data=/d", "--listen=[::1]:5000"}, NULL},
	{{"--open", "--listen", "localhost:5000"}, NULL},
	{{"--open", "--listen", "127.9.9.9:65535"}, NULL},
	{{"--help"}, NULL},
	{{NULL}, "--open"},
	{{"--data", "/d"}, "--open"},
	{{"--open", "--data"}, "--data needs a value"},
	{{"--open", "--data="}, "--data needs a folder"},
	{{"--open", "--listen"}, "--listen needs a value"},
	{{"--open", "--frob"}, "unknown argument: --frob"},
	{{"--open", "--dataX"}, "unknown argument: --dataX"},
	{{"--open", "/d"}, "unknown argument: /d"},
	{{"--open", "--listen", "0.0.0.0:5000"}, "not on loopback"},
	{{"--open", "--listen", "[::]:5000"}, "not on loopback"},
	{{"--open", "--listen", "10.0.0.1:5000"}, "not on loopback"},
	{{"--open", "--listen", "127.example.com:5000"}, "not on loopback"},
	{{"--open", "--listen", "127.0.0.1"}, "not ADDR:PORT"},
	{{"--open", "--listen", ":5000"}, "not ADDR:PORT"},
	{{"--open", "--listen", "[]:5000"}, "not ADDR:PORT"},
	{{"--open", "--listen", "[::1:5000"}, "not ADDR:PORT"},
	{{"--open", "--listen", "127.0.0.1:65536"}, "not ADDR:PORT"},
	{{"--open", "--listen", "127.0.0.1:x"}, "not ADDR:PORT"},
	{{"--open", "--listen", ""}, "not ADDR:PORT"},
};

static void the_command_line_is_taken_or_refused_with_a_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		cleanup_error struct error err = {0};
		struct settings settings;
		char *argv[ARGS_MAX];
		int argc = 0;

		for (; argc < ARGS_MAX && table[i].args[argc]; argc++)
			argv[argc] = (char *)(uintptr_t)table[i].args[argc];
		bool taken = settings_parse(&settings, argc, argv, &err);
		unit_assert(taken == !table[i].refusal, "row %zu: %s", i, error_text(&err));
		if (taken) {
			unit_assert(settings.listen_count && settings.data, "row %zu: there are defaults", i);
			settings_free(&settings);
		} else {
			unit_assert(strstr(error_text(&err), table[i].refusal), "row %zu says: %s", i, error_text(&err));
		}
	}
}

static void too_many_addresses_are_refused(void **state)
{
	cleanup_error struct error err = {0};
	struct settings settings;
	char *argv[SETTINGS_LISTEN_MAX + 2];

	(void)state;
	argv[0] = (char *)(uintptr_t) "--open";
	for (size_t i = 1; i < ARRAY_SIZE(argv); i++)
		argv[i] = (char *)(uintptr_t) "--listen=127.0.0.1:0";
	assert_false(settings_parse(&settings, ARRAY_SIZE(argv), argv, &err));
	assert_true(settings_parse(&settings, ARRAY_SIZE(argv) - 1, argv, &err));
	assert_int_equal(settings.listen_count, SETTINGS_LISTEN_MAX);
	settings_free(&settings);
}

UNIT_MAIN(cmocka_unit_test(the_command_line_is_taken_or_refused_with_a_reason), cmocka_unit_test(too_many_addresses_are_refused))
