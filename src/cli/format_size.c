#include "cli/format.h"

void format_size(struct buf *out, int64_t size_bytes, int digits)
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
	/* What rounds up to 1000 belongs to the next unit; %g would print it as 1e+03, which docker does. */
	double size = size_bytes > 0 ? (double)size_bytes : 0, limit = digits == 3 ? 999.5 : 999.95;
	size_t unit = 0;

	while (unit + 1 < sizeof units / sizeof *units && size >= (unit == 0 ? 1000 : limit)) {
		size /= 1000;
		unit++;
	}
	buf_printf(out, "%.*g%s", digits, size, units[unit]);
}
