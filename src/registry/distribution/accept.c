#include "registry/distribution/accept.h"

/* "q=0", "q=0.0": the range is refused. Anything else takes it, what is malformed too. */
static bool is_refused(struct str parameters)
{
	struct str item;

	while (str_next(&parameters, ';', &item)) {
		item = str_trim(item);
		if (!str_equal_nocase(str_head(item, 2), STR("q=")))
			continue;
		item = str_from(item, 2);
		for (size_t i = 0; i < item.len; i++)
			if (item.data[i] != '0' && item.data[i] != '.')
				return false;
		return item.len > 0 && item.data[0] == '0';
	}
	return false;
}

static int closeness_of(struct str range, struct str media_type)
{
	struct str kind, rest;

	if (str_equal_nocase(range, media_type))
		return 3;
	if (str_equal(range, STR("*/*")) || str_equal(range, STR("*")))
		return 1;
	return str_ends(range, STR("/*")) && str_cut(media_type, '/', &kind, &rest) && str_equal_nocase(str_head(range, range.len - 2), kind) ? 2 : 0;
}

void accept_add(struct accept *accept, struct str header, struct str media_type)
{
	struct str item;

	while (str_next(&header, ',', &item)) {
		struct str range = item, parameters = {0};

		str_cut(item, ';', &range, &parameters);
		range = str_trim(range);
		if (!range.len)
			continue;
		accept->any = true;
		int closeness = closeness_of(range, media_type);
		bool takes = !is_refused(parameters);
		if (!closeness || closeness < accept->closeness)
			continue;
		accept->takes = takes || (closeness == accept->closeness && accept->takes);
		accept->closeness = closeness;
	}
}

bool accept_takes(const struct accept *accept)
{
	return !accept->any || accept->takes;
}
