/* One registry: its host, its certificates, and the first exchange, which finds out its scheme and its challenge. */
#include "remote/remote.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "net/url.h"
#include "oci/reference.h"
#include "remote/remote_internal.h"

#define HUB_HOST "registry-1.docker.io"
#define CERTS_FOLDER "/etc/docker/certs.d"
#define RETRY_DELAY_MS 500
/* More than a host's certificates need. */
#define CERTS_ENTRIES_MAX 256

/* *.cert and its *.key; the last pair in the folder's order counts. A .crt is an authority's and is the client's to read. */
static bool client_cert_take(struct remote *remote, const char *name, struct error *err)
{
	struct str stem = str_head(str_of(name), strlen(name) - strlen(".cert"));
	struct stat found;
	char *key = mem_printf("%s/%.*s.key", remote->certs, STR_ARG(stem));

	free(remote->client_key);
	free(remote->client_cert);
	remote->client_key = key;
	remote->client_cert = mem_printf("%s/%s", remote->certs, name);
	if (stat(key, &found) < 0)
		return error_set(err, ERROR_INVALID, "missing key %s for client certificate %s. CA certificates must use the extension .crt", key,
			remote->client_cert);
	return true;
}

/* docker's certs.d/HOST:PORT. No folder is the usual case. */
static bool certs_read(struct remote *remote, const char *folder, struct error *err)
{
	remote->certs = mem_printf("%s/%s", folder, remote->host);
	DIR *dir = opendir(remote->certs);
	struct dirent *entry;
	bool good = true;

	if (!dir) {
		free(remote->certs);
		remote->certs = NULL;
	}
	for (int i = 0; dir && good && i < CERTS_ENTRIES_MAX && (entry = readdir(dir)); i++)
		if (str_ends(str_of(entry->d_name), STR(".cert")))
			good = client_cert_take(remote, entry->d_name, err);
	if (dir)
		closedir(dir);
	remote->tls = (struct http_tls){
		.ca_folder_or_file = remote->certs,
		.client_cert = remote->client_cert,
		.client_key = remote->client_key,
		.insecure = remote->insecure,
	};
	return good;
}

bool remote_open(struct remote **out, struct http_client *client, const struct remote_settings *settings, struct error *err)
{
	struct str domain = str_of(settings->domain);
	bool hub = str_equal(domain, STR(REFERENCE_HUB));
	cleanup_free char *url = mem_printf("https://%s/", settings->domain);
	struct url_parts parts;

	/* A "/" would make part of the domain a path: of the certificates' folder, too. */
	if (!url_split(&parts, str_of(url)) || memchr(domain.data, '/', domain.len) || domain.data[0] == '.')
		return error_set(err, ERROR_INVALID, "'%s' is no registry", settings->domain);

	struct remote *remote = mem_alloc(1, sizeof *remote);
	remote->client = client;
	remote->domain = str_dup(domain);
	remote->host = str_dup(hub ? STR(HUB_HOST) : domain);
	remote->insecure = settings->insecure || host_is_loopback(parts.host);
	remote->retry_delay_ms = settings->retry_delay_ms ? settings->retry_delay_ms : RETRY_DELAY_MS;
	remote->credentials = settings->credentials;
	remote->argument = settings->argument;
	token_cache_init(&remote->tokens);
	pthread_mutex_init(&remote->lock, NULL);
	if (!certs_read(remote, settings->certs_folder ? settings->certs_folder : CERTS_FOLDER, err)) {
		remote_close(remote);
		return false;
	}
	*out = remote;
	return true;
}

void remote_close(struct remote *remote)
{
	if (!remote)
		return;
	token_cache_free(&remote->tokens);
	challenge_free(&remote->challenge);
	pthread_mutex_destroy(&remote->lock);
	free(remote->domain);
	free(remote->host);
	free(remote->certs);
	free(remote->client_cert);
	free(remote->client_key);
	free(remote->base);
	free(remote->who.user);
	free(remote->who.secret);
	free(remote);
}

void remote_cleanup(struct remote **remote)
{
	remote_close(*remote);
}

const struct http_tls *remote_tls_for(const struct remote *remote, const char *url)
{
	cleanup_free char *own = mem_printf("https://%s/", remote->host);
	struct url_parts ours, theirs;

	if (!url_split(&ours, str_of(own)) || !url_split(&theirs, str_of(url)))
		return NULL;
	return str_equal_nocase(ours.host, theirs.host) ? &remote->tls : NULL;
}

/* Takes over the best of an answer's challenges. The lock is held. */
static bool challenge_take(struct remote *remote, const struct http_response *response, struct error *err)
{
	cleanup_challenge struct challenge found = {0};
	struct str header;

	for (size_t i = 0; http_response_header(response, "www-authenticate", i, &header); i++)
		if (!challenge_parse(&found, header, err))
			return false;
	if (found.kind != CHALLENGE_NONE) {
		challenge_free(&remote->challenge);
		remote->challenge = found;
		found = (struct challenge){0};
	}
	return true;
}

bool remote_challenged(struct remote *remote, const struct http_response *response, struct error *err)
{
	pthread_mutex_lock(&remote->lock);
	bool good = challenge_take(remote, response, err);
	pthread_mutex_unlock(&remote->lock);
	return good;
}

/* GET /v2/ by one scheme; whatever is answered, a registry is taken to be there. The lock is held. */
static bool ping(struct remote *remote, const char *scheme, struct error *err)
{
	cleanup_http_response struct http_response response = {0};
	cleanup_free char *url = mem_printf("%s://%s/v2/", scheme, remote->host);
	struct http_request request = {.method = "GET", .url = url, .tls = &remote->tls};

	if (!http_do(remote->client, &request, &response, err))
		return false;
	if (response.status == 401 && !challenge_take(remote, &response, err))
		return error_prefix(err, "Get \"%s\"", url);
	remote->base = mem_printf("%s://%s", scheme, remote->host);
	return true;
}

bool remote_connect(struct remote *remote, struct error *err)
{
	cleanup_error struct error secure = {0};
	bool connected = true;

	pthread_mutex_lock(&remote->lock);
	if (!remote->base) {
		connected = ping(remote, "https", &secure);
		/* As docker: what the second try says is shown. */
		if (!connected && remote->insecure && secure.kind != ERROR_CANCELED)
			connected = ping(remote, "http", err);
		else if (!connected)
			error_move(err, &secure);
	}
	pthread_mutex_unlock(&remote->lock);
	return connected;
}
