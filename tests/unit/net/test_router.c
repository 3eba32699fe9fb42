/* One table of routes as the registry has them; paths, decoded and hostile, and who gets them. */
#include "tests/unit/unit.h"

#include "net/router.h"
#include "net/url.h"

static void handle(struct request *request)
{
	(void)request;
}

#define ROUTE(methods, pattern)                                                                                                                      \
	{                                                                                                                                            \
		methods, pattern, ROUTE_ON_LOOP, handle, NULL, 0, 0                                                                                  \
	}
#define GET (1u << HTTP_GET)
#define PUT (1u << HTTP_PUT)
#define DELETE (1u << HTTP_DELETE)

static const struct route routes[] = {
	ROUTE(GET, "/v2/"),
	ROUTE(GET, "/v2/{name}/blobs/{digest}"),
	ROUTE(DELETE, "/v2/{name}/blobs/{digest}"),
	ROUTE(1u << HTTP_POST, "/v2/{name}/blobs/uploads/"),
	ROUTE(GET | PUT, "/v2/{name}/blobs/uploads/{session}"),
	ROUTE(GET | PUT, "/v2/{name}/manifests/{reference}"),
	ROUTE(GET, "/v2/{name}/tags/list"),
	ROUTE(GET, "/v2/_catalog"),
	ROUTE(GET, "/api/{project}/repositories/{repository}"),
	ROUTE(GET, "/api/{project}/repositories/special"),
	ROUTE(GET, "/"),
};

static const struct {
	enum http_method method;
	const char *target;
	const char *pattern;  /* NULL: none */
	unsigned int methods; /* when none: what is allowed there */
	const char *part, *value;
} paths[] = {
	{HTTP_GET, "/", "/", 0, NULL, NULL},
	{HTTP_GET, "/v2/", "/v2/", 0, NULL, NULL},
	{HTTP_HEAD, "/v2/", "/v2/", 0, NULL, NULL},
	{HTTP_GET, "/v2", NULL, 0, NULL, NULL},
	{HTTP_GET, "/v2//", NULL, 0, NULL, NULL},
	{HTTP_GET, "/v2/_catalog?n=5", "/v2/_catalog", 0, NULL, NULL},
	{HTTP_GET, "/v2/a/blobs/sha256:1", "/v2/{name}/blobs/{digest}", 0, "name", "a"},
	{HTTP_GET, "/v2/a/b/c/blobs/sha256:1", "/v2/{name}/blobs/{digest}", 0, "name", "a/b/c"},
	{HTTP_GET, "/v2/a/b/c/blobs/sha256:1?q", "/v2/{name}/blobs/{digest}", 0, "digest", "sha256:1"},
	{HTTP_GET, "/v2/a/blobs/x/blobs/d", "/v2/{name}/blobs/{digest}", 0, "name", "a/blobs/x"},
	{HTTP_GET, "/v2/manifests/manifests/manifests", "/v2/{name}/manifests/{reference}", 0, "name", "manifests"},
	{HTTP_GET, "/v2/a/tags/list/manifests/tags", "/v2/{name}/manifests/{reference}", 0, "name", "a/tags/list"},
	{HTTP_GET, "/v2/a/manifests/tags/list", "/v2/{name}/tags/list", 0, "name", "a/manifests"},
	{HTTP_POST, "/v2/a/blobs/uploads/", "/v2/{name}/blobs/uploads/", 0, "name", "a"},
	{HTTP_POST, "/v2/a/blobs/uploads", NULL, GET | DELETE | 1u << HTTP_HEAD, NULL, NULL},
	{HTTP_GET, "/v2/a/blobs/uploads", "/v2/{name}/blobs/{digest}", 0, "digest", "uploads"},
	{HTTP_PUT, "/v2/a/blobs/uploads/77", "/v2/{name}/blobs/uploads/{session}", 0, "session", "77"},
	{HTTP_DELETE, "/v2/a/blobs/d", "/v2/{name}/blobs/{digest}", 0, "digest", "d"},
	{HTTP_PUT, "/v2/a/blobs/d", NULL, GET | DELETE | 1u << HTTP_HEAD, NULL, NULL},
	{HTTP_GET, "/v2/blobs/d", NULL, 0, NULL, NULL},
	{HTTP_GET, "/v2//blobs/d", NULL, 0, NULL, NULL},
	{HTTP_GET, "/v2/a//b/blobs/d", NULL, 0, NULL, NULL},
	{HTTP_GET, "/v2/a/blobs/", NULL, 0, NULL, NULL},
	{HTTP_GET, "/v2/%61/b/blobs/sha256%3a1", "/v2/{name}/blobs/{digest}", 0, "name", "a/b"},
	{HTTP_GET, "/v2/a%2Fb/blobs/d", NULL, 0, NULL, NULL},
	{HTTP_GET, "/v2/x/a%2fb/blobs/d", NULL, 0, NULL, NULL},
	{HTTP_GET, "/v2/a/blobs%2Fd", NULL, 0, NULL, NULL},
	{HTTP_GET, "/v2%2Fa/blobs/d", NULL, 0, NULL, NULL},
	{HTTP_GET, "//v2/a/blobs/d", NULL, 0, NULL, NULL},
	{HTTP_GET, "/%76%32/a/blobs/d", "/v2/{name}/blobs/{digest}", 0, "name", "a"},
	{HTTP_GET, "/api/p/repositories/a%2Fb", "/api/{project}/repositories/{repository}", 0, "repository", "a/b"},
	{HTTP_GET, "/api/p/repositories/a%252Fb", "/api/{project}/repositories/{repository}", 0, "repository", "a%2Fb"},
	{HTTP_GET, "/api/p/repositories/a+b", "/api/{project}/repositories/{repository}", 0, "repository", "a+b"},
	{HTTP_GET, "/api/p/repositories/special", "/api/{project}/repositories/special", 0, "project", "p"},
	{HTTP_GET, "/api/p/repositories/a/b", NULL, 0, NULL, NULL},
	{HTTP_GET, "/v2/x/..a/blobs/d", "/v2/{name}/blobs/{digest}", 0, "name", "x/..a"},
	{HTTP_GET, "/v2/%252e%252e/blobs/d", "/v2/{name}/blobs/{digest}", 0, "name", "%2e%2e"},
};

static void finds_the_route_and_its_parts(void **state)
{
	cleanup_error struct error err = {0};
	struct router *router;

	(void)state;
	assert_true(router_new(&router, routes, ARRAY_SIZE(routes), &err));
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct router_path path;
		struct router_match match;
		char text[256];

		unit_assert(router_path_parse(&path, str_of(paths[i].target), text), "%s: malformed", paths[i].target);
		router_find(router, paths[i].method, &path, &match);
		const char *found = match.route ? match.route->pattern : NULL;
		bool same = found && paths[i].pattern ? strcmp(found, paths[i].pattern) == 0 : found == paths[i].pattern;
		unit_assert(same, "%s: %s, not %s", paths[i].target, found ? found : "none", paths[i].pattern ? paths[i].pattern : "none");
		if (!found)
			unit_assert(match.methods == paths[i].methods, "%s: methods %x", paths[i].target, match.methods);
		for (size_t part = 0; paths[i].part && part < match.parts_count; part++)
			if (str_equal(match.parts[part].name, str_of(paths[i].part)))
				unit_assert(str_equal(match.parts[part].value, str_of(paths[i].value)), "%s: %s is %.*s", paths[i].target,
					paths[i].part, STR_ARG(match.parts[part].value));
		unit_assert(!paths[i].part || match.parts_count, "%s: no part", paths[i].target);
	}
	router_free(router);
}

static void refuses_paths_that_lead_elsewhere(void **state)
{
	static const char *const targets[] = {"/..", "/../etc", "/v2/../x", "/v2/./x", "/v2/%2e%2e/x", "/v2/.%2E/x", "/v2/a%2f..%2fb", "/v2/%2e",
		"/v2/%00", "/v2/a%00b", "/v2/%", "/v2/%4", "/v2/%zz", "/v2/%4g", "/v2/a/..?x"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		struct router_path path;
		char text[64];
		unit_assert(!router_path_parse(&path, str_of(targets[i]), text), "%s: taken", targets[i]);
	}
}

static void a_path_of_many_parts_matches_nothing(void **state)
{
	cleanup_error struct error err = {0};
	struct router *router;
	struct router_path path;
	struct router_match match;
	char target[1024] = "/v2", text[1024];

	(void)state;
	for (size_t i = 3; i < 900; i += 2)
		snprintf(target + i, sizeof target - i, "/a");
	assert_true(router_new(&router, routes, ARRAY_SIZE(routes), &err));
	assert_true(router_path_parse(&path, str_of(target), text));
	router_find(router, HTTP_GET, &path, &match);
	assert_null(match.route);
	router_free(router);
}

static void refuses_bad_patterns(void **state)
{
	static const struct route bad[] = {ROUTE(GET, "v2/"), {GET, "/x", ROUTE_ON_LOOP, NULL, NULL, 0, 0},
		ROUTE(GET, "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17"), ROUTE(GET, "/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}")};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		cleanup_error struct error err = {0};
		struct router *router;
		unit_assert(!router_new(&router, &bad[i], 1, &err) && err.kind == ERROR_INVALID, "pattern %s: taken", bad[i].pattern);
	}
}

static void decodes_once(void **state)
{
	char out[32];
	size_t len;

	(void)state;
	assert_true(url_decode(STR("a%2525+%41"), true, out, &len));
	assert_true(str_equal(str_make(out, len), STR("a%25 A")));
	assert_true(url_decode(STR("+"), false, out, &len));
	assert_true(str_equal(str_make(out, len), STR("+")));
	assert_false(url_decode(STR("%0"), true, out, &len));
	assert_false(url_decode(STR("%00"), true, out, &len));
}

UNIT_MAIN(cmocka_unit_test(finds_the_route_and_its_parts), cmocka_unit_test(refuses_paths_that_lead_elsewhere),
	cmocka_unit_test(a_path_of_many_parts_matches_nothing), cmocka_unit_test(refuses_bad_patterns), cmocka_unit_test(decodes_once))
