/* How much of a container's output is kept. conmon begins its one file anew at the limit, where docker goes through max-file of them. */
#include <string.h>

#include "base/str.h"
#include "runtime/settings.h"

#define FILES_MAX 1000

bool size_parse(struct str text, int64_t *bytes, struct error *err)
{
	static const char units[] = "kmgtp";
	struct str number = text, unit;
	uint64_t value;
	size_t digits = 0;
	int shift = 0;

	while (digits < text.len && text.data[digits] >= '0' && text.data[digits] <= '9')
		digits++;
	number = str_head(text, digits);
	unit = str_trim(str_from(text, digits));
	if (unit.len && unit.data[0] != 'b' && unit.data[0] != 'B') {
		const char *at = strchr(units, unit.data[0] | 0x20);

		shift = at ? (int)(at - units + 1) * 10 : -1;
		unit = str_from(unit, 1);
		if (str_equal_nocase(unit, STR("ib")))
			unit = str_from(unit, 1);
	}
	if (shift < 0 || (unit.len && !str_equal_nocase(unit, STR("b"))) || !str_to_u64(number, &value) || value > (uint64_t)INT64_MAX >> shift)
		return error_set(err, ERROR_INVALID, "invalid size: '%.*s'", STR_ARG(text));
	*bytes = (int64_t)(value << shift);
	return true;
}

static bool option_parse(struct str option, int64_t *size_bytes, uint64_t *files, struct error *err)
{
	static const char start[] = "failed to initialize logging driver";
	struct str name = option, value = {0};

	str_cut(option, '=', &name, &value);
	if (str_equal(name, STR("max-size"))) {
		if (!size_parse(value, size_bytes, err))
			return error_prefix(err, "%s", start);
		return *size_bytes > 0 || error_set(err, ERROR_INVALID, "%s: max-size must be a positive number", start);
	}
	if (str_equal(name, STR("max-file")))
		return (str_to_u64(value, files) && *files > 0 && *files <= FILES_MAX) ||
		       error_set(err, ERROR_INVALID, "%s: max-file '%.*s' is no number from 1 to %d", start, STR_ARG(value), FILES_MAX);
	return error_set(err, ERROR_INVALID, "unknown log opt '%.*s' for json-file log driver", STR_ARG(name));
}

bool log_options_parse(const char *const *options, int64_t *max_bytes, struct error *err)
{
	int64_t size_bytes = 0;
	uint64_t files = 1;

	for (; options && *options; options++)
		if (!option_parse(str_of(*options), &size_bytes, &files, err))
			return false;
	return !__builtin_mul_overflow(size_bytes, (int64_t)files, max_bytes) ||
	       error_set(err, ERROR_TOO_LARGE, "failed to initialize logging driver: max-size and max-file are too large");
}
