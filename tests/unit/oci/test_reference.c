#include "tests/unit/unit.h"

#include "oci/reference.h"

#define SHA "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define A50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A128 A50 A50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A247 A128 A50 A50 "aaaaaaaaaaaaaaaaaaa"

/* distribution/reference: reference_test.go and normalize_test.go; wire.md section 1. */
static const struct {
	const char *text, *full, *familiar; /* full NULL: refused */
} names[] = {
	{"nginx", "docker.io/library/nginx", "nginx"},
	{"nginx:1.0", "docker.io/library/nginx:1.0", "nginx:1.0"},
	{"docker.io/nginx", "docker.io/library/nginx", "nginx"},
	{"docker.io/library/nginx", "docker.io/library/nginx", "nginx"},
	{"index.docker.io/team/web", "docker.io/team/web", "team/web"},
	{"library/a/b", "docker.io/library/a/b", "library/a/b"},
	{"team/web@" SHA, "docker.io/team/web@" SHA, "team/web@" SHA},
	{"team/web:1@" SHA, "docker.io/team/web:1@" SHA, "team/web:1@" SHA},
	{"localhost", "docker.io/library/localhost", "localhost"},
	{"example.com", "docker.io/library/example.com", "example.com"},
	{"localhost/web", "localhost/web", "localhost/web"},
	{"localhost:5000/web:2", "localhost:5000/web:2", "localhost:5000/web:2"},
	{"127.0.0.1:5000/team/web", "127.0.0.1:5000/team/web", "127.0.0.1:5000/team/web"},
	{"[2001:db8::1]:5000/web", "[2001:db8::1]:5000/web", "[2001:db8::1]:5000/web"},
	{"[2001:db8::1]/web", "[2001:db8::1]/web", "[2001:db8::1]/web"},
	{"Host/web", "Host/web", "Host/web"},
	{"xn--n3h.com/myimage:xn--n3h.com", "xn--n3h.com/myimage:xn--n3h.com", "xn--n3h.com/myimage:xn--n3h.com"},
	{"foo_bar.com:8080", "docker.io/library/foo_bar.com:8080", "foo_bar.com:8080"},
	{"a/b/c/d/e", "docker.io/a/b/c/d/e", "a/b/c/d/e"},
	{"a--b__c.d_e", "docker.io/library/a--b__c.d_e", "a--b__c.d_e"},
	{"web:" A128, "docker.io/library/web:" A128, "web:" A128},
	{"web:_x", "docker.io/library/web:_x", "web:_x"},
	{A247, "docker.io/library/" A247, A247},
	{"", NULL, NULL},
	{":tag", NULL, NULL},
	{"@" SHA, NULL, NULL},
	{"a:b:c", NULL, NULL},
	{"web:", NULL, NULL},
	{"web:-x", NULL, NULL},
	{"web:.x", NULL, NULL},
	{"web:a b", NULL, NULL},
	{"web:" A128 "a", NULL, NULL},
	{"web@sha256:abc", NULL, NULL},
	{"web@" SHA "@" SHA, NULL, NULL},
	{"repo@sha256:ffffffffffffffffffffffffffffffffff", NULL, NULL},
	{"validname@invaliddigest:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", NULL, NULL},
	{"Uppercase:tag", NULL, NULL},
	{"test:5000/Uppercase/lowercase:tag", NULL, NULL},
	{"aa/asdf$$^/aa", NULL, NULL},
	{"-bad/web", NULL, NULL},
	{"a//b", NULL, NULL},
	{"/a", NULL, NULL},
	{"a/", NULL, NULL},
	{"a/../b", NULL, NULL},
	{"a..b", NULL, NULL},
	{"a___b", NULL, NULL},
	{"-a", NULL, NULL},
	{"a-", NULL, NULL},
	{"host.com:/web", NULL, NULL},
	{"host.com:99999/web", NULL, NULL},
	{"host..com/web", NULL, NULL},
	{"-host.com/web", NULL, NULL},
	{"[fe80::1%eth0]/web", NULL, NULL},
	{"[::1/web", NULL, NULL},
	{"[::1]x/web", NULL, NULL},
	{"http://host.com/web", NULL, NULL},
	{"web\xed\x95\x9c", NULL, NULL},
	{"web\n", NULL, NULL},
	{" web", NULL, NULL},
	{HEX, NULL, NULL},
	{HEX ":tag", NULL, NULL},
	{A247 "a", NULL, NULL},
};

static void test_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct reference reference = {0};
		cleanup_error struct error err = {0};
		bool parsed = reference_parse(&reference, str_of(names[i].text), REFERENCE_HUB, &err);

		unit_assert(parsed == (names[i].full != NULL), "'%s': %s", names[i].text, error_text(&err));
		if (!parsed) {
			unit_assert(err.kind == ERROR_INVALID, "'%s': kind %d", names[i].text, err.kind);
			continue;
		}
		cleanup_free char *full = reference_full(&reference), *familiar = reference_familiar(&reference);
		unit_assert_text(full, names[i].full);
		unit_assert_text(familiar, names[i].familiar);
		reference_free(&reference);
	}
}

static void test_messages(void **state)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
		{"a:b:c", "invalid reference format"},
		{"Foo", "invalid reference format: repository name (library/Foo) must be lowercase"},
		{"team/Foo", "invalid reference format: repository name (team/Foo) must be lowercase"},
		{HEX, "invalid repository name (" HEX "), cannot specify 64-byte hexadecimal strings"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct reference reference = {0};
		cleanup_error struct error err = {0};

		assert_false(reference_parse(&reference, str_of(rows[i].text), REFERENCE_HUB, &err));
		unit_assert_text(error_text(&err), rows[i].message);
		assert_null(reference.domain);
	}
}

static void test_default_domain(void **state)
{
	cleanup_reference struct reference own = {0}, hub = {0};

	(void)state;
	assert_true(reference_parse(&own, STR("team/web"), "registry.example:5000", NULL));
	unit_assert_text(own.domain, "registry.example:5000");
	unit_assert_text(own.path, "team/web");
	assert_true(reference_parse(&hub, STR("docker.io/web"), "registry.example:5000", NULL));
	unit_assert_text(hub.path, "library/web");
}

static void test_latest(void **state)
{
	cleanup_reference struct reference bare = {0}, pinned = {0};
	cleanup_free char *name = NULL;

	(void)state;
	assert_true(reference_parse(&bare, STR("web"), REFERENCE_HUB, NULL));
	assert_true(reference_add_latest(&bare));
	assert_false(reference_add_latest(&bare));
	unit_assert_text(bare.tag, "latest");
	name = reference_familiar_name(&bare);
	unit_assert_text(name, "web");
	assert_true(reference_parse(&pinned, STR("web@" SHA), REFERENCE_HUB, NULL));
	assert_false(reference_add_latest(&pinned));
	assert_null(pinned.tag);
}

static void test_nul_is_refused(void **state)
{
	struct reference reference = {0};

	(void)state;
	assert_false(reference_parse(&reference, str_make("web\0:1", 6), REFERENCE_HUB, NULL));
	assert_false(reference_path_valid(str_make("we\0b", 4)));
	assert_false(reference_tag_valid(str_make("1\0", 2)));
}

UNIT_MAIN(cmocka_unit_test(test_parse), cmocka_unit_test(test_messages), cmocka_unit_test(test_default_domain), cmocka_unit_test(test_latest),
	cmocka_unit_test(test_nul_is_refused))
