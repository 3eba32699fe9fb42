/* One remote under several threads at once, with a token that keeps running out. Run it under ThreadSanitizer to see the locks. */
#include "tests/unit/unit.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "base/thread.h"
#include "oci/digest.h"
#include "remote/remote.h"
#include "tests/unit/net/fake_server.h"

#define THREADS 8
#define CALLS 20
#define CHALLENGE "HTTP/1.1 401 U\r\nWWW-Authenticate: Bearer realm=\"http://%s/token\"\r\nContent-Length: 0\r\n\r\n"

struct registry {
	struct fake_server *server;
	atomic_int tokens; /* given out */
	atomic_int uses;   /* of the first one */
};

/* The first token runs out after ten uses, in the middle of everything; the others hold. */
static bool answer(void *argument, const struct fake_request *request, int fd)
{
	struct registry *registry = argument;
	const char *address = fake_server_address(registry->server);
	cleanup_free char *authorization = fake_header(request, "Authorization");
	uint64_t number;

	if (strncmp(request->head, "GET /token", 10) == 0) {
		cleanup_free char *body = mem_printf("{\"token\":\"%d\"}", atomic_fetch_add(&registry->tokens, 1));
		return fake_printf(fd, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", strlen(body), body);
	}
	if (!authorization || !str_to_u64(str_from(str_of(authorization), strlen("Bearer ")), &number))
		return fake_printf(fd, CHALLENGE, address);
	if (number == 0 && atomic_fetch_add(&registry->uses, 1) >= 10)
		return fake_printf(fd, CHALLENGE, address);
	return fake_printf(fd, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
}

static bool drop(void *argument, struct str bytes, struct error *err)
{
	(void)err;
	*(size_t *)argument += bytes.len;
	return true;
}

struct worker {
	struct remote *remote;
	pthread_t thread;
	size_t received;
	struct error err;
};

static void *work(void *argument)
{
	struct worker *worker = argument;
	struct digest digest;

	digest_of_bytes(&digest, DIGEST_SHA256, STR("hello"));
	for (int i = 0; i < CALLS && worker->err.kind == ERROR_NONE; i++)
		(void)remote_blob_get(worker->remote, i % 2 ? "team/x" : "team/y", &digest, 5, 0, drop, NULL, &worker->received, &worker->err);
	return NULL;
}

static void threads_share_connections_and_tokens(void **state)
{
	struct registry registry = {0};
	struct worker workers[THREADS] = {0};
	const struct http_client_settings settings = {.user_agent = "naru/test"};
	struct http_client *client;
	struct remote *remote;

	(void)state;
	registry.server = fake_server_start(answer, &registry);
	const struct remote_settings remote_settings = {
		.domain = fake_server_address(registry.server), .certs_folder = "/nonexistent", .retry_delay_ms = 1};
	assert_true(http_client_new(&client, &settings, NULL));
	assert_true(remote_open(&remote, client, &remote_settings, NULL));
	for (size_t i = 0; i < THREADS; i++) {
		workers[i].remote = remote;
		assert_true(thread_start(&workers[i].thread, "worker", work, &workers[i], NULL));
	}
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(workers[i].thread, NULL);
	remote_close(remote);
	http_client_free(client);
	fake_server_stop(registry.server);
	for (size_t i = 0; i < THREADS; i++) {
		unit_assert(workers[i].received == CALLS * 5, "thread %zu got %zu bytes: %s", i, workers[i].received, error_text(&workers[i].err));
		error_clear(&workers[i].err);
	}
	/* Two scopes, each by each thread at the start at worst, and the one that ran out: not one a call. */
	unit_assert(atomic_load(&registry.tokens) < THREADS * CALLS / 2, "%d tokens were fetched", atomic_load(&registry.tokens));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(threads_share_connections_and_tokens)};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
