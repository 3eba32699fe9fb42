#include "tests/unit/net/tls_identity.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

struct identity identity_make(const char *name, long seconds)
{
	struct identity identity = {.key = EVP_EC_gen("P-256"), .certificate = X509_new()};
	X509 *certificate = identity.certificate;
	X509_NAME *subject = X509_get_subject_name(certificate);
	X509_EXTENSION *names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, name);

	assert_true(identity.key && names);
	X509_set_version(certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -7200);
	X509_gmtime_adj(X509_getm_notAfter(certificate), seconds);
	X509_set_pubkey(certificate, identity.key);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)"test", -1, -1, 0);
	X509_set_issuer_name(certificate, subject);
	X509_add_ext(certificate, names, -1);
	X509_EXTENSION_free(names);
	assert_true(X509_sign(certificate, identity.key, EVP_sha256()) > 0);
	return identity;
}

void identity_free(struct identity *identity)
{
	EVP_PKEY_free(identity->key);
	X509_free(identity->certificate);
}

void identity_write(const struct identity *identity, const char *cert_file, const char *key_file)
{
	FILE *file;

	if (cert_file) {
		assert_non_null(file = fopen(cert_file, "w"));
		assert_true(PEM_write_X509(file, identity->certificate) == 1 && fclose(file) == 0);
	}
	if (key_file) {
		assert_non_null(file = fopen(key_file, "w"));
		assert_true(PEM_write_PrivateKey(file, identity->key, NULL, NULL, 0, NULL, NULL) == 1 && fclose(file) == 0);
	}
}
