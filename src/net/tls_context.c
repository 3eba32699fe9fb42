/*
 * Certificate, key and the choices of protocol: TLS 1.2 and 1.3 as Mozilla's "intermediate" has them, forward secrecy only. Session tickets are ours,
 * so that every loop and every later certificate takes them: without them each connection of docker, which opens one a request, costs a signature.
 */
#include "net/tls_internal.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/random.h"

/* Of TLS 1.2: ECDHE with an authenticated cipher. */
#define CIPHERS_1_2                                                                                                                                  \
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"                       \
	"ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
#define CIPHERS_1_3 "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
#define GROUPS "X25519:P-256:P-384"
#define PEM_BYTES_MAX ((size_t)1024 * 1024)
#define CHAIN_MAX 16
/* A ticket key is used for so long, and read for as long again: whoever steals it later reads no more than that of TLS 1.2. */
#define TICKET_KEY_S (8 * 3600)

struct ticket_key {
	unsigned char name[16], aes[32], hmac[32];
	int64_t made_at_us; /* monotonic; 0: there is none */
};

struct tls_shared {
	EVP_CIPHER *cipher;
	pthread_mutex_t lock; /* guards the keys */
	struct ticket_key current, previous;
};

struct tls_shared *tls_shared_new(void)
{
	struct tls_shared *shared = mem_alloc(1, sizeof *shared);

	shared->cipher = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
	pthread_mutex_init(&shared->lock, NULL);
	return shared;
}

void tls_shared_free(struct tls_shared *shared)
{
	if (!shared)
		return;
	EVP_CIPHER_free(shared->cipher);
	pthread_mutex_destroy(&shared->lock);
	OPENSSL_cleanse(shared, sizeof *shared);
	free(shared);
}

/* ---- session tickets (RFC 5077, RFC 8446 4.6.1) ---- */

/* Called with the lock held. */
static void turn_keys(struct tls_shared *shared)
{
	int64_t now_us = clock_monotonic_us(), age_us = now_us - shared->current.made_at_us;

	if (shared->current.made_at_us && age_us < (int64_t)TICKET_KEY_S * 1000000)
		return;
	shared->previous = shared->current;
	if (age_us >= (int64_t)2 * TICKET_KEY_S * 1000000)
		shared->previous.made_at_us = 0;
	random_bytes(shared->current.name, sizeof shared->current.name);
	random_bytes(shared->current.aes, sizeof shared->current.aes);
	random_bytes(shared->current.hmac, sizeof shared->current.hmac);
	shared->current.made_at_us = now_us;
}

/* The key to seal a ticket with, or the one that name says: 0 no longer known, 1 the current one, 2 the one before it. */
static int choose_key(struct tls_shared *shared, const unsigned char *name, struct ticket_key *key)
{
	int found = 0;

	pthread_mutex_lock(&shared->lock);
	turn_keys(shared);
	if (!name || memcmp(name, shared->current.name, sizeof shared->current.name) == 0)
		found = 1;
	else if (shared->previous.made_at_us && memcmp(name, shared->previous.name, sizeof shared->previous.name) == 0)
		found = 2;
	if (found)
		*key = found == 1 ? shared->current : shared->previous;
	pthread_mutex_unlock(&shared->lock);
	return found;
}

/* SSL_CTX_set_tlsext_ticket_key_evp_cb(3): 0 goes on without the ticket, 2 asks for a new one, -1 fails. */
static int on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int seal)
{
	struct tls_shared *shared = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	struct ticket_key key;
	int found = choose_key(shared, seal ? NULL : name, &key);

	if (!found)
		return 0;
	if (seal) {
		memcpy(name, key.name, sizeof key.name);
		random_bytes(iv, (size_t)EVP_CIPHER_get_iv_length(shared->cipher));
	}
	OSSL_PARAM parameters[] = {
		OSSL_PARAM_octet_string(OSSL_MAC_PARAM_KEY, key.hmac, sizeof key.hmac),
		OSSL_PARAM_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
		OSSL_PARAM_END,
	};
	bool ready = EVP_CipherInit_ex2(cipher, shared->cipher, key.aes, iv, seal, NULL) == 1 && EVP_MAC_CTX_set_params(mac, parameters) == 1;
	OPENSSL_cleanse(&key, sizeof key);
	/* A ticket of TLS 1.3 is used once (RFC 8446, C.4): its client gets another. */
	if (ready && !seal && SSL_version(ssl) == TLS1_3_VERSION)
		found = 2;
	return ready ? found : -1;
}

/* RFC 7301: a client that asks for protocols and for none of ours is refused, which also ends attacks that cross protocols (ALPACA). */
static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in, unsigned int in_len, void *argument)
{
	static const unsigned char ours[] = "\x08http/1.1\x08http/1.0";
	unsigned char *chosen;

	(void)ssl;
	(void)argument;
	if (SSL_select_next_proto(&chosen, out_len, ours, sizeof ours - 1, in, in_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

/* ---- certificate and key ---- */

static bool fail(struct error *err, const char *what, const char *file)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = code ? ERR_reason_error_string(code) : NULL;

	error_set(err, ERROR_INVALID, "%s %s: %s", what, file, reason ? reason : "it cannot be used");
	ERR_clear_error();
	return false;
}

static bool read_pem(const char *what, const char *file, struct buf *pem, struct error *err)
{
	if (!file || !file[0])
		return error_set(err, ERROR_INVALID, "%s: no file is named", what);
	return file_read_all(AT_FDCWD, file, PEM_BYTES_MAX, pem, err) || error_prefix(err, "%s", what);
}

static bool is_valid_now(const X509 *certificate, const char *file, struct error *err)
{
	static const char what[] = "TLS certificate";
	const ASN1_TIME *from = X509_get0_notBefore(certificate), *until = X509_get0_notAfter(certificate);
	bool early = X509_cmp_current_time(from) > 0, late = X509_cmp_current_time(until) < 0;
	struct tm tm = {0};
	char day[32] = "";

	if (!early && !late)
		return true;
	if (ASN1_TIME_to_tm(late ? until : from, &tm))
		strftime(day, sizeof day, "%Y-%m-%d %H:%M:%S UTC", &tm);
	return error_set(err, ERROR_INVALID, late ? "%s %s: it expired on %s" : "%s %s: it is not valid before %s", what, file, day);
}

static bool use_certificate(SSL_CTX *context, const char *file, struct error *err)
{
	static const char what[] = "TLS certificate";
	cleanup_buf struct buf pem = {0};
	X509 *certificate, *link;

	if (!read_pem(what, file, &pem, err))
		return false;
	BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
	certificate = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL);
	bool good = certificate || fail(err, what, file);
	good = good && is_valid_now(certificate, file, err);
	good = good && (SSL_CTX_use_certificate(context, certificate) == 1 || fail(err, what, file));
	X509_free(certificate);
	for (size_t i = 0; good && i < CHAIN_MAX && (link = PEM_read_bio_X509(bio, NULL, NULL, NULL)); i++)
		if (SSL_CTX_add0_chain_cert(context, link) != 1) {
			X509_free(link);
			good = fail(err, what, file);
		}
	/* What follows the last certificate is "no start line", or a broken certificate. */
	unsigned long code = ERR_peek_last_error();
	if (good && code && !(ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE))
		good = fail(err, what, file);
	ERR_clear_error();
	BIO_free(bio);
	return good;
}

/* Nobody is there to be asked for a passphrase. */
static int no_passphrase(char *out, int size, int writing, void *argument)
{
	(void)out;
	(void)size;
	(void)writing;
	*(bool *)argument = true;
	return -1;
}

static bool use_key(SSL_CTX *context, const struct server_tls *settings, struct error *err)
{
	static const char what[] = "TLS key";
	struct buf pem = {0};
	bool asked = false, good = false;

	if (read_pem(what, settings->key_file, &pem, err)) {
		BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
		EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, &asked);
		if (!key && asked)
			error_set(err, ERROR_INVALID, "%s %s: it is locked by a passphrase: store it without one", what, settings->key_file);
		else if (!key)
			fail(err, what, settings->key_file);
		else if (X509_check_private_key(SSL_CTX_get0_certificate(context), key) != 1)
			error_set(err, ERROR_INVALID, "%s %s does not belong to the certificate %s", what, settings->key_file, settings->cert_file);
		else
			good = SSL_CTX_use_PrivateKey(context, key) == 1 || fail(err, what, settings->key_file);
		EVP_PKEY_free(key);
		BIO_free(bio);
		OPENSSL_cleanse(pem.data, pem.len);
	}
	ERR_clear_error();
	buf_free(&pem);
	return good;
}

/* ---- the context ---- */

static bool set_protocol(SSL_CTX *context, struct tls_shared *shared, bool only_1_3)
{
	static const unsigned char id[] = "naru-registry";

	/* The server's order, as it knows what its AES costs; a client that leads with ChaCha20 has none of its own and gets that. */
	SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY); /* a call reads one record, so that a connection has a budget */
	SSL_CTX_set_read_ahead(context, 1);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_timeout(context, TICKET_KEY_S);
	SSL_CTX_set_app_data(context, shared);
	SSL_CTX_set_alpn_select_cb(context, on_alpn, NULL);
	return SSL_CTX_set_min_proto_version(context, only_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION) == 1 &&
	       SSL_CTX_set_cipher_list(context, CIPHERS_1_2) == 1 && SSL_CTX_set_ciphersuites(context, CIPHERS_1_3) == 1 &&
	       SSL_CTX_set1_groups_list(context, GROUPS) == 1 && SSL_CTX_set_session_id_context(context, id, sizeof id - 1) == 1 &&
	       SSL_CTX_set_num_tickets(context, 1) == 1 && SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket) == 1;
}

bool tls_context_new(SSL_CTX **out, struct tls_shared *shared, const struct server_tls *settings, struct error *err)
{
	ERR_clear_error();
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	bool good = context && shared->cipher && set_protocol(context, shared, settings->only_1_3);

	if (!good)
		error_set(err, ERROR_INTERNAL, "set up TLS: %s", ERR_reason_error_string(ERR_peek_last_error()));
	good = good && use_certificate(context, settings->cert_file, err) && use_key(context, settings, err);
	if (good)
		*out = context;
	else
		SSL_CTX_free(context);
	ERR_clear_error();
	return good;
}

int64_t tls_context_not_after_s(SSL_CTX *context)
{
	const X509 *certificate = SSL_CTX_get0_certificate(context);
	STACK_OF(X509) *chain = NULL;
	int64_t first_s = INT64_MAX;
	int at = 0;

	SSL_CTX_get0_chain_certs(context, &chain);
	while (certificate) {
		struct tm tm = {0};

		if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &tm) == 1 && timegm(&tm) < first_s)
			first_s = timegm(&tm);
		certificate = at < sk_X509_num(chain) ? sk_X509_value(chain, at++) : NULL;
	}
	return first_s < INT64_MAX ? first_s : 0;
}
