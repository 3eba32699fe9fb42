#include "oci/layer_entry.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

#define PATH_MAX_BYTES 4096
#define PART_MAX_BYTES 255

static bool add_part(struct buf *clean, struct str part, struct error *err)
{
	if (!part.len || str_equal(part, STR(".")))
		return true;
	if (str_equal(part, STR("..")))
		return error_set(err, ERROR_INVALID, "leaves the layer");
	if (part.len > PART_MAX_BYTES)
		return error_set(err, ERROR_INVALID, "has a name over %d bytes", PART_MAX_BYTES);
	if (clean->len)
		buf_add_char(clean, '/');
	buf_add_str(clean, part);
	return true;
}

/* What the last part of a clean path means; the path is cut or changed to what it is about. */
static enum layer_entry_meaning classify(struct buf *clean)
{
	struct str path = buf_str(clean), folder = {0}, name = path;
	static const char mark[] = ".wh.";

	if (!path.len)
		return LAYER_ENTRY_ROOT;
	/* At the top, aufs' own folders (".wh..wh.plnk/…") with all that is in them. */
	if (str_starts(path, STR(".wh..wh.")) && !str_equal(path, STR(".wh..wh..opq")))
		return LAYER_ENTRY_SKIP;
	str_cut_last(path, '/', &folder, &name);
	if (!str_starts(name, STR(".wh.")))
		return LAYER_ENTRY_FILE;
	if (str_equal(name, STR(".wh..wh..opq"))) {
		cleanup_free char *of = str_dup(folder);

		buf_clear(clean);
		buf_add_text(clean, of);
		return LAYER_ENTRY_OPAQUE;
	}
	if (str_starts(name, STR(".wh..wh.")))
		return LAYER_ENTRY_SKIP;

	struct str hidden = str_from(name, sizeof mark - 1);
	if (!hidden.len || str_equal(hidden, STR(".")) || str_equal(hidden, STR("..")))
		return LAYER_ENTRY_SKIP;
	cleanup_free char *of = folder.len ? mem_printf("%.*s/%.*s", STR_ARG(folder), STR_ARG(hidden)) : str_dup(hidden);
	buf_clear(clean);
	buf_add_text(clean, of);
	return LAYER_ENTRY_WHITEOUT;
}

bool layer_entry_parse(struct layer_entry *out, struct str path, struct error *err)
{
	cleanup_buf struct buf clean = {0};
	struct str part, rest = path;

	if (path.len > PATH_MAX_BYTES || (path.len && memchr(path.data, '\0', path.len)))
		return error_set(err, ERROR_INVALID, "is over %d bytes or has a NUL", PATH_MAX_BYTES);
	while (str_cut(rest, '/', &part, &rest))
		if (!add_part(&clean, part, err))
			return false;
	if (!add_part(&clean, rest, err))
		return false;
	out->meaning = classify(&clean);
	out->path = buf_take(&clean);
	return true;
}

void layer_entry_free(struct layer_entry *entry)
{
	free(entry->path);
	*entry = (struct layer_entry){0};
}
