#include "registry/distribution/paging.h"

#include "net/url.h"

bool page_limit(struct str n, size_t limit_max, size_t *limit)
{
	uint64_t number;

	if (!str_to_u64(n, &number))
		return false;
	*limit = number < limit_max ? (size_t)number : limit_max;
	return true;
}

void page_link(struct buf *out, const char *path, struct str last, size_t limit)
{
	buf_printf(out, "<%s?last=", path);
	url_encode(out, last);
	buf_printf(out, "&n=%zu>; rel=\"next\"", limit);
}
