#include "cli/format.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define COLUMN_MIN 10
#define COLUMN_GAP 3

struct range {
	uint32_t first, last;
};

/* Unicode 15, East_Asian_Width W and F, in whole blocks where that makes no difference. */
static const struct range wide[] = {
	{0x1100, 0x115f},
	{0x231a, 0x231b},
	{0x2e80, 0x303e},
	{0x3041, 0x4dbf},
	{0x4e00, 0xa4cf},
	{0xa960, 0xa97f},
	{0xac00, 0xd7a3},
	{0xf900, 0xfaff},
	{0xfe10, 0xfe19},
	{0xfe30, 0xfe6f},
	{0xff00, 0xff60},
	{0xffe0, 0xffe6},
	{0x1f300, 0x1f64f},
	{0x1f680, 0x1f6ff},
	{0x1f900, 0x1f9ff},
	{0x1fa70, 0x1faff},
	{0x20000, 0x3fffd},
};

/* Combining marks, Hangul vowels and finals that join the character before, joiners, variation selectors. */
static const struct range narrow[] = {
	{0x300, 0x36f},
	{0x1160, 0x11ff},
	{0x200b, 0x200f},
	{0x20d0, 0x20ff},
	{0xd7b0, 0xd7ff},
	{0xfe00, 0xfe0f},
	{0xfe20, 0xfe2f},
};

static bool in_ranges(const struct range *ranges, size_t count, uint32_t point)
{
	for (size_t i = 0; i < count; i++) {
		if (point >= ranges[i].first && point <= ranges[i].last)
			return true;
	}
	return false;
}

/* Reads one character of UTF-8 at text; returns its bytes (at least 1) and sets its columns. */
static size_t character_read(struct str text, size_t *columns)
{
	unsigned char first = (unsigned char)text.data[0];
	size_t len = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
	uint32_t point = len == 1 ? first : first & (0x7fU >> len);

	*columns = 1;
	if (len > text.len)
		return 1;
	for (size_t i = 1; i < len; i++) {
		if (((unsigned char)text.data[i] & 0xc0) != 0x80)
			return 1;
		point = point << 6 | ((unsigned char)text.data[i] & 0x3f);
	}
	if (in_ranges(narrow, ARRAY_SIZE(narrow), point))
		*columns = 0;
	else if (in_ranges(wide, ARRAY_SIZE(wide), point))
		*columns = 2;
	return len;
}

size_t format_width(struct str text)
{
	size_t width = 0, columns;

	while (text.len > 0) {
		text = str_from(text, character_read(text, &columns));
		width += columns;
	}
	return width;
}

void format_cut(struct buf *out, struct str text, size_t width)
{
	size_t used = 0;

	if (format_width(text) <= width) {
		buf_add_str(out, text);
		return;
	}
	while (text.len > 0) {
		size_t columns, len = character_read(text, &columns);

		if (used + columns + 1 > width)
			break;
		buf_add(out, text.data, len);
		text = str_from(text, len);
		used += columns;
	}
	buf_add_text(out, "…");
}

/* Takes the next cell off a line; true when a tab ended it, so that it is padded. */
static bool cell_take(struct str *line, struct str *cell)
{
	struct str rest;

	if (str_cut(*line, '\t', cell, &rest)) {
		*line = rest;
		return true;
	}
	*cell = *line;
	*line = (struct str){0};
	return false;
}

static bool line_take(struct str *text, struct str *line)
{
	struct str rest;

	if (text->len == 0)
		return false;
	if (!str_cut(*text, '\n', line, &rest)) {
		*line = *text;
		rest = (struct str){0};
	}
	*text = rest;
	return true;
}

void format_table(struct str lines, FILE *out)
{
	size_t *widths = NULL, columns = 0, capacity = 0;
	struct str rest = lines, line, cell;

	while (line_take(&rest, &line)) {
		for (size_t column = 0; cell_take(&line, &cell); column++) {
			size_t width = format_width(cell) + COLUMN_GAP;

			if (column == columns) {
				widths = mem_grow(widths, columns, &capacity, sizeof *widths);
				widths[columns++] = COLUMN_MIN;
			}
			if (width > widths[column])
				widths[column] = width;
		}
	}
	rest = lines;
	while (line_take(&rest, &line)) {
		for (size_t column = 0; cell_take(&line, &cell); column++)
			fprintf(out, "%.*s%*s", STR_ARG(cell), (int)(widths[column] - format_width(cell)), "");
		fprintf(out, "%.*s\n", STR_ARG(cell));
	}
	free(widths);
}

struct str format_short_id(struct str id)
{
	struct str before, after;

	if (str_cut(id, ':', &before, &after))
		id = after;
	return str_head(id, 12);
}
