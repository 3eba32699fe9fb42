#include "net/curl_library.h"

#include "base/library.h"
#include "base/mem.h"

#define SYMBOL(name) {"curl_" #name, offsetof(struct curl_library, name)},
static const struct library_symbol symbols[] = {CURL_FUNCTIONS(SYMBOL)};

static struct curl_library table;
static struct library library = {"libcurl.so.4", "libcurl4", symbols, ARRAY_SIZE(symbols), &table, PTHREAD_MUTEX_INITIALIZER, false};

const struct curl_library *curl_library(struct error *err)
{
	return library_load(&library, err) ? &table : NULL;
}
