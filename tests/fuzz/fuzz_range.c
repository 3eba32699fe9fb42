/* Range, Content-Range and entity tags: the first line is the header, the second the size of the content. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "registry/distribution/range.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void check_ranges(struct str header, int64_t size)
{
	static struct range ranges[RANGES_MAX];
	size_t count = 0;
	int64_t all = 0;
	enum range_answer answer = range_parse(header, size, ranges, &count);

	require((answer == RANGE_PARTS) == (count > 0) && count <= RANGES_MAX);
	for (size_t i = 0; i < count; i++) {
		require(ranges[i].offset >= 0 && ranges[i].length > 0 && ranges[i].offset < size && ranges[i].length <= size - ranges[i].offset);
		all += ranges[i].length;
	}
	require(count < 2 || all <= size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_make(data, size), header, rest;
	int64_t length = 1000, first, last;

	if (str_cut(text, '\n', &header, &rest))
		str_to_i64(rest, &length);
	else
		header = text;
	char *copy = malloc(header.len + 1);
	if (header.len)
		memcpy(copy, header.data, header.len);
	header = str_make(copy, header.len);
	check_ranges(header, length);
	check_ranges(header, 0);
	if (content_range_parse(header, &first, &last))
		require(first >= 0 && last >= first && last < INT64_MAX);
	etag_matches(header, STR("sha256:aa"));
	free(copy);
	return 0;
}
