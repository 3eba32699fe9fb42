/* Between the files of the remote room: the registry's state, an exchange with it, and what its refusals mean. */
#ifndef REMOTE_REMOTE_INTERNAL_H
#define REMOTE_REMOTE_INTERNAL_H

#include <pthread.h>

#include "remote/challenge.h"
#include "remote/remote.h"

/* Of one call, the first included. */
#define REMOTE_TRIES 5
#define REMOTE_REDIRECTS_MAX 5

/* ---- tokens (token.c) ---- */

struct token {
	char *scope, *value;   /* owned */
	int64_t expires_at_us; /* by clock_monotonic_us */
};

/* Bearer tokens by scope. All its functions may be called from several threads. */
struct token_cache {
	pthread_mutex_t lock; /* guards what is below */
	struct token *tokens;
	size_t count, capacity;
};

void token_cache_init(struct token_cache *cache);
void token_cache_free(struct token_cache *cache);
/* One for this scope that still holds, owned by the caller; NULL when there is none. */
char *token_cache_get(struct token_cache *cache, const char *scope);
void token_cache_put(struct token_cache *cache, const char *scope, const char *value, int64_t expires_at_us);
/* Forgets it, unless another thread has put a newer one there. */
void token_cache_drop(struct token_cache *cache, const char *scope, const char *value);

/* ---- the registry ---- */

struct remote {
	struct http_client *client;
	char *domain, *host; /* as in a reference; where it is asked, with its port */
	bool insecure;       /* plain HTTP and unchecked certificates will do */
	unsigned int retry_delay_ms;
	char *certs, *client_cert, *client_key; /* of docker's certs.d; NULL when there are none */
	struct http_tls tls;                    /* of host; borrows from the line above */
	bool (*credentials)(void *argument, const char *domain, struct remote_credentials *out, struct error *err);
	void *argument;
	struct token_cache tokens;

	pthread_mutex_t lock;       /* guards what is below */
	char *base;                 /* "https://host" once it has answered; never changes then */
	struct challenge challenge; /* the last one it made */
	bool credentials_asked;
	struct remote_credentials who;
};

/* Finds out how the registry is spoken to (GET /v2/), once. Base is then set. */
bool remote_connect(struct remote *remote, struct error *err);
/* Takes over what the 401 asks for; one that asks for nothing is let be. */
bool remote_challenged(struct remote *remote, const struct http_response *response, struct error *err);
/* The certificates and liberties for a URL: the registry's own are for its host alone. NULL: the system's. Borrowed. */
const struct http_tls *remote_tls_for(const struct remote *remote, const char *url);

/* ---- exchanges (exchange.c) ---- */

/*
 * One request to the registry: what it answers to whoever we are. Connects, authenticates (scope, as in "repository:a:pull repository:b:pull", or
 * NULL), after a 401 once more; of GET and HEAD redirects are followed, which see no Authorization on another host. request.tls is set here.
 */
bool remote_exchange(struct remote *remote, const struct http_request *request, const char *scope, struct http_response *response, struct error *err);
/* As remote_exchange, tried again after 5xx and lost connections. For requests without callbacks. */
bool remote_exchange_again(
	struct remote *remote, const struct http_request *request, const char *scope, struct http_response *response, struct error *err);
/* Whether what came of a try (done with that status, or not done for that reason) may come out better the next time. */
bool remote_may_pass(bool done, int status, const struct error *err);
/* Waits before try number tries + 1, telling waiting (may be NULL) each second. */
bool remote_wait(struct remote *remote, unsigned int tries, remote_waiting_function *waiting, void *argument, struct error *err);

/* What is shown to the registry: a token out of the cache or a new one, the user's own credentials, or nothing. */
struct authorization {
	char *header; /* owned: "Authorization: Bearer …", or NULL: nothing to show */
	char *token;  /* owned: the bearer token in it, or NULL */
};
bool authorization_make(struct remote *remote, const char *scope, struct authorization *out, struct error *err);
void authorization_free(struct authorization *authorization);
#define cleanup_authorization __attribute__((cleanup(authorization_free)))

/* "https://h/v2/PATH/REST", owned. The remote is connected. */
char *remote_url(struct remote *remote, const char *path, const char *rest, ...) __attribute__((format(printf, 3, 4)));
/* "repository:PATH:ACTIONS", owned. */
char *remote_scope(const char *path, const char *actions);
/* The Location of an answer to a request for url, owned; it must be of this registry. NULL with *err set when not. */
char *remote_location(const struct remote *remote, const char *url, const struct http_response *response, struct error *err);

/* ---- refusals (refusal.c) ---- */

/*
 * Fills err from an answer that is no success: the registry's own words in docker's form ("denied: requested access to the resource is denied"),
 * and the kind that goes with its code. bare_404 is the code that a 404 without words stands for. Returns the first code, as in the table there.
 */
const char *refusal_read(const struct http_response *response, const char *bare_404, struct error *err);
/*
 * The same for a pull, with what docker puts in front (moby, distribution/errors.go, translatePullError). reference is a tag, or a digest as text;
 * NULL when it is about the repository. Returns false.
 */
bool remote_pull_refused(struct remote *remote, const char *path, const char *reference, const struct http_response *response, struct error *err);

#endif
