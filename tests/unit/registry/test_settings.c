/* The settings from their arguments: what is taken, and what each refusal says. */
#include "tests/unit/unit.h"

#include "base/str.h"
#include "registry/settings_internal.h"

#define ARGS_MAX 8

static const struct {
	const char *args[ARGS_MAX]; /* NULL-ended */
	const char *refusal;        /* words of the error; NULL when it is taken */
} table[] = {
	{{"--open"}, NULL},
	{{"--open", "--data", "/d", "--listen", "127.0.0.1:0"}, NULL},
	{{"--open", "--data=/d", "--listen=[::1]:5000"}, NULL},
	{{"--open", "--listen", "localhost:5000"}, NULL},
	{{"--open", "--listen", "127.9.9.9:65535"}, NULL},
	{{"--open", "--listen", "unix:/run/x.sock"}, NULL},
	{{"--open", "--listen", "fd:https"}, NULL},
	{{"--open", "--tls-cert", "c", "--tls-key=k"}, NULL},
	{{"--help"}, NULL},
	{{"--config", "/nonexistent", "--help"}, NULL},
	{{"--open", "--config", "/dev/null"}, NULL},
	{{"--config", "--open"}, "--open: No such file"},
	{{NULL}, "--open"},
	{{"--data", "/d"}, "--open"},
	{{"--open", "--data"}, "--data needs a value"},
	{{"--open", "--data="}, "--data: \"\" is not a path"},
	{{"--open", "--config"}, "--config needs a value"},
	{{"--open", "--config="}, "--config needs a file"},
	{{"--open", "--config", "/nonexistent"}, "/nonexistent: No such file"},
	{{"--open", "--listen"}, "--listen needs a value"},
	{{"--open", "--frob"}, "unknown argument: --frob"},
	{{"--open", "--dataX"}, "unknown argument: --dataX"},
	{{"--open=true"}, "unknown argument: --open=true"},
	{{"--open", "/d"}, "unknown argument: /d"},
	{{"--open", "--listen", "0.0.0.0:5000"},
		"not on loopback: set tls.cert and tls.key (--tls-cert and --tls-key) for TLS, or access.trusted_proxies"},
	{{"--open", "--listen", "[::]:5000"}, "not on loopback"},
	{{"--open", "--listen", "10.0.0.1:5000"}, "not on loopback"},
	{{"--open", "--listen", "127.example.com:5000"}, "not on loopback"},
	{{"--open", "--tls-cert", "c", "--tls-key", "k", "--listen", "0.0.0.0:5000"}, "the configuration file has to say access.open: true"},
	{{"--open", "--tls-cert", "c"}, "--tls-cert: tls.cert and tls.key"},
	{{"--open", "--tls-key", "c"}, "tls.cert is missing"},
	{{"--open", "--listen", "127.0.0.1"}, "not ADDR:PORT"},
	{{"--open", "--listen", ":5000"}, "not ADDR:PORT"},
	{{"--open", "--listen", "[]:5000"}, "not ADDR:PORT"},
	{{"--open", "--listen", "[::1:5000"}, "not ADDR:PORT"},
	{{"--open", "--listen", "::1:5000"}, "not ADDR:PORT"},
	{{"--open", "--listen", "127.0.0.1:65536"}, "not ADDR:PORT"},
	{{"--open", "--listen", "127.0.0.1:x"}, "not ADDR:PORT"},
	{{"--open", "--listen", "unix:"}, "not ADDR:PORT"},
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
		bool taken = settings_load(&settings, argc, argv, &err);
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
	assert_false(settings_load(&settings, ARRAY_SIZE(argv), argv, &err));
	assert_true(settings_load(&settings, ARRAY_SIZE(argv) - 1, argv, &err));
	assert_int_equal(settings.listen_count, SETTINGS_LISTEN_MAX);
	settings_free(&settings);
}

/* The wire's own defaults, which its tests use, are those that the table documents. */
static void the_defaults_are_those_of_the_rooms_below(void **state)
{
	const struct server_limits *wire = &server_limits_default;
	struct settings settings;

	(void)state;
	settings_defaults(&settings);
	const struct server_limits *limits = &settings.limits.server;
	assert_int_equal(limits->connections, wire->connections);
	assert_int_equal(limits->header_bytes, wire->header_bytes);
	assert_int_equal(limits->buffers, wire->buffers);
	assert_int_equal(limits->head_timeout_ms, wire->head_timeout_ms);
	assert_int_equal(limits->idle_timeout_ms, wire->idle_timeout_ms);
	assert_int_equal(limits->body_timeout_ms, wire->body_timeout_ms);
	assert_int_equal(settings.limits.manifest_bytes, 4 << 20);
	assert_int_equal(settings.limits.upload_expiry_s, 7 * 86400);
	assert_int_equal(settings.limits.rehash_bytes, 1 << 30);
	assert_int_equal(settings.limits.sparse, SETTINGS_SPARSE_INDEXES);
	assert_int_equal(settings.log_level, LOG_LEVEL_INFO);
	assert_int_equal(settings.log_format, LOG_FORMAT_LOGFMT);
	assert_true(settings.deletes && settings.log_requests && !settings.open && !settings.tls_only_1_3);
	for (size_t i = 0; i < settings_keys_count; i++) {
		cleanup_buf struct buf value = {0};
		const struct settings_key *key = &settings_keys[i];

		if (key->default_text) {
			unit_assert(settings_value_get(&settings, key, 0, &value), "%s has its default", key->name);
			unit_assert_text(value.data, key->default_text);
		}
	}
	settings_free(&settings);
}

static void the_help_names_every_option(void **state)
{
	cleanup_buf struct buf help = {0};

	(void)state;
	settings_help(&help);
	for (size_t i = 0; i < settings_keys_count; i++)
		if (settings_keys[i].option)
			unit_assert(strstr(help.data, settings_keys[i].option), "the help has %s", settings_keys[i].option);
	assert_non_null(strstr(help.data, "--config FILE"));
}

UNIT_MAIN(cmocka_unit_test(the_command_line_is_taken_or_refused_with_a_reason), cmocka_unit_test(too_many_addresses_are_refused),
	cmocka_unit_test(the_defaults_are_those_of_the_rooms_below), cmocka_unit_test(the_help_names_every_option))
