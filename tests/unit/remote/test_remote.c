/*
 * A registry's answers step by step, and what the remote makes of them: tokens, redirects, lost connections, uploads, refusals, lists.
 * It is long because each row of its tables is a whole exchange.
 */
#include "tests/unit/unit.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/thread.h"
#include "oci/manifest.h"
#include "remote/remote.h"
#include "tests/unit/net/fake_server.h"

#define HELLO "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
#define OTHER "sha256:0000000000000000000000000000000000000000000000000000000000000000"
#define EMPTY_JSON "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
#define OK_EMPTY "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
#define PING                                                                                                                                         \
	{                                                                                                                                            \
		"GET /v2/ ", OK_EMPTY, false                                                                                                         \
	}

/* One exchange: what the request has to hold, and the answer; "@" in it stands for the server's address, "#" for the other server's, "$" for its
 * body's length. */
struct step {
	const char *request; /* its beginning, or with a leading "*" any part of its head; a leading "!" must not be there; parts divided by "|" */
	const char *answer;
	bool cut; /* the connection ends behind it */
};

#define STEPS_MAX 12

struct script {
	const struct step *steps;
	size_t count;
	const char *addresses[2];
	pthread_mutex_t lock; /* guards what is below */
	size_t done;
	char *wrong; /* the first request that was not the one expected */
};

static bool part_holds(struct str part, const char *head)
{
	cleanup_free char *text = str_dup(str_from(part, part.data[0] == '*' || part.data[0] == '!'));

	if (part.data[0] == '*')
		return strstr(head, text) != NULL;
	if (part.data[0] == '!')
		return strstr(head, text) == NULL;
	return strncmp(head, text, strlen(text)) == 0;
}

static bool request_holds(const char *wanted, const char *head)
{
	struct str rest = str_of(wanted), part;

	while (str_cut(rest, '|', &part, &rest))
		if (!part_holds(part, head))
			return false;
	return part_holds(rest, head);
}

static bool play(void *argument, const struct fake_request *request, int fd)
{
	struct script *script = argument;
	cleanup_buf struct buf answer = {0};
	const struct step *step = NULL;

	pthread_mutex_lock(&script->lock);
	if (script->done < script->count && request_holds(script->steps[script->done].request, request->head))
		step = &script->steps[script->done++];
	else if (!script->wrong)
		script->wrong = mem_printf("step %zu: %s", script->done, request->head);
	pthread_mutex_unlock(&script->lock);
	if (!step)
		return fake_printf(fd, "HTTP/1.1 418 Wrong\r\nContent-Length: 0\r\n\r\n");
	const char *body = strstr(step->answer, "\r\n\r\n");
	for (const char *c = step->answer; *c; c++) {
		if (*c == '@' || *c == '#')
			buf_add_text(&answer, script->addresses[*c == '#']);
		else if (*c == '$')
			buf_printf(&answer, "%zu", strlen(body) - 4);
		else
			buf_add_char(&answer, *c);
	}
	fake_send(fd, buf_str(&answer));
	return !step->cut;
}

/* ---- a registry, another server, and a remote on the first ---- */

struct world {
	struct script script, other;
	struct fake_server *server, *other_server;
	struct http_client *client;
	struct remote *remote;
	struct buf body;
	struct error err;
};

static void world_begin(struct world *world, const struct step *steps, const struct step *other_steps)
{
	const struct http_client_settings settings = {.user_agent = "naru/test"};

	*world = (struct world){.script = {.steps = steps, .lock = PTHREAD_MUTEX_INITIALIZER}, .other = {.steps = other_steps}};
	while (steps[world->script.count].request)
		world->script.count++;
	while (other_steps && other_steps[world->other.count].request)
		world->other.count++;
	pthread_mutex_init(&world->other.lock, NULL);
	world->server = fake_server_start(play, &world->script);
	world->other_server = fake_server_start(play, &world->other);
	for (size_t i = 0; i < 2; i++) {
		world->script.addresses[i] = fake_server_address(i == 0 ? world->server : world->other_server);
		world->other.addresses[i] = world->script.addresses[i];
	}
	const struct remote_settings remote_settings = {.domain = world->script.addresses[0], .certs_folder = "/nonexistent", .retry_delay_ms = 1};
	assert_true(http_client_new(&world->client, &settings, NULL));
	assert_true(remote_open(&world->remote, world->client, &remote_settings, NULL));
}

/* Fails when the registry was asked for something else, or for less than the script has. */
static void world_end(struct world *world, const char *why)
{
	remote_close(world->remote);
	http_client_free(world->client);
	fake_server_stop(world->server);
	fake_server_stop(world->other_server);
	unit_assert(!world->script.wrong, "%s: not expected: %s", why, world->script.wrong);
	unit_assert(!world->other.wrong, "%s: not expected of the other: %s", why, world->other.wrong);
	unit_assert(world->script.done == world->script.count && world->other.done == world->other.count, "%s: only %zu and %zu requests came", why,
		world->script.done, world->other.done);
	buf_free(&world->body);
	error_clear(&world->err);
}

static bool keep(void *argument, struct str bytes, struct error *err)
{
	(void)err;
	buf_add_str(argument, bytes);
	return true;
}

static bool get_hello(struct world *world)
{
	struct digest digest;

	assert_true(digest_parse(&digest, STR(HELLO), NULL));
	return remote_blob_get(world->remote, "team/x", &digest, 5, 0, keep, NULL, &world->body, &world->err);
}

/* ---- blobs ---- */

static const struct {
	const char *why;
	const char *message; /* NULL: "hello" comes */
	struct step steps[STEPS_MAX], other[STEPS_MAX];
} downloads[] = {
	{"plain", NULL, {PING, {"GET /v2/team/x/blobs/" HELLO " |!Range:", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false}}, {{0}}},
	{"a cut connection goes on where it ended", NULL,
		{PING, {"GET |!Range:", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe", true},
			{"GET |*\r\nRange: bytes=2-", "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 2-4/5\r\nContent-Length: 3\r\n\r\nl",
				true},
			{"GET |*\r\nRange: bytes=3-", "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 3-4/5\r\nContent-Length: 2\r\n\r\nlo",
				false}},
		{{0}}},
	{"a registry without ranges", NULL,
		{PING, {"GET ", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe", true},
			{"GET ", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false}},
		{{0}}},
	{"an end without a length", NULL,
		{PING, {"GET ", "HTTP/1.1 200 OK\r\n\r\nhell", true},
			{"GET |*\r\nRange: bytes=4-", "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 4-4/5\r\n\r\no", true}},
		{{0}}},
	{"a busy registry", NULL,
		{PING, {"GET ", "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", false},
			{"GET ", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false}},
		{{0}}},
	{"always busy", "received unexpected HTTP status: 503 Service Unavailable",
		{PING, {"GET ", "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", false},
			{"GET ", "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", false},
			{"GET ", "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", false},
			{"GET ", "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", false},
			{"GET ", "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", false}},
		{{0}}},
	{"another range", "another range",
		{PING, {"GET ", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe", true},
			{"GET ", "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 1-4/5\r\nContent-Length: 4\r\n\r\nello", false}},
		{{0}}},
	{"too long by its head", "sends 6 bytes from 0 on of a blob that has 5",
		{PING, {"GET ", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello!", false}}, {{0}}},
	{"too long", "more than 5 bytes", {PING, {"GET ", "HTTP/1.1 200 OK\r\n\r\nhello!", true}}, {{0}}},
	{"not there", "blob unknown: blob unknown to registry", {PING, {"GET ", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", false}},
		{{0}}},
	{"a redirect, to which no token goes", NULL,
		{{"GET /v2/ ", "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer realm=\"http://@/token\"\r\nContent-Length: 0\r\n\r\n", false},
			{"GET /token?scope=repository%3Ateam%2Fx%3Apull ", "HTTP/1.1 200 OK\r\nContent-Length: $\r\n\r\n{\"token\":\"t\"}", false},
			{"GET |*\r\nAuthorization: Bearer t", "HTTP/1.1 307 T\r\nLocation: /elsewhere?x=1\r\nContent-Length: 0\r\n\r\n", false},
			{"GET /elsewhere?x=1 |*\r\nAuthorization: Bearer t", "HTTP/1.1 307 T\r\nLocation: http://#/s3\r\nContent-Length: 0\r\n\r\n",
				false}},
		{{"GET /s3 |!Authorization", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false}}},
	{"redirects without end", "stopped after 5 redirects",
		{PING, {"GET ", "HTTP/1.1 302 T\r\nLocation: http://#/1\r\nContent-Length: 0\r\n\r\n", false}},
		{{"GET /1 ", "HTTP/1.1 302 T\r\nLocation: /2\r\nContent-Length: 0\r\n\r\n", false},
			{"GET /2 ", "HTTP/1.1 302 T\r\nLocation: /3\r\nContent-Length: 0\r\n\r\n", false},
			{"GET /3 ", "HTTP/1.1 302 T\r\nLocation: /4\r\nContent-Length: 0\r\n\r\n", false},
			{"GET /4 ", "HTTP/1.1 302 T\r\nLocation: /5\r\nContent-Length: 0\r\n\r\n", false},
			{"GET /5 ", "HTTP/1.1 302 T\r\nLocation: /6\r\nContent-Length: 0\r\n\r\n", false}}},
	{"a redirect to a file", "no http address",
		{PING, {"GET ", "HTTP/1.1 302 T\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n", false}}, {{0}}},
};

static void blobs_come_whole_or_not_at_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(downloads); i++) {
		struct world world;
		world_begin(&world, downloads[i].steps, downloads[i].other);
		bool done = get_hello(&world);
		unit_assert(done == !downloads[i].message, "%s: %s", downloads[i].why, error_text(&world.err));
		unit_assert(done || strstr(error_text(&world.err), downloads[i].message), "%s: %s", downloads[i].why, error_text(&world.err));
		unit_assert(!done || str_equal(buf_str(&world.body), STR("hello")), "%s: %s", downloads[i].why, world.body.data);
		world_end(&world, downloads[i].why);
	}
}

/* ---- manifests and refusals ---- */

static const struct {
	const char *why;
	const char *reference;
	const char *message; /* "@": the server's address; NULL: it comes */
	enum error_kind kind;
	struct step steps[STEPS_MAX];
} manifests[] = {
	{"by tag", "1", NULL, ERROR_NONE,
		{PING, {"GET /v2/team/x/manifests/1 |*\r\nAccept: application/vnd.oci.image.index.v1+json, ",
			       "HTTP/1.1 200 OK\r\nContent-Type: a/b; charset=utf-8\r\nDocker-Content-Digest: " EMPTY_JSON
			       "\r\nContent-Length: 2\r\n\r\n{}",
			       false}}},
	{"by digest", EMPTY_JSON, NULL, ERROR_NONE, {PING, {"GET ", "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 2\r\n\r\n{}", false}}},
	{"other bytes than the digest", OTHER, "manifest verification failed for digest " OTHER, ERROR_CORRUPT,
		{PING, {"GET ", "HTTP/1.1 200 OK\r\nDocker-Content-Digest: " EMPTY_JSON "\r\nContent-Length: 2\r\n\r\n{}", false}}},
	{"other bytes than the registry says", "1", "manifest verification failed for digest " OTHER, ERROR_CORRUPT,
		{PING, {"GET ", "HTTP/1.1 200 OK\r\nDocker-Content-Digest: " OTHER "\r\nContent-Length: 2\r\n\r\n{}", false}}},
	{"a digest that is none", "1", "Docker-Content-Digest: digest ", ERROR_INVALID,
		{PING, {"GET ", "HTTP/1.1 200 OK\r\nDocker-Content-Digest: sha256:x\r\nContent-Length: 2\r\n\r\n{}", false}}},
	{"unknown", "1", "manifest for @/team/x:1 not found: manifest unknown: manifest unknown", ERROR_NOT_FOUND,
		{PING, {"GET ",
			       "HTTP/1.1 404 Not Found\r\nContent-Length: $\r\n\r\n"
			       "{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\",\"message\":\"manifest unknown\",\"detail\":{} }]}",
			       false}}},
	{"unknown, by digest, without words", OTHER, "manifest for @/team/x@" OTHER " not found: manifest unknown: manifest unknown", ERROR_NOT_FOUND,
		{PING, {"GET ", "HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\n<p>", false}}},
	{"no such repository", "1", "repository @/team/x not found: name unknown: no", ERROR_NOT_FOUND,
		{PING, {"GET ", "HTTP/1.1 404 Not Found\r\nContent-Length: $\r\n\r\n{\"errors\":[{\"code\":\"NAME_UNKNOWN\",\"message\":\"no\"}]}",
			       false}}},
	{"denied, in words that would clear the screen", "1",
		"pull access denied for @/team/x, repository does not exist or may require 'docker login': denied:  [2J hm", ERROR_DENIED,
		{PING, {"GET ",
			       "HTTP/1.1 403 Forbidden\r\nContent-Length: "
			       "$\r\n\r\n{\"errors\":[{\"code\":\"DENIED\",\"message\":\"\\u001b[2J\\u009bhm\"}]}",
			       true}}},
	{"too many", "1", "toomanyrequests: slow down", ERROR_UNAVAILABLE,
		{PING, {"GET ",
			       "HTTP/1.1 429 Too Many\r\nContent-Length: $\r\n\r\n{\"errors\":[{\"code\":\"TOOMANYREQUESTS\",\"message\":\"slow "
			       "down\"}]}",
			       false}}},
	{"a code that nobody knows", "1", "unknown: hm", ERROR_CONFLICT,
		{PING, {"GET ", "HTTP/1.1 409 Conflict\r\nContent-Length: $\r\n\r\n{\"errors\":[{\"code\":\"X\",\"message\":\"hm\"}]}", false}}},
	{"a status that nobody knows", "1", "received unexpected HTTP status: 418 Teapot", ERROR_INVALID,
		{PING, {"GET ", "HTTP/1.1 418 Teapot\r\nContent-Length: 0\r\n\r\n", false}}},
	{"basic, and nobody known", "1", "no basic auth credentials", ERROR_UNAUTHENTICATED,
		{{"GET /v2/ ", "HTTP/1.1 401 U\r\nWWW-Authenticate: Basic realm=\"r\"\r\nContent-Length: 0\r\n\r\n", false}}},
	{"a token that expired, and a new one", "1", NULL, ERROR_NONE,
		{{"GET /v2/ ", "HTTP/1.1 401 U\r\nWWW-Authenticate: Bearer realm=\"http://@/token?a=b\",service=\"s x\"\r\nContent-Length: 0\r\n\r\n",
			 false},
			{"GET /token?a=b&service=s%20x&scope=repository%3Ateam%2Fx%3Apull ",
				"HTTP/1.1 200 OK\r\nContent-Length: $\r\n\r\n{\"access_token\":\"t1\",\"expires_in\":900}", false},
			{"GET |*\r\nAuthorization: Bearer t1",
				"HTTP/1.1 401 U\r\nWWW-Authenticate: Bearer realm=\"http://@/token2\"\r\nContent-Length: 0\r\n\r\n", false},
			{"GET /token2?scope=", "HTTP/1.1 200 OK\r\nContent-Length: $\r\n\r\n{\"token\":\"t2\"}", false},
			{"GET |*\r\nAuthorization: Bearer t2", "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 2\r\n\r\n{}", false}}},
	{"a challenge that only the request brings", "1", NULL, ERROR_NONE,
		{PING, {"GET ", "HTTP/1.1 401 U\r\nWWW-Authenticate: Bearer realm=\"http://@/t\"\r\nContent-Length: 0\r\n\r\n", false},
			{"GET /t?", "HTTP/1.1 200 OK\r\nContent-Length: $\r\n\r\n{\"token\":\"t\"}", false},
			{"GET |*Bearer t", "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 2\r\n\r\n{}", false}}},
	{"a token without the right", "1",
		"pull access denied for @/team/x, repository does not exist or may require 'docker login': denied: requested access to the resource "
		"is denied",
		ERROR_DENIED,
		{{"GET /v2/ ", "HTTP/1.1 401 U\r\nWWW-Authenticate: Bearer realm=\"http://@/t\"\r\nContent-Length: 0\r\n\r\n", false},
			{"GET /t?", "HTTP/1.1 200 OK\r\nContent-Length: $\r\n\r\n{\"token\":\"t\"}", false},
			{"GET ",
				"HTTP/1.1 401 U\r\nWWW-Authenticate: Bearer realm=\"http://@/t\",error=\"insufficient_scope\"\r\nContent-Length: "
				"0\r\n\r\n",
				false},
			{"GET /t?", "HTTP/1.1 200 OK\r\nContent-Length: $\r\n\r\n{\"token\":\"t\"}", false},
			{"GET ",
				"HTTP/1.1 401 U\r\nWWW-Authenticate: Bearer realm=\"http://@/t\",error=\"insufficient_scope\"\r\nContent-Length: "
				"0\r\n\r\n",
				false}}},
	{"no token for anybody", "1", "unauthorized: authentication required", ERROR_UNAUTHENTICATED,
		{{"GET /v2/ ", "HTTP/1.1 401 U\r\nWWW-Authenticate: Bearer realm=\"http://@/t\"\r\nContent-Length: 0\r\n\r\n", false},
			{"GET /t?", "HTTP/1.1 401 U\r\nContent-Length: 0\r\n\r\n", false}}},
	{"a token that would be two headers", "1", "characters that no token has", ERROR_INVALID,
		{{"GET /v2/ ", "HTTP/1.1 401 U\r\nWWW-Authenticate: Bearer realm=\"http://@/t\"\r\nContent-Length: 0\r\n\r\n", false},
			{"GET /t?", "HTTP/1.1 200 OK\r\nContent-Length: $\r\n\r\n{\"token\":\"t\\r\\nX: y\"}", false}}},
	{"a realm over plain HTTP elsewhere", "1", "no http address: 'ftp://h/t'", ERROR_INVALID,
		{{"GET /v2/ ", "HTTP/1.1 401 U\r\nWWW-Authenticate: Bearer realm=\"ftp://h/t\"\r\nContent-Length: 0\r\n\r\n", false}}},
	{"a challenge that is none", "1", "malformed WWW-Authenticate", ERROR_INVALID,
		{{"GET /v2/ ", "HTTP/1.1 401 U\r\nWWW-Authenticate: Bearer realm=\"\r\nContent-Length: 0\r\n\r\n", false}}},
};

static void manifests_are_verified_and_refusals_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(manifests); i++) {
		struct world world;
		cleanup_remote_manifest struct remote_manifest manifest = {0};
		cleanup_buf struct buf message = {0};
		world_begin(&world, manifests[i].steps, NULL);
		for (const char *c = manifests[i].message ? manifests[i].message : ""; *c; c++) {
			/* The second "@" is a digest's. */
			if (*c == '@' && c[1] == '/')
				buf_add_text(&message, world.script.addresses[0]);
			else
				buf_add_char(&message, *c);
		}
		bool done = remote_manifest_get(world.remote, "team/x", manifests[i].reference, &manifest, &world.err);
		unit_assert(done == !manifests[i].message && world.err.kind == manifests[i].kind, "%s: %d: %s", manifests[i].why, (int)world.err.kind,
			error_text(&world.err));
		unit_assert(done || strstr(world.err.message, message.data), "%s: %s", manifests[i].why, error_text(&world.err));
		if (done)
			unit_assert(
				strcmp(manifest.media_type, "a/b") == 0 && str_equal(buf_str(&manifest.bytes), STR("{}")), "%s", manifests[i].why);
		world_end(&world, manifests[i].why);
	}
}

static void heads_say_what_a_tag_is(void **state)
{
	static const struct {
		const char *why;
		struct step steps[STEPS_MAX];
	} rows[] = {
		{"all there",
			{PING, {"HEAD /v2/team/x/manifests/1 ",
				       "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nDocker-Content-Digest: " EMPTY_JSON "\r\nContent-Length: 2\r\n\r\n",
				       false}}},
		{"no digest", {PING, {"HEAD ", "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 2\r\n\r\n", false},
				      {"GET ", "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 2\r\n\r\n{}", false}}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world world;
		struct descriptor descriptor = {0};
		char text[DIGEST_TEXT_MAX];
		world_begin(&world, rows[i].steps, NULL);
		unit_assert(
			remote_manifest_head(world.remote, "team/x", "1", &descriptor, &world.err), "%s: %s", rows[i].why, error_text(&world.err));
		digest_format(&descriptor.digest, text);
		unit_assert_text(text, EMPTY_JSON);
		assert_true(descriptor.size_bytes == 2 && strcmp(descriptor.media_type, "a/b") == 0);
		descriptor_free(&descriptor);
		world_end(&world, rows[i].why);
	}
}

/* ---- pushes ---- */

#define ACCEPTED(location) "HTTP/1.1 202 Accepted\r\nLocation: " location "\r\nContent-Length: 0\r\n\r\n"
#define CREATED "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"
#define PUT_DIGEST "digest=sha256%3A2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824 |*\r\nContent-Length: 5"

static const struct {
	const char *why;
	bool mount;
	const char *message; /* NULL: the blob is there */
	struct step steps[STEPS_MAX];
} pushes[] = {
	{"a relative place", false, NULL,
		{PING, {"POST /v2/team/x/blobs/uploads/ |*\r\nContent-Length: 0", ACCEPTED("/v2/team/x/blobs/uploads/1"), false},
			{"PUT /v2/team/x/blobs/uploads/1?" PUT_DIGEST, CREATED, false}}},
	{"an absolute place with a query", false, NULL,
		{PING, {"POST ", ACCEPTED("http://@/up/1?_state=a%3D"), false}, {"PUT /up/1?_state=a%3D&" PUT_DIGEST, CREATED, false}}},
	{"another host", false, "not its own", {PING, {"POST ", ACCEPTED("http://#/up/1"), false}}},
	{"another scheme", false, "not its own", {PING, {"POST ", ACCEPTED("https://@/up/1"), false}}},
	{"no place", false, "has no Location", {PING, {"POST ", "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n", false}}},
	{"a lost upload is begun again", false, NULL,
		{PING, {"POST ", ACCEPTED("/up/1"), false}, {"PUT /up/1?", "HTTP/1.1 201 Created\r\nX", true}, {"POST ", ACCEPTED("/up/2"), false},
			{"PUT /up/2?", "HTTP/1.1 502 Bad\r\nContent-Length: 0\r\n\r\n", false}, {"POST ", ACCEPTED("/up/3"), false},
			{"PUT /up/3?" PUT_DIGEST, CREATED, false}}},
	{"refused", false, "denied: requested access to the resource is denied",
		{PING, {"POST ", "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", false}}},
	{"refused bytes", false, "digest invalid: no",
		{PING, {"POST ", ACCEPTED("/up/1"), false},
			{"PUT ", "HTTP/1.1 400 Bad\r\nContent-Length: $\r\n\r\n{\"errors\":[{\"code\":\"DIGEST_INVALID\",\"message\":\"no\"}]}",
				false}}},
	{"mounted", true, NULL, {PING, {"POST /v2/team/x/blobs/uploads/?mount=" HELLO "&from=team%2Fbase ", CREATED, false}}},
	{"not mounted, and the upload that was opened is used", true, NULL,
		{PING, {"POST /v2/team/x/blobs/uploads/?mount=", ACCEPTED("/up/1"), false}, {"PUT /up/1?" PUT_DIGEST, CREATED, false}}},
	{"a mount that is refused", true, NULL,
		{PING, {"POST /v2/team/x/blobs/uploads/?mount=", "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", false},
			{"POST /v2/team/x/blobs/uploads/ ", ACCEPTED("/up/1"), false}, {"PUT /up/1?", CREATED, false}}},
};

static bool push_hello(struct world *world, bool mount)
{
	const struct remote_content content = {.bytes = STR("hello"), .fd = -1};
	cleanup_remote_upload struct remote_upload upload = {0};
	struct digest digest;
	bool mounted = false;

	assert_true(digest_parse(&digest, STR(HELLO), NULL));
	if (mount && !remote_blob_mount(world->remote, "team/x", &digest, "team/base", &mounted, &upload, &world->err))
		return false;
	return mounted || remote_blob_push(world->remote, "team/x", &digest, &content, &upload, NULL, NULL, NULL, &world->err);
}

static void blobs_are_pushed_or_mounted(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pushes); i++) {
		struct world world;
		world_begin(&world, pushes[i].steps, NULL);
		bool done = push_hello(&world, pushes[i].mount);
		unit_assert(done == !pushes[i].message, "%s: %s", pushes[i].why, error_text(&world.err));
		unit_assert(done || strstr(error_text(&world.err), pushes[i].message), "%s: %s", pushes[i].why, error_text(&world.err));
		world_end(&world, pushes[i].why);
	}
}

static void manifests_are_put_and_the_digest_compared(void **state)
{
	static const struct step steps[] = {PING,
		{"PUT /v2/team/x/manifests/1 |*\r\nContent-Type: a/b\r\n",
			"HTTP/1.1 201 Created\r\nDocker-Content-Digest: " EMPTY_JSON "\r\nContent-Length: 0\r\n\r\n", false},
		{"PUT ", "HTTP/1.1 201 Created\r\nDocker-Content-Digest: " OTHER "\r\nContent-Length: 0\r\n\r\n", false}, {0}};
	struct world world;
	struct digest digest;
	char text[DIGEST_TEXT_MAX];

	(void)state;
	world_begin(&world, steps, NULL);
	assert_true(remote_manifest_put(world.remote, "team/x", "1", "a/b", STR("{}"), &digest, &world.err));
	digest_format(&digest, text);
	unit_assert_text(text, EMPTY_JSON);
	assert_false(remote_manifest_put(world.remote, "team/x", "1", "a/b", STR("{}"), NULL, &world.err));
	assert_true(world.err.kind == ERROR_CORRUPT);
	world_end(&world, "put");
}

/* ---- opening ---- */

static void count_waits(void *argument, unsigned int seconds)
{
	struct world *world = argument;

	buf_printf(&world->body, "%u", seconds);
}

static bool drop_bytes(void *argument, struct str bytes, struct error *err)
{
	(void)argument;
	(void)bytes;
	(void)err;
	return true;
}

static void waits_for_another_try_are_told(void **state)
{
	static const struct step steps[] = {PING, {"GET ", "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", false},
		{"GET ", "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", false},
		{"GET ", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false}, {0}};
	struct world world;
	struct digest digest;

	(void)state;
	world_begin(&world, steps, NULL);
	assert_true(digest_parse(&digest, STR(HELLO), NULL));
	assert_true(remote_blob_get(world.remote, "team/x", &digest, 5, 0, drop_bytes, count_waits, &world, &world.err));
	/* Of a delay of 1 and 2 ms a second is begun each. */
	unit_assert_text(world.body.data, "11");
	world_end(&world, "waits");
}

static const struct {
	const char *why;
	const char *tags;    /* as they come, with commas; NULL: refused */
	const char *message; /* of the refusal */
	struct step steps[STEPS_MAX];
} tag_lists[] = {
	{"one page", "1,2,latest", NULL,
		{PING, {"GET /v2/team/x/tags/list ",
			       "HTTP/1.1 200 OK\r\nContent-Length: $\r\n\r\n{\"name\":\"team/x\",\"tags\":[\"1\",\"2\",\"latest\"]}", false}}},
	{"two pages", "1,2", NULL,
		{PING,
			{"GET /v2/team/x/tags/list ",
				"HTTP/1.1 200 OK\r\nLink: </v2/team/x/tags/list?n=1&last=1>; rel=\"next\"\r\nContent-Length: "
				"$\r\n\r\n{\"tags\":[\"1\"]}",
				false},
			{"GET /v2/team/x/tags/list?n=1&last=1 ", "HTTP/1.1 200 OK\r\nContent-Length: $\r\n\r\n{\"tags\":[\"2\"]}", false}}},
	{"none", "", NULL, {PING, {"GET ", "HTTP/1.1 200 OK\r\nContent-Length: $\r\n\r\n{\"name\":\"team/x\",\"tags\":null}", false}}},
	{"what is no tag", NULL, "'../x' is no tag",
		{PING, {"GET ", "HTTP/1.1 200 OK\r\nContent-Length: $\r\n\r\n{\"tags\":[\"1\",\"../x\"]}", false}}},
	{"a next page elsewhere", NULL, "on another host",
		{PING, {"GET ", "HTTP/1.1 200 OK\r\nLink: <http://#/more>; rel=\"next\"\r\nContent-Length: $\r\n\r\n{\"tags\":[\"1\"]}", false}}},
	{"no list", NULL, "tag list", {PING, {"GET ", "HTTP/1.1 200 OK\r\nContent-Length: $\r\n\r\n[]", false}}},
	{"not there", NULL, "repository ", {PING, {"GET ", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", false}}},
};

static void tags_come_page_by_page(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(tag_lists); i++) {
		cleanup_remote_tags struct remote_tags tags = {0};
		cleanup_buf struct buf text = {0};
		struct world world;

		world_begin(&world, tag_lists[i].steps, NULL);
		bool done = remote_tags_get(world.remote, "team/x", &tags, &world.err);
		unit_assert(done == (tag_lists[i].tags != NULL), "%s: %s", tag_lists[i].why, error_text(&world.err));
		for (size_t k = 0; k < tags.count; k++)
			buf_printf(&text, "%s%s", k ? "," : "", tags.items[k]);
		if (done)
			unit_assert_text(text.data ? text.data : "", tag_lists[i].tags);
		else
			unit_assert(strstr(error_text(&world.err), tag_lists[i].message), "%s: %s", tag_lists[i].why, error_text(&world.err));
		world_end(&world, tag_lists[i].why);
	}
}

static void only_hosts_are_registries(void **state)
{
	static const char *const domains[] = {"", "a/b", "../x", "..", "h:0", "h:99999", "u@h", "h ", "[::1"};
	const struct http_client_settings settings = {.user_agent = "naru/test"};
	struct http_client *client;

	(void)state;
	assert_true(http_client_new(&client, &settings, NULL));
	for (size_t i = 0; i < ARRAY_SIZE(domains); i++) {
		const struct remote_settings remote_settings = {.domain = domains[i]};
		cleanup_error struct error err = {0};
		struct remote *remote;
		unit_assert(!remote_open(&remote, client, &remote_settings, &err) && err.kind == ERROR_INVALID, "'%s'", domains[i]);
	}
	http_client_free(client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blobs_come_whole_or_not_at_all),
		cmocka_unit_test(manifests_are_verified_and_refusals_told),
		cmocka_unit_test(heads_say_what_a_tag_is),
		cmocka_unit_test(blobs_are_pushed_or_mounted),
		cmocka_unit_test(manifests_are_put_and_the_digest_compared),
		cmocka_unit_test(only_hosts_are_registries),
		cmocka_unit_test(tags_come_page_by_page),
		cmocka_unit_test(waits_for_another_try_are_told),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
