/* No secret of a target reaches the log. */
#include "registry/log_target.h"
#include "tests/unit/unit.h"

static void targets(void **state)
{
	(void)state;
	static const struct {
		const char *target, *logged;
	} rows[] = {
		{"", ""},
		{"*", "*"},
		{"/v2/", "/v2/"},
		{"/v2/a/tags/list?n=10&last=b", "/v2/a/tags/list?n=10&last=b"},
		{"/v2/a/blobs/uploads/?digest=sha256:12&mount=x&from=y", "/v2/a/blobs/uploads/?digest=sha256:12&mount=x&from=y"},
		{"/v2/?access_token=geheim", "/v2/?access_token=***"},
		{"/v2/?n=1&token=geheim&last=b", "/v2/?n=1&token=***&last=b"},
		{"/v2/?geheim", "/v2/?***"},
		{"/v2/?n", "/v2/?n"},
		{"/v2/?N=geheim", "/v2/?N=***"},
		{"/v2/?n%3d1=geheim", "/v2/?n%3d1=***"},
		{"/v2/?=geheim", "/v2/?=***"},
		{"/v2/?a=ge=heim", "/v2/?a=***"},
		{"/v2/?&&", "/v2/?&&"},
		{"/v2/?", "/v2/?"},
		{"/v2/?a=b?c=geheim", "/v2/?a=***"},
		{"http://user:geheim@host/v2/?n=1", "http://***@host/v2/?n=1"},
		{"http://host/v2/", "http://host/v2/"},
		{"http://user:ge@heim@host", "http://***@host/"},
		{"/http://user:shown@host/", "/http://user:shown@host/"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_buf struct buf out = {0};

		buf_add_text(&out, "");
		log_target(&out, str_of(rows[i].target));
		unit_assert(str_equal(buf_str(&out), str_of(rows[i].logged)), "row %zu: %.*s", i, STR_ARG(buf_str(&out)));
	}
}

static void long_ones(void **state)
{
	(void)state;
	cleanup_buf struct buf target = {0}, out = {0};

	buf_add_text(&target, "/?");
	for (int i = 0; i < 5000; i++)
		buf_add_text(&target, "n=1&");
	log_target(&out, buf_str(&target));
	assert_int_equal(out.len, LOG_TARGET_MAX);
}

UNIT_MAIN(cmocka_unit_test(targets), cmocka_unit_test(long_ones))
