#include "local/archive_library_internal.h"

#include "base/library.h"
#include "base/mem.h"

#define SYMBOL(name) {"archive_" #name, offsetof(struct archive_library, name)},
static const struct library_symbol symbols[] = {ARCHIVE_FUNCTIONS(SYMBOL)};

static struct archive_library table;
static struct library library = {"libarchive.so.13", "libarchive13", symbols, ARRAY_SIZE(symbols), &table, PTHREAD_MUTEX_INITIALIZER, false};

const struct archive_library *archive_library(struct error *err)
{
	return library_load(&library, err) ? &table : NULL;
}
