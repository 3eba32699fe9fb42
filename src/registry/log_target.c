#include "registry/log_target.h"

#include "base/mem.h"

static const char *const shown[] = {"digest", "mount", "from", "tag", "n", "last", "artifactType", "digest-algorithm", "service", "scope"};

static bool is_shown(struct str name)
{
	for (size_t i = 0; i < ARRAY_SIZE(shown); i++)
		if (str_equal(name, str_of(shown[i])))
			return true;
	return false;
}

static void add_pair(struct buf *out, struct str pair)
{
	struct str name, value;

	if (!str_cut(pair, '=', &name, &value)) {
		buf_add_str(out, pair.len && !is_shown(pair) ? STR("***") : pair);
		return;
	}
	buf_add_str(out, name);
	buf_add_char(out, '=');
	buf_add_str(out, is_shown(name) ? value : STR("***"));
}

/* Without "user:password@". */
static void add_path(struct buf *out, struct str path)
{
	struct str scheme, rest, authority, user, host;

	if (!path.len || path.data[0] == '/' || !str_cut(path, ':', &scheme, &rest) || !str_starts(rest, STR("//"))) {
		buf_add_str(out, path);
		return;
	}
	rest = str_from(rest, 2);
	if (!str_cut(rest, '/', &authority, &path)) {
		authority = rest;
		path = (struct str){0};
	}
	buf_add_str(out, scheme);
	buf_add_text(out, "://");
	if (str_cut_last(authority, '@', &user, &host)) {
		buf_add_text(out, "***@");
		authority = host;
	}
	buf_add_str(out, authority);
	buf_add_char(out, '/');
	buf_add_str(out, path);
}

void log_target(struct buf *out, struct str target)
{
	struct str path, query, pair;
	char separator = '?';
	size_t start = out->len;
	bool more = true;

	if (!str_cut(target, '?', &path, &query)) {
		path = target;
		more = false;
	}
	add_path(out, path);
	while (more && out->len - start < LOG_TARGET_MAX) {
		more = str_cut(query, '&', &pair, &query);
		buf_add_char(out, separator);
		add_pair(out, more ? pair : query);
		separator = '&';
	}
	if (out->len - start > LOG_TARGET_MAX)
		out->len = start + LOG_TARGET_MAX;
}
