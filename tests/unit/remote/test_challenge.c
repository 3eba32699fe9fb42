/* One table of headers: those that registries send, those that RFC 9110 allows, and those of someone who means ill. */
#include "tests/unit/unit.h"

#include "base/buf.h"
#include "remote/challenge.h"

/* NULL: the parameter is missing. */
static const struct {
	const char *why;
	const char *header;
	bool valid;
	enum challenge_kind kind;
	const char *realm, *service, *scope, *error;
} headers[] = {
	{"distribution's own example",
		"Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\",scope=\"repository:samalba/my-app:pull,push\"", true,
		CHALLENGE_BEARER, "https://auth.docker.io/token", "registry.docker.io", "repository:samalba/my-app:pull,push", NULL},
	{"two scopes and an error",
		"Bearer realm=\"https://h/t\",service=\"h\",scope=\"repository:a:pull repository:b:pull\",error=\"insufficient_scope\"", true,
		CHALLENGE_BEARER, "https://h/t", "h", "repository:a:pull repository:b:pull", "insufficient_scope"},
	{"basic", "Basic realm=\"Registry Realm\"", true, CHALLENGE_BASIC, "Registry Realm", NULL, NULL, NULL},
	{"basic without parameters", "Basic", true, CHALLENGE_BASIC, NULL, NULL, NULL, NULL},
	{"names and scheme in any case", "bEARER REALM=\"https://h/t\", Service=h", true, CHALLENGE_BEARER, "https://h/t", "h", NULL, NULL},
	{"blanks around the sign", "Bearer realm = \"https://h/t\" , service\t=\th", true, CHALLENGE_BEARER, "https://h/t", "h", NULL, NULL},
	{"an unknown parameter", "Bearer realm=\"https://h/t\",charset=\"UTF-8\",x=1", true, CHALLENGE_BEARER, "https://h/t", NULL, NULL, NULL},
	{"an escaped quote", "Bearer realm=\"https://h/t\",service=\"a\\\"b\\\\c\"", true, CHALLENGE_BEARER, "https://h/t", "a\"b\\c", NULL, NULL},
	{"a comma within quotes", "Bearer realm=\"https://h/t?a,b\",service=\"x, Basic realm=y\"", true, CHALLENGE_BEARER, "https://h/t?a,b",
		"x, Basic realm=y", NULL, NULL},
	{"bearer behind basic", "Basic realm=\"r\", Bearer realm=\"https://h/t\",service=\"s\"", true, CHALLENGE_BEARER, "https://h/t", "s", NULL,
		NULL},
	{"bearer before basic", "Bearer realm=\"https://h/t\",service=\"s\", Basic realm=\"r\"", true, CHALLENGE_BEARER, "https://h/t", "s", NULL,
		NULL},
	{"a scheme with a token68", "Negotiate YWJj/+==, Bearer realm=\"https://h/t\"", true, CHALLENGE_BEARER, "https://h/t", NULL, NULL, NULL},
	{"a scheme of which we know nothing", "Digest realm=\"r\", nonce=\"n\", algorithm=SHA-256", true, CHALLENGE_NONE, NULL, NULL, NULL, NULL},
	{"empty elements of the list", ", ,Bearer realm=\"https://h/t\",, ,service=s,,", true, CHALLENGE_BEARER, "https://h/t", "s", NULL, NULL},
	{"nothing", "", true, CHALLENGE_NONE, NULL, NULL, NULL, NULL},

	{"no realm", "Bearer service=\"s\"", false, CHALLENGE_NONE, NULL, NULL, NULL, NULL},
	{"an empty realm", "Bearer realm=\"\"", false, CHALLENGE_NONE, NULL, NULL, NULL, NULL},
	{"bearer alone", "Bearer", false, CHALLENGE_NONE, NULL, NULL, NULL, NULL},
	{"a realm twice", "Bearer realm=\"https://good/t\",realm=\"https://evil/t\"", false, CHALLENGE_NONE, NULL, NULL, NULL, NULL},
	{"an open quote", "Bearer realm=\"https://h/t", false, CHALLENGE_NONE, NULL, NULL, NULL, NULL},
	{"a quote that ends in an escape", "Bearer realm=\"https://h/t\\", false, CHALLENGE_NONE, NULL, NULL, NULL, NULL},
	{"a line's end within quotes", "Bearer realm=\"https://h/t\r\nX: y\"", false, CHALLENGE_NONE, NULL, NULL, NULL, NULL},
	{"an escaped line's end", "Bearer realm=\"https://h/t\\\n\"", false, CHALLENGE_NONE, NULL, NULL, NULL, NULL},
	{"no value", "Bearer realm=\"https://h/t\",service=", false, CHALLENGE_NONE, NULL, NULL, NULL, NULL},
	{"no comma", "Bearer realm=\"https://h/t\" service=\"s\"", false, CHALLENGE_NONE, NULL, NULL, NULL, NULL},
	{"no blank behind the scheme", "Bearer=\"https://h/t\"", false, CHALLENGE_NONE, NULL, NULL, NULL, NULL},
	{"HTML", "<html>", false, CHALLENGE_NONE, NULL, NULL, NULL, NULL},
	{"a parameter without a name", "Bearer =\"x\"", false, CHALLENGE_NONE, NULL, NULL, NULL, NULL},
	{"more parameters than anyone has", "Bearer realm=r,a=1,b=1,c=1,d=1,e=1,f=1,g=1,h=1,i=1,j=1,k=1,l=1,m=1,n=1,o=1,p=1,q=1", false,
		CHALLENGE_NONE, NULL, NULL, NULL, NULL},
};

static void same(const char *actual, const char *expected, const char *why)
{
	if (actual && expected)
		unit_assert(strcmp(actual, expected) == 0, "%s: '%s' is not '%s'", why, actual, expected);
	else
		unit_assert(!actual && !expected, "%s: '%s' is not '%s'", why, actual ? actual : "nothing", expected ? expected : "nothing");
}

static void reads_what_registries_send_and_refuses_the_rest(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
		cleanup_error struct error err = {0};
		cleanup_challenge struct challenge challenge = {0};

		bool parsed = challenge_parse(&challenge, str_of(headers[i].header), &err);
		unit_assert(parsed == headers[i].valid, "%s: %s", headers[i].why, headers[i].header);
		unit_assert(parsed || err.kind == ERROR_INVALID, "%s: an error says why", headers[i].why);
		unit_assert(challenge.kind == headers[i].kind, "%s: kind %d", headers[i].why, (int)challenge.kind);
		same(challenge.realm, headers[i].realm, headers[i].why);
		same(challenge.service, headers[i].service, headers[i].why);
		same(challenge.scope, headers[i].scope, headers[i].why);
		same(challenge.error, headers[i].error, headers[i].why);
	}
}

static void keeps_the_best_of_several_headers(void **state)
{
	cleanup_challenge struct challenge challenge = {0};

	(void)state;
	assert_true(challenge_parse(&challenge, STR("Basic realm=\"r\""), NULL));
	assert_true(challenge_parse(&challenge, STR("Bearer realm=\"https://h/t\""), NULL));
	assert_true(challenge_parse(&challenge, STR("Basic realm=\"other\""), NULL));
	assert_false(challenge_parse(&challenge, STR("Bearer x"), NULL));
	assert_int_equal(challenge.kind, CHALLENGE_BEARER);
	unit_assert_text(challenge.realm, "https://h/t");
}

static void refuses_what_is_too_long_and_what_holds_a_nul(void **state)
{
	cleanup_challenge struct challenge challenge = {0};
	cleanup_buf struct buf text = {0};

	(void)state;
	buf_add_text(&text, "Bearer realm=\"https://h/");
	while (text.len < CHALLENGE_SIZE_MAX)
		buf_add_char(&text, 'a');
	buf_add_char(&text, '"');
	assert_false(challenge_parse(&challenge, buf_str(&text), NULL));
	assert_false(challenge_parse(&challenge, str_make("Bearer realm=\"a\0b\"", 18), NULL));
	assert_false(challenge_parse(&challenge, str_make("Bearer realm=a\0", 15), NULL));
	assert_int_equal(challenge.kind, CHALLENGE_NONE);
}

UNIT_MAIN(cmocka_unit_test(reads_what_registries_send_and_refuses_the_rest), cmocka_unit_test(keeps_the_best_of_several_headers),
	cmocka_unit_test(refuses_what_is_too_long_and_what_holds_a_nul))
