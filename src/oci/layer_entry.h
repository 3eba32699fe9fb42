/*
 * An entry of a layer's tar: where it may go and what it means (OCI image-spec 1.1, layer.md, "Whiteouts").
 * Memory in, memory out; local/unpack makes the files.
 */
#ifndef OCI_LAYER_ENTRY_H
#define OCI_LAYER_ENTRY_H

#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"

enum layer_entry_meaning {
	LAYER_ENTRY_FILE,     /* whatever its tar type: it is made */
	LAYER_ENTRY_ROOT,     /* the layer's own folder, "./" */
	LAYER_ENTRY_WHITEOUT, /* ".wh.NAME": hides NAME of the layers below */
	LAYER_ENTRY_OPAQUE,   /* ".wh..wh..opq": hides all that the layers below have in this folder */
	LAYER_ENTRY_SKIP,     /* aufs' own ".wh..wh.*", and what lies in it: means nothing */
};

struct layer_entry {
	enum layer_entry_meaning meaning;
	char *path; /* owned: relative, no "." or "..", no empty part, no "/" at either end; of a whiteout the hidden name's path; of an opaque its
		       folder's */
};

/*
 * Cleans a path of a tar entry: a leading "/" or "./" is dropped, "." parts and doubled slashes too. ".." anywhere, a NUL, a part over 255 bytes or a
 * path over 4096 bytes is ERROR_INVALID, in words that go behind "entry 'NAME': ". Free with layer_entry_free.
 */
bool layer_entry_parse(struct layer_entry *out, struct str path, struct error *err);
void layer_entry_free(struct layer_entry *entry);

#endif
