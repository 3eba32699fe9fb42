/*
 * Bearer tokens (distribution, docs/spec/auth/token.md): fetched from the realm that the registry's challenge names, kept by scope until they
 * expire, and what goes into an Authorization header.
 */
#include <string.h>

#include <openssl/evp.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/url.h"
#include "oci/json.h"
#include "remote/remote_internal.h"

/* One a repository, in practice; the oldest goes. */
#define TOKENS_MAX 256
#define TOKEN_ANSWER_MAX ((size_t)1024 * 1024)
/* What the specification takes for a token that does not say, and the least that docker believes. */
#define TOKEN_SECONDS_DEFAULT 60
#define TOKEN_SECONDS_MAX (24 * 3600)
/* A token is not used in its last seconds: it has to hold when the registry looks at it. */
#define TOKEN_SPARE_US (5 * INT64_C(1000000))

void token_cache_init(struct token_cache *cache)
{
	pthread_mutex_init(&cache->lock, NULL);
}

static void token_free(struct token *token)
{
	free(token->scope);
	free(token->value);
}

void token_cache_free(struct token_cache *cache)
{
	for (size_t i = 0; i < cache->count; i++)
		token_free(&cache->tokens[i]);
	free(cache->tokens);
	pthread_mutex_destroy(&cache->lock);
}

/* The lock is held. */
static struct token *token_find(struct token_cache *cache, const char *scope)
{
	for (size_t i = 0; i < cache->count; i++)
		if (strcmp(cache->tokens[i].scope, scope) == 0)
			return &cache->tokens[i];
	return NULL;
}

/* The lock is held. */
static void token_remove(struct token_cache *cache, struct token *token)
{
	token_free(token);
	memmove(token, token + 1, (size_t)(cache->tokens + --cache->count - token) * sizeof *token);
}

char *token_cache_get(struct token_cache *cache, const char *scope)
{
	char *value = NULL;

	pthread_mutex_lock(&cache->lock);
	struct token *token = token_find(cache, scope);
	if (token && token->expires_at_us - TOKEN_SPARE_US > clock_monotonic_us())
		value = str_dup(str_of(token->value));
	pthread_mutex_unlock(&cache->lock);
	return value;
}

void token_cache_put(struct token_cache *cache, const char *scope, const char *value, int64_t expires_at_us)
{
	pthread_mutex_lock(&cache->lock);
	struct token *token = token_find(cache, scope);
	if (token)
		token_remove(cache, token);
	else if (cache->count == TOKENS_MAX)
		token_remove(cache, &cache->tokens[0]);
	cache->tokens = mem_grow(cache->tokens, cache->count, &cache->capacity, sizeof *cache->tokens);
	cache->tokens[cache->count++] =
		(struct token){.scope = str_dup(str_of(scope)), .value = str_dup(str_of(value)), .expires_at_us = expires_at_us};
	pthread_mutex_unlock(&cache->lock);
}

void token_cache_drop(struct token_cache *cache, const char *scope, const char *value)
{
	pthread_mutex_lock(&cache->lock);
	struct token *token = token_find(cache, scope);
	if (token && strcmp(token->value, value) == 0)
		token_remove(cache, token);
	pthread_mutex_unlock(&cache->lock);
}

/* ---- who asks ---- */

/* Owned: "Authorization: Basic …"; NULL without an error when nobody is known. */
static bool basic_header(struct remote *remote, char **user, char **header, struct error *err)
{
	bool known = true;

	pthread_mutex_lock(&remote->lock);
	if (!remote->credentials_asked && remote->credentials)
		known = remote->credentials(remote->argument, remote->domain, &remote->who, err);
	remote->credentials_asked = known;
	if (known && remote->who.user) {
		cleanup_free char *plain = mem_printf("%s:%s", remote->who.user, remote->who.secret ? remote->who.secret : "");
		size_t len = strlen(plain);
		cleanup_free char *encoded = mem_alloc((len + 2) / 3 * 4 + 1, 1);
		EVP_EncodeBlock((unsigned char *)encoded, (const unsigned char *)plain, (int)len);
		*header = mem_printf("Authorization: Basic %s", encoded);
		*user = str_dup(str_of(remote->who.user));
	}
	pthread_mutex_unlock(&remote->lock);
	return known;
}

/* ---- fetching ---- */

/* REALM?service=S&scope=A&scope=B&account=U. */
static char *token_url(const struct challenge *challenge, const char *scope, const char *user)
{
	struct buf url = {0};
	struct str rest = str_of(scope), one;
	char separator = strchr(challenge->realm, '?') ? '&' : '?';

	buf_add_text(&url, challenge->realm);
	const struct {
		const char *name;
		const char *value;
	} simple[] = {{"account", user}, {"service", challenge->service}};
	for (size_t i = 0; i < ARRAY_SIZE(simple); i++) {
		if (!simple[i].value)
			continue;
		buf_printf(&url, "%c%s=", separator, simple[i].name);
		url_encode(&url, str_of(simple[i].value));
		separator = '&';
	}
	while (rest.len > 0) {
		if (!str_cut(rest, ' ', &one, &rest)) {
			one = rest;
			rest = (struct str){0};
		}
		buf_printf(&url, "%cscope=", separator);
		url_encode(&url, one);
		separator = '&';
	}
	return buf_take(&url);
}

/* {"token": "…", "access_token": "…", "expires_in": 300, "issued_at": "…"}; either name will do. Printable, since it becomes a header. */
static bool token_read(struct str body, char **value, int64_t *seconds, struct error *err)
{
	json_t *document = json_read_object(body, "token", err);
	struct str token = {0};

	if (!document)
		return false;
	bool good = json_get_text(document, "token", "token", &token, err);
	if (good && token.len == 0)
		good = json_get_text(document, "access_token", "token", &token, err);
	if (good && token.len == 0)
		good = error_set(err, ERROR_INVALID, "authorization server did not include a token in the response");
	for (size_t i = 0; good && i < token.len; i++)
		if ((unsigned char)token.data[i] <= ' ' || (unsigned char)token.data[i] >= 127)
			good = error_set(err, ERROR_INVALID, "authorization server's token has characters that no token has");
	if (good) {
		*seconds = json_integer_value(json_object_get(document, "expires_in"));
		if (*seconds < TOKEN_SECONDS_DEFAULT)
			*seconds = TOKEN_SECONDS_DEFAULT;
		if (*seconds > TOKEN_SECONDS_MAX)
			*seconds = TOKEN_SECONDS_MAX;
		*value = str_dup(token);
	}
	json_decref(document);
	return good;
}

/* Over plain HTTP a token, or a password for one, would be anybody's. */
static bool realm_check(const struct remote *remote, const char *realm, struct error *err)
{
	struct url_parts parts;

	if (!url_split(&parts, str_of(realm)))
		return error_set(err, ERROR_INVALID, "the registry's token realm is no http address: '%s'", realm);
	if (!parts.secure && !remote->insecure && !host_is_loopback(parts.host))
		return error_set(err, ERROR_INVALID, "the registry's token realm is plain HTTP: '%s'", realm);
	return true;
}

static bool token_fetch(struct remote *remote, const struct challenge *challenge, const char *scope, char **value, struct error *err)
{
	cleanup_http_response struct http_response response = {0};
	cleanup_free char *basic = NULL, *user = NULL, *url = NULL;
	int64_t seconds, asked_at_us = clock_monotonic_us();

	if (!realm_check(remote, challenge->realm, err) || !basic_header(remote, &user, &basic, err))
		return false;
	url = token_url(challenge, scope, user);
	struct http_request request = {
		.method = "GET",
		.url = url,
		.headers = (const char *[]){"Accept: application/json", basic, NULL},
		.tls = remote_tls_for(remote, url),
		.body_max = TOKEN_ANSWER_MAX,
	};
	/* Once: whoever needs the token tries again. */
	if (!http_do(remote->client, &request, &response, err))
		return false;
	if (response.status != 200) {
		refusal_read(&response, "DENIED", err);
		return error_prefix(err, "Get \"%s\"", url);
	}
	if (!token_read(buf_str(&response.body), value, &seconds, err))
		return error_prefix(err, "Get \"%s\"", url);
	token_cache_put(&remote->tokens, scope, *value, asked_at_us + seconds * 1000000);
	return true;
}

static void challenge_now(struct remote *remote, struct challenge *out)
{
	pthread_mutex_lock(&remote->lock);
	*out = (struct challenge){
		.kind = remote->challenge.kind,
		.realm = str_dup(str_of(remote->challenge.realm)),
		.service = remote->challenge.service ? str_dup(str_of(remote->challenge.service)) : NULL,
	};
	pthread_mutex_unlock(&remote->lock);
}

bool authorization_make(struct remote *remote, const char *scope, struct authorization *out, struct error *err)
{
	cleanup_challenge struct challenge challenge = {0};
	cleanup_free char *user = NULL;

	if (!scope)
		scope = "";
	challenge_now(remote, &challenge);
	if (challenge.kind == CHALLENGE_BASIC) {
		if (!basic_header(remote, &user, &out->header, err))
			return false;
		return out->header || error_set(err, ERROR_UNAUTHENTICATED, "no basic auth credentials");
	}
	if (challenge.kind == CHALLENGE_BEARER) {
		out->token = token_cache_get(&remote->tokens, scope);
		if (!out->token && !token_fetch(remote, &challenge, scope, &out->token, err))
			return false;
		out->header = mem_printf("Authorization: Bearer %s", out->token);
	}
	return true;
}

void authorization_free(struct authorization *authorization)
{
	free(authorization->header);
	free(authorization->token);
	*authorization = (struct authorization){0};
}
