/*
 * What the end of an exchange means, in the words that Go's net/http has for it: docker's users, and the scripts that read its output,
 * know those. One table maps curl's codes.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/x509_vfy.h>

#include "base/mem.h"
#include "net/client_internal.h"
#include "net/url.h"

/* Of a URL in an error: a presigned one can be long. */
#define URL_SHOWN_MAX 512

static const struct {
	CURLcode code;
	enum error_kind kind;
	const char *words; /* NULL: curl's own */
} meanings[] = {
	{CURLE_GOT_NOTHING, ERROR_UNAVAILABLE, "EOF"},
	{CURLE_PARTIAL_FILE, ERROR_CORRUPT, "unexpected EOF"},
	{CURLE_SEND_ERROR, ERROR_UNAVAILABLE, "write: broken pipe"},
	{CURLE_RECV_ERROR, ERROR_UNAVAILABLE, "read: connection reset by peer"},
	{CURLE_OPERATION_TIMEDOUT, ERROR_UNAVAILABLE, "i/o timeout"},
	{CURLE_HTTP2, ERROR_UNAVAILABLE, NULL},
	{CURLE_COULDNT_RESOLVE_PROXY, ERROR_UNAVAILABLE, "proxyconnect tcp: dial tcp: lookup of the proxy: no such host"},
	{CURLE_PROXY, ERROR_UNAVAILABLE, NULL},
	{CURLE_WEIRD_SERVER_REPLY, ERROR_INVALID, "malformed HTTP response"},
	{CURLE_UNSUPPORTED_PROTOCOL, ERROR_INVALID, "malformed HTTP response, or a scheme other than http and https"},
	{CURLE_URL_MALFORMAT, ERROR_INVALID, "malformed URL"},
	{CURLE_LOGIN_DENIED, ERROR_INVALID, "a URL may not hold a user's name"},
	{CURLE_BAD_CONTENT_ENCODING, ERROR_CORRUPT, NULL},
	{CURLE_SSL_CERTPROBLEM, ERROR_INVALID, NULL},
	{CURLE_SSL_CACERT_BADFILE, ERROR_INVALID, NULL},
	{CURLE_ABORTED_BY_CALLBACK, ERROR_CANCELED, "context canceled"},
	/* What curl says of a line of the head that is over 100 KiB. */
	{CURLE_OUT_OF_MEMORY, ERROR_TOO_LARGE, "net/http: server response headers exceeded their limit; aborted"},
};

/* "Get", as Go's errors begin. */
static void method_words(char *out, size_t size, const char *method)
{
	snprintf(out, size, "%s", method);
	for (char *c = out; *c; c++)
		if (c > out && *c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
}

static bool connect_error(struct exchange *exchange, struct error *err)
{
	char reason[128];
	long os_errno = 0;

	exchange->curl->easy_getinfo(exchange->easy, CURLINFO_OS_ERRNO, &os_errno);
	if (os_errno)
		error_os_words((int)os_errno, reason, sizeof reason);
	else
		snprintf(reason, sizeof reason, "cannot be reached");
	return error_set(err, ERROR_UNAVAILABLE, "dial tcp %s: connect: %s", exchange->tried_peer, reason);
}

static bool timeout_error(struct exchange *exchange, struct error *err)
{
	curl_off_t connected_us = 0;

	exchange->curl->easy_getinfo(exchange->easy, CURLINFO_CONNECT_TIME_T, &connected_us);
	if (connected_us == 0)
		return error_set(err, ERROR_UNAVAILABLE, "dial tcp %s: i/o timeout", exchange->tried_peer);
	return error_set(err, ERROR_UNAVAILABLE, "net/http: TLS handshake timeout");
}

static bool certificate_error(struct exchange *exchange, struct str host, struct error *err)
{
	long verified = X509_V_OK;

	exchange->curl->easy_getinfo(exchange->easy, CURLINFO_SSL_VERIFYRESULT, &verified);
	switch (verified) {
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		return error_set(err, ERROR_INVALID, "tls: failed to verify certificate: x509: certificate signed by unknown authority");
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return error_set(err, ERROR_INVALID, "tls: failed to verify certificate: x509: certificate has expired or is not yet valid");
	/* curl looks at the name first, and leaves this when that is another. */
	case X509_V_OK:
	case X509_V_ERR_UNSPECIFIED:
		return error_set(err, ERROR_INVALID, "tls: failed to verify certificate: x509: certificate is not valid for %.*s", STR_ARG(host));
	default:
		return error_set(err, ERROR_INVALID, "tls: failed to verify certificate: x509: %s", X509_verify_cert_error_string(verified));
	}
}

/* OpenSSL says "wrong version number" when what answers a TLS hello is text. */
static bool handshake_error(struct exchange *exchange, struct error *err)
{
	if (strstr(exchange->words, "wrong version number") || strstr(exchange->words, "http request"))
		return error_set(err, ERROR_UNAVAILABLE, "http: server gave HTTP response to HTTPS client");
	return error_set(err, ERROR_UNAVAILABLE, "tls: %s", exchange->words[0] ? exchange->words : "handshake failure");
}

static bool table_error(struct exchange *exchange, CURLcode code, struct error *err)
{
	const char *own = exchange->words[0] ? exchange->words : exchange->curl->easy_strerror(code);

	for (size_t i = 0; i < ARRAY_SIZE(meanings); i++)
		if (meanings[i].code == code)
			return error_set(err, meanings[i].kind, "%s", meanings[i].words ? meanings[i].words : own);
	return error_set(err, ERROR_UNAVAILABLE, "%s", own);
}

bool client_error_prefix(const struct exchange *exchange, struct error *err)
{
	char method[16];

	method_words(method, sizeof method, exchange->request->method);
	return error_prefix(err, "%s \"%.*s\"", method, URL_SHOWN_MAX, exchange->request->url);
}

bool client_error(struct exchange *exchange, CURLcode code, struct error *err)
{
	const struct http_request *request = exchange->request;
	struct url_parts parts = {0};

	/* What a callback said is the caller's own, and already whole. */
	if (exchange->failed.kind != ERROR_NONE)
		return error_move(err, &exchange->failed);

	(void)url_split(&parts, str_of(request->url));
	if (exchange->canceled)
		error_set(err, ERROR_CANCELED, "context canceled");
	else if (exchange->stalled)
		error_set(err, ERROR_UNAVAILABLE, "i/o timeout: no byte came or went");
	else if (code == CURLE_COULDNT_RESOLVE_HOST)
		error_set(err, ERROR_UNAVAILABLE, "dial tcp: lookup %.*s: no such host", STR_ARG(parts.host));
	else if (code == CURLE_COULDNT_CONNECT)
		connect_error(exchange, err);
	else if (code == CURLE_OPERATION_TIMEDOUT)
		timeout_error(exchange, err);
	else if (code == CURLE_PEER_FAILED_VERIFICATION)
		certificate_error(exchange, parts.host, err);
	else if (code == CURLE_SSL_CONNECT_ERROR)
		handshake_error(exchange, err);
	else
		table_error(exchange, code, err);
	return client_error_prefix(exchange, err);
}
