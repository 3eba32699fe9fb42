/* The configuration file: what is taken, the place and words of each mistake, what is written back, and that every setting is documented. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/str.h"
#include "registry/settings_internal.h"

#define VARIABLE "NARU_TEST_SETTING"

static const struct {
	const char *text;
	const char *refusal; /* a part of the error; NULL when it is taken */
} table[] = {
	{"", NULL},
	{"# nothing\n", NULL},
	{"---\naccess:\n  open: true\n...\n", NULL},
	{"limits:\nlog:\n", NULL}, /* sections of which everything is a comment */
	{"listen: 127.0.0.1:0", NULL},
	{"listen: [\"[::1]:0\", {address: \"unix:/x\", tls: false}, fd:web]", NULL},
	{"listen: {address: 10.0.0.1:443, tls: true}\ntls: {cert: /c, key: /k, minimum: 1.3}", NULL},
	{"limits: {manifest_bytes: 2MiB, header_bytes: 65536, head_timeout: 1500ms, upload_expiry: 2h, sparse: all}", NULL},
	{"limits: {body_rate_min: 0, connections_per_address: 100, requests_per_second: 50, requests_burst: 200}", NULL},
	{"external_url: https://registry.example.com:8443/", NULL},
	{"access: {trusted_proxies: unix}", NULL},
	{"access: {trusted_proxies: [10.0.0.0/8, \"::1\", unix]}", NULL},
	{"storage: {deletes: false, folder: /srv/blobs}\ndatabase: \"sqlite:\"", NULL},
	{"log: {format: json, level: debug, requests: false}", NULL},
	{"data: \"${" VARIABLE "}/x\"", NULL},

	{"data: /x\nlisten_on: 1\n", "f.yml:2:1: listen_on: there is no such setting; the file has: listen, tls,"},
	{"limits:\n  manifest_byte: 1\n", "f.yml:2:3: limits.manifest_byte: there is no such setting; limits has: connections,"},
	{"limits.sparse: all\n", "f.yml:1:1: limits.sparse: there is no such setting"},
	{"listen: [{address: 127.0.0.1:0, port: 1}]", "f.yml:1:33: port: there is no such setting; an entry of listen has: address, tls"},
	{"listen: [{tls: true}]", "listen: this entry has no address"},
	{"listen:\n  - {address: 127.0.0.1:0, tls: on}", "f.yml:2:33: listen.tls: \"on\" is not true or false"},
	{"listen: []", "the list is empty"},
	{"listen:\n", "f.yml:1:8: listen: ADDR:PORT, unix:PATH or fd:NAME is wanted, and here is nothing"},
	{"limits: 3\n", "f.yml:1:9: limits: a mapping is wanted, with any of: connections,"},
	{"data: [a]\n", "f.yml:1:7: data: a path is wanted, and here is a list"},
	{"data: {a: b}\n", "here is a mapping"},
	{"data:\n", "here is nothing"},
	{"data: \"\"\n", "\"\" is not a path"},
	{"access:\n  open: yes\n", "f.yml:2:9: access.open: \"yes\" is not true or false"},
	{"limits: {connections: 0}", "\"0\" is not a number from 1 to 1000000"},
	{"limits: {connections: -1}", "\"-1\" is not a number"},
	{"limits: {connections: 1e3}", "\"1e3\" is not a number"},
	{"limits: {connections: 99999999999999999999}", "is not a number"},
	{"limits: {manifest_bytes: 4MB}", "\"4MB\" is not a size like 4MiB (a number, then nothing, KiB, MiB, GiB or TiB) from 1KiB to 4MiB"},
	{"limits: {manifest_bytes: 5MiB}", "from 1KiB to 4MiB"},
	{"limits: {rehash_bytes: 99999999999TiB}", "\"99999999999TiB\" is not a size"},
	{"limits: {head_timeout: 20}", "\"20\" is not a time like 20s (a number, then ms, s, m, h or d) from 100ms to 1h"},
	{"limits: {head_timeout: s}", "\"s\" is not a time"},
	{"limits: {upload_expiry: 1500ms}", "\"1500ms\" is not a time"},
	{"limits: {sparse: some}", "\"some\" is not none, indexes or all"},
	{"tls: {minimum: 1.1}", "\"1.1\" is not 1.2 or 1.3"},
	{"log: {level: loud}", "\"loud\" is not debug, info, warning or error"},
	{"log: {format: text}", "\"text\" is not logfmt or json"},
	{"external_url: registry.example.com", "is not http:// or https://"},
	{"external_url: https://registry.example.com/v2", "without a path"},
	{"external_url: https://registry.example.com?x", "is not http:// or https://"},
	{"external_url: ftp://registry.example.com", "is not http:// or https://"},
	{"database: postgres://db/naru", "PostgreSQL is not there yet"},
	{"database: sqlite:/x", "sqlite: takes no path"},
	{"database: mysql", "\"mysql\" is not sqlite:"},
	{"access: {trusted_proxies: [10.0.0.1/8]}", "access.trusted_proxies: \"10.0.0.1/8\" has bits set"},
	{"access: {trusted_proxies: [proxy.example.com]}", "is no address"},
	{"data: ${NARU_TEST_UNSET}", "f.yml:1:7: data: the environment variable NARU_TEST_UNSET is not set"},
	{"data: ${}", "${ is not followed by the name"},
	{"data: ${" VARIABLE, "${ is not followed by the name"},
	{"data: ${1X}", "${ is not followed by the name"},

	{"data: /x\nlog: {}\ndata: /y\n", "f.yml:3:1: data: it stands here twice, first in line 1"},
	{"limits:\n  sparse: all\n  sparse: none\n", "f.yml:3:3: sparse: it stands here twice, first in line 2"},
	{"limits: {sparse: all}\nlimits: {}\n", "limits: it stands here twice"},
	{"data: &a /x", "anchors and tags are not taken"},
	{"data: !!str x", "anchors and tags are not taken"},
	{"limits: &a {}", "anchors and tags are not taken"},
	{"data: *a", "aliases are not taken"},
	{"- a\n", "a mapping of settings is wanted"},
	{"hello", "a mapping of settings is wanted"},
	{"[a]: b", "a setting's name is one word"},
	{"data: /x\n---\ndata: /y\n", "f.yml:2:1: a second document begins here"},
	{"limits: {a: 1", "f.yml:2:1: did not find expected"},
	{"\tdata: x", "f.yml:1:1: found character that cannot start any token"},
	{"data: \"a\\0b\"", "f.yml:1:7: a NUL is in it"},
	{"data: /x\nlog: \xff", "f.yml:2:6: it is not text in UTF-8"},
	{"a: [[[[[[[[[[[[", "f.yml:1:9: it is nested deeper"},
};

static void each_mistake_has_its_place_and_a_way_out(void **state)
{
	(void)state;
	setenv(VARIABLE, "/from/environment", 1);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		cleanup_error struct error err = {0};
		struct settings settings;

		bool taken = settings_load_text(&settings, "f.yml", str_of(table[i].text), &err);
		unit_assert(taken == !table[i].refusal, "row %zu, %s: %s", i, table[i].text, error_text(&err));
		if (!taken)
			unit_assert(strstr(error_text(&err), table[i].refusal), "row %zu, %s says: %s", i, table[i].text, error_text(&err));
		settings_free(&settings);
	}
}

static void every_mistake_of_a_file_is_told_at_once(void **state)
{
	cleanup_error struct error err = {0};
	struct settings settings;

	(void)state;
	assert_false(settings_load_text(&settings, "f.yml", STR("a: 1\nlimits: {b: 2}\nlog: {level: x}\n"), &err));
	assert_non_null(strstr(err.message, "f.yml:1:1: a"));
	assert_non_null(strstr(err.message, "\nf.yml:2:10: limits.b"));
	assert_non_null(strstr(err.message, "\nf.yml:3:14: log.level"));
	settings_free(&settings);
}

/* A configuration that would be large or deep without end is refused early. */
static void a_hostile_file_costs_little(void **state)
{
	cleanup_buf struct buf deep = {0}, wide = {0};

	(void)state;
	for (size_t i = 0; i < 100000; i++)
		buf_add_text(&deep, "{a: ");
	buf_add_text(&wide, "listen: [");
	for (size_t i = 0; i < 10000; i++)
		buf_add_text(&wide, "x,");
	const struct str texts[] = {buf_str(&deep), buf_str(&wide)};
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		cleanup_error struct error err = {0};
		struct settings settings;

		assert_false(settings_load_text(&settings, "f.yml", texts[i], &err));
		assert_true(strlen(err.message) < 1000);
		settings_free(&settings);
	}
}

static const char full[] = "listen:\n  - 127.0.0.1:5000\n  - address: 0.0.0.0:5443\n    tls: true\n"
			   "tls: {cert: /c, key: /k, minimum: 1.3}\nexternal_url: https://r.example.com\ndata: '/a $${b}\"\\'\n"
			   "access: {open: true, trusted_proxies: [10.0.0.0/8, unix]}\n"
			   "limits: {head_timeout: 90s, sparse: \"${" VARIABLE "}\", body_rate_min: 1KiB}\nlog: {requests: false}\n";

static void what_is_shown_is_a_configuration_that_means_the_same(void **state)
{
	cleanup_error struct error err = {0};
	cleanup_buf struct buf first = {0}, second = {0};
	struct settings settings, again;

	(void)state;
	setenv(VARIABLE, "all", 1);
	unit_assert(settings_load_text(&settings, "f.yml", str_of(full), &err), "%s", error_text(&err));
	unit_assert_text(settings.data, "/a ${b}\"\\");
	assert_true(settings.open_in_file && settings.tls_only_1_3 && !settings.log_requests);
	assert_int_equal(settings.limits.server.head_timeout_ms, 90000);
	assert_int_equal(settings.limits.server.body_rate_min, 1024);
	assert_int_equal(settings.limits.sparse, SETTINGS_SPARSE_ALL);
	settings_show(&settings, &first);
	assert_non_null(strstr(first.data, "  head_timeout: 90s  # file f.yml:9\n"));
	assert_non_null(strstr(first.data, "  sparse: all  # environment " VARIABLE ", f.yml:9\n"));
	assert_non_null(strstr(first.data, "  manifest_bytes: 4MiB  # default\n"));
	assert_non_null(strstr(first.data, "listen:  # file f.yml:1\n  - address: 127.0.0.1:5000\n    tls: false\n"));
	unit_assert(settings_load_text(&again, "f.yml", buf_str(&first), &err), "%s in %s", error_text(&err), first.data);
	settings_show(&again, &second);
	for (char *text = first.data; (text = strstr(text, "  #"));)
		memset(text, ' ', strcspn(text, "\n"));
	for (char *text = second.data; (text = strstr(text, "  #"));)
		memset(text, ' ', strcspn(text, "\n"));
	for (size_t i = 0; i < settings_keys_count; i++) {
		cleanup_buf struct buf a = {0}, b = {0};

		bool is_set = settings_value_get(&settings, &settings_keys[i], 0, &a);
		assert_int_equal(is_set, settings_value_get(&again, &settings_keys[i], 0, &b));
		if (is_set)
			unit_assert_text(a.data, b.data);
	}
	assert_int_equal(again.listen_count, 2);
	assert_true(again.listen[1].tls && !again.listen[0].tls);
	settings_free(&settings);
	settings_free(&again);
}

static void what_cannot_change_is_kept_and_named(void **state)
{
	cleanup_error struct error err = {0};
	cleanup_buf struct buf changed = {0};
	struct settings running, next;

	(void)state;
	assert_true(settings_load_text(&running, "f.yml", STR("access: {open: true}\ndata: /a\nlisten: [127.0.0.1:1]\n"), &err));
	assert_true(settings_load_text(
		&next, "f.yml", STR("access: {open: true}\ndata: /b\nlisten: [127.0.0.1:1, 127.0.0.1:2]\nlimits: {sparse: none}\n"), &err));
	unit_assert(settings_keep_running(&running, &next, &changed, &err), "%s", error_text(&err));
	unit_assert_text(changed.data, "listen, data");
	unit_assert_text(next.data, "/a");
	assert_int_equal(next.listen_count, 1);
	assert_int_equal(next.limits.sparse, SETTINGS_SPARSE_NONE);
	settings_free(&running);
	settings_free(&next);
}

/* "| `limits.uploads` | a number | `10000` | … |", in the order of the table. */
static void row_of(const struct settings_key *key, struct buf *out)
{
	buf_printf(out, "| `%s` | ", key->name);
	settings_type_words(key, out);
	if (key->default_note)
		buf_printf(out, " | %s | ", key->default_note);
	else if (key->default_text)
		buf_printf(out, " | `%s` | ", key->default_text);
	else
		buf_add_text(out, " | none | ");
	buf_printf(out, "%s%s |\n", key->meaning, key->restarts ? " Taken at the start only." : "");
}

static void the_documentation_has_every_setting(void **state)
{
	cleanup_error struct error err = {0};
	cleanup_buf struct buf page = {0}, rows = {0};

	(void)state;
	for (size_t i = 0; i < settings_keys_count; i++)
		row_of(&settings_keys[i], &rows);
	unit_assert(file_read_all(AT_FDCWD, "docs/configuration.md", 1 << 20, &page, &err), "%s", error_text(&err));
	bool is_there = strstr(page.data, rows.data);
	if (!is_there)
		fprintf(stderr, "%s", rows.data);
	unit_assert(is_there, "docs/configuration.md wants the rows above");
}

UNIT_MAIN(cmocka_unit_test(each_mistake_has_its_place_and_a_way_out), cmocka_unit_test(every_mistake_of_a_file_is_told_at_once),
	cmocka_unit_test(a_hostile_file_costs_little), cmocka_unit_test(what_is_shown_is_a_configuration_that_means_the_same),
	cmocka_unit_test(what_cannot_change_is_kept_and_named), cmocka_unit_test(the_documentation_has_every_setting))
