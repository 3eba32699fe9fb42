/*
 * How sizes, ages and tables look: docker's way (go-units; text/tabwriter with a least width of 10 and 3 blanks between), with its
 * mistakes mended where `docker-cli.md` section 2 says so.
 */
#ifndef CLI_FORMAT_H
#define CLI_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

/* Base 1000, that many significant digits, no trailing zeros: "1.98MB", "82MB", "0B". 3 in lists, 4 in progress. Negative is taken as 0. */
void format_size(struct buf *out, int64_t size_bytes, int digits);

/* A span as people say it: "Less than a second", "About a minute", "3 weeks". */
void format_span(struct buf *out, int64_t span_us);
/* "3 weeks ago", or "N/A" when at_us is 0. */
void format_age(struct buf *out, int64_t at_us, int64_t now_us);
/* "2026-11-24 18:43:12 +0000 UTC" in the local zone, or "N/A" when at_us is 0. */
void format_time(struct buf *out, int64_t at_us);

/*
 * A point in time as --since and until= take it: a span back from now ("10m", "1h30m"), RFC 3339 with or without its time or zone, or Unix
 * seconds. ERROR_INVALID when it is none.
 */
bool format_point_parse(struct str text, int64_t now_us, int64_t *at_us, struct error *err);

/* Columns that a terminal uses for UTF-8 text: East Asian wide characters take two, combining ones none. A malformed byte takes one. */
size_t format_width(struct str text);
/* At most width columns, the last of them "…" when something was cut. */
void format_cut(struct buf *out, struct str text, size_t width);

/* Lines of cells parted by tabs, set in columns. */
void format_table(struct str lines, FILE *out);

/* The first 12 hex digits of "sha256:…" or of an ID. Borrowed. */
struct str format_short_id(struct str id);

#endif
