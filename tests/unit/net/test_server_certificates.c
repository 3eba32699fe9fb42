/* What cannot be a server's certificate or key: a start says which file it is, and why. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/file.h"
#include "tests/unit/net/tls_identity.h"
#include "tests/unit/net/tls_world.h"

static void write_text(const char *path, const char *text)
{
	assert_true(file_replace(AT_FDCWD, path, text, strlen(text), 0600, NULL));
}

static void lock_key(const char *path)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	FILE *file = fopen(path, "w");

	assert_true(key && file && PEM_write_PrivateKey(file, key, EVP_aes_128_cbc(), NULL, 0, NULL, (char *)"word") == 1);
	fclose(file);
	EVP_PKEY_free(key);
}

static void names_the_file_that_is_wrong(void **state)
{
	enum { ABSENT_CERT, ABSENT_KEY, TEXT_CERT, TEXT_KEY, LOCKED_KEY, OTHER_KEY, EXPIRED, BROKEN_CHAIN, NO_TLS, ROWS };
	static const struct {
		const char *words;
		bool key; /* that file is named, else the certificate's */
		enum error_kind kind;
	} rows[ROWS] = {
		[ABSENT_CERT] = {"No such file", false, ERROR_NOT_FOUND},
		[ABSENT_KEY] = {"No such file", true, ERROR_NOT_FOUND},
		[TEXT_CERT] = {"no start line", false, ERROR_INVALID},
		[TEXT_KEY] = {"TLS key", true, ERROR_INVALID},
		[LOCKED_KEY] = {"locked by a passphrase", true, ERROR_INVALID},
		[OTHER_KEY] = {"does not belong to the certificate", true, ERROR_INVALID},
		[EXPIRED] = {"it expired on ", false, ERROR_INVALID},
		[BROKEN_CHAIN] = {"TLS certificate", false, ERROR_INVALID},
		[NO_TLS] = {"there is no certificate", false, ERROR_INVALID},
	};

	(void)state;
	for (int i = 0; i < ROWS; i++) {
		struct world world;
		struct identity identity = identity_make("IP:127.0.0.1", i == EXPIRED ? -60 : 3600);
		cleanup_error struct error err = {0};
		struct server *server;

		world_files(&world);
		const struct server_settings settings = {.listen = world.listen, .listen_count = 1, .tls = i == NO_TLS ? NULL : &world.tls};
		if (i == ABSENT_CERT || i == ABSENT_KEY)
			assert_true(unlink(rows[i].key ? world.key_file : world.cert_file) == 0);
		else if (i == TEXT_CERT || i == TEXT_KEY)
			write_text(rows[i].key ? world.key_file : world.cert_file, "hello\n");
		else if (i == LOCKED_KEY)
			lock_key(world.key_file);
		else if (i == OTHER_KEY)
			identity_write(&identity, NULL, world.key_file);
		else if (i == EXPIRED)
			identity_write(&identity, world.cert_file, world.key_file);
		if (i == BROKEN_CHAIN) {
			FILE *file = fopen(world.cert_file, "a");
			fputs("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", file);
			fclose(file);
		}
		unit_assert(!server_start(&server, &settings, &err), "row %d: it starts", i);
		unit_assert(err.kind == rows[i].kind && strstr(err.message, rows[i].words), "row %d: %s", i, error_text(&err));
		unit_assert(i == NO_TLS || strstr(err.message, rows[i].key ? world.key_file : world.cert_file), "row %d: %s", i, error_text(&err));
		identity_free(&identity);
		world_files_remove(&world);
	}
}

UNIT_MAIN(cmocka_unit_test(names_the_file_that_is_wrong))
