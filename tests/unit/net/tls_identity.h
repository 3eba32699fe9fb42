/* Certificates and keys that a test makes for itself. */
#ifndef TESTS_UNIT_NET_TLS_IDENTITY_H
#define TESTS_UNIT_NET_TLS_IDENTITY_H

#include "tests/unit/unit.h"

#include <openssl/types.h>

struct identity {
	EVP_PKEY *key;
	X509 *certificate;
};

/* Self-signed, for that name ("IP:127.0.0.1"), valid from two hours ago until so many seconds from now. */
struct identity identity_make(const char *name, long seconds);
void identity_free(struct identity *identity);
/* Writes PEM files; a path may be NULL. */
void identity_write(const struct identity *identity, const char *cert_file, const char *key_file);

#endif
