/* docker's certs.d folders: HOST:PORT with *.crt, *.cert and *.key. What is in them is the HTTP client's to read (test_client_tls.c). */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdlib.h>

#include "base/file.h"
#include "remote/remote.h"

static const struct {
	const char *why;
	const char *files[4]; /* below the folder of certificates, NULL-ended */
	const char *words;    /* NULL: the registry is opened */
} rows[] = {
	{"no folder", {NULL}, NULL},
	{"another host's", {"other:5000/a.cert"}, NULL},
	{"an authority", {"h:5000/ca.crt"}, NULL},
	{"a pair", {"h:5000/ca.crt", "h:5000/client.cert", "h:5000/client.key"}, NULL},
	{"no key", {"h:5000/client.cert", "h:5000/other.key"}, "missing key "},
};

static void pairs_are_whole(void **state)
{
	const struct http_client_settings settings = {.user_agent = "naru/test"};
	struct http_client *client;

	(void)state;
	assert_true(http_client_new(&client, &settings, NULL));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char folder[] = "/tmp/naru-certs-XXXXXX";
		cleanup_error struct error err = {0};
		struct remote *remote = NULL;

		assert_non_null(mkdtemp(folder));
		const struct remote_settings remote_settings = {.domain = "h:5000", .certs_folder = folder};
		for (size_t j = 0; j < ARRAY_SIZE(rows[i].files) && rows[i].files[j]; j++) {
			struct str host, name;
			assert_true(str_cut(str_of(rows[i].files[j]), '/', &host, &name));
			cleanup_free char *below = mem_printf("%s/%.*s", folder, STR_ARG(host)),
					  *path = mem_printf("%s/%s", folder, rows[i].files[j]);
			assert_true(folder_make(below, 0700, NULL) && file_replace(AT_FDCWD, path, "x", 1, 0600, NULL));
		}
		bool opened = remote_open(&remote, client, &remote_settings, &err);
		unit_assert(opened == !rows[i].words, "%s: %s", rows[i].why, error_text(&err));
		unit_assert(opened || strstr(err.message, rows[i].words), "%s: %s", rows[i].why, error_text(&err));
		remote_close(opened ? remote : NULL);
		assert_true(folder_remove(AT_FDCWD, folder, NULL));
	}
	http_client_free(client);
}

UNIT_MAIN(cmocka_unit_test(pairs_are_whole))
