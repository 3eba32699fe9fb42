#include "registry/distribution/range.h"

/* A position; more digits than a number has room for are a position past any end. */
static bool parse_position(struct str text, int64_t *out)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
	if (!text.len)
		return false;
	if (!str_to_i64(text, out))
		*out = INT64_MAX;
	return true;
}

/* True when the text is a range at all; *satisfied says whether it lies in the content. */
static bool parse_one(struct str text, int64_t size, struct range *out, bool *satisfied)
{
	struct str first_text, last_text;
	int64_t first, last = size - 1;

	if (!str_cut(text, '-', &first_text, &last_text))
		return false;
	if (!first_text.len) {
		int64_t suffix;

		if (!parse_position(last_text, &suffix))
			return false;
		first = suffix < size ? size - suffix : 0;
		*satisfied = suffix > 0 && size > 0;
	} else {
		if (!parse_position(first_text, &first) || (last_text.len && !parse_position(last_text, &last)))
			return false;
		*satisfied = first < size && last >= first;
		if (last >= size)
			last = size - 1;
	}
	*out = (struct range){first, last - first + 1};
	return true;
}

enum range_answer range_parse(struct str header, int64_t size, struct range ranges[static RANGES_MAX], size_t *count)
{
	struct str unit, list, item;
	size_t asked = 0;
	int64_t left = size;

	*count = 0;
	if (!str_cut(header, '=', &unit, &list) || !str_equal_nocase(str_trim(unit), STR("bytes")))
		return RANGE_WHOLE;
	while (str_next(&list, ',', &item)) {
		bool satisfied;

		item = str_trim(item);
		if (!item.len)
			continue;
		if (++asked > RANGES_MAX || !parse_one(item, size, &ranges[*count], &satisfied) ||
			(satisfied && (left -= ranges[*count].length) < 0)) {
			*count = 0;
			return RANGE_WHOLE;
		}
		*count += satisfied;
	}
	if (!asked)
		return RANGE_WHOLE;
	return *count ? RANGE_PARTS : RANGE_UNSATISFIED;
}

bool content_range_parse(struct str header, int64_t *first, int64_t *last)
{
	struct str first_text, last_text, range = str_trim(header), total;

	if (str_starts(range, STR("bytes ")))
		range = str_trim(str_from(range, 6));
	str_cut(range, '/', &range, &total);
	return str_cut(range, '-', &first_text, &last_text) && str_to_i64(str_trim(first_text), first) && str_to_i64(str_trim(last_text), last) &&
	       *last >= *first && *last < INT64_MAX;
}

bool etag_is(struct str header, struct str digest)
{
	struct str tag = str_trim(header);

	return tag.len >= 2 && tag.data[0] == '"' && tag.data[tag.len - 1] == '"' && str_equal(str_make(tag.data + 1, tag.len - 2), digest);
}

bool etag_matches(struct str header, struct str digest)
{
	struct str item;

	while (str_next(&header, ',', &item)) {
		item = str_trim(item);
		if (str_starts(item, STR("W/")))
			item = str_from(item, 2);
		if (str_equal(item, STR("*")) || etag_is(item, digest))
			return true;
	}
	return false;
}
