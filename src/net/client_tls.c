/* The client's certificates: the system's stay, a registry's own are added to them (docker's certs.d: *.crt files of a folder). */
#include <dirent.h>
#include <sys/stat.h>

#include <openssl/ssl.h>

#include "base/mem.h"
#include "net/client_internal.h"

/* More than one registry has. */
#define AUTHORITIES_MAX 64

static bool add_file(SSL_CTX *context, const char *path)
{
	return SSL_CTX_load_verify_file(context, path) == 1;
}

static bool add_folder(SSL_CTX *context, const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	bool good = dir != NULL;

	for (size_t added = 0; good && added < AUTHORITIES_MAX && (entry = readdir(dir));) {
		if (!str_ends(str_of(entry->d_name), STR(".crt")))
			continue;
		cleanup_free char *path = mem_printf("%s/%s", folder, entry->d_name);
		good = add_file(context, path);
		added++;
	}
	if (dir)
		closedir(dir);
	return good;
}

static CURLcode on_context(CURL *easy, void *ssl_context, void *argument)
{
	struct exchange *exchange = argument;
	const char *path = exchange->request->tls->ca_folder_or_file;
	struct stat found;

	(void)easy;
	bool good = stat(path, &found) == 0 && (S_ISDIR(found.st_mode) ? add_folder(ssl_context, path) : add_file(ssl_context, path));
	if (good)
		return CURLE_OK;
	error_set(&exchange->failed, ERROR_INVALID, "%s: not all of its certificates can be read", path);
	client_error_prefix(exchange, &exchange->failed);
	return CURLE_SSL_CACERT_BADFILE;
}

bool client_tls_set(struct exchange *exchange)
{
	const struct http_tls *tls = exchange->request->tls;
	const struct curl_library *curl = exchange->curl;
	CURL *easy = exchange->easy;
	CURLcode code = CURLE_OK;

	if (!tls)
		return true;
	if (tls->insecure) {
		curl->easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
		curl->easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (tls->ca_folder_or_file) {
		/* What is added is this registry's alone: no store that other calls share. */
		curl->easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 0L);
		curl->easy_setopt(easy, CURLOPT_SSL_CTX_DATA, exchange);
		code = curl->easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_context);
	}
	if (code == CURLE_OK && tls->client_cert)
		code = curl->easy_setopt(easy, CURLOPT_SSLCERT, tls->client_cert);
	if (code == CURLE_OK && tls->client_key)
		code = curl->easy_setopt(easy, CURLOPT_SSLKEY, tls->client_key);
	return code == CURLE_OK;
}
