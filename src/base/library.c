#include "base/library.h"

#include <dlfcn.h>
#include <string.h>

static bool fill(const struct library *library, void *handle, struct error *err)
{
	for (size_t i = 0; i < library->symbols_count; i++) {
		const struct library_symbol *symbol = &library->symbols[i];
		void *function = dlsym(handle, symbol->name);

		if (!function)
			return error_set(err, ERROR_NOT_FOUND, "%s has no %s: it is another version than this program was built with",
				library->soname, symbol->name);
		/* POSIX: a function's address fits a pointer to data. */
		memcpy((char *)library->table + symbol->offset, &function, sizeof function);
	}
	return true;
}

bool library_load(struct library *library, struct error *err)
{
	pthread_mutex_lock(&library->lock);
	if (!library->loaded) {
		void *handle = dlopen(library->soname, RTLD_NOW | RTLD_LOCAL);

		if (handle)
			library->loaded = fill(library, handle, err);
		else
			error_set(err, ERROR_NOT_FOUND, "%s (Debian's package %s)", dlerror(), library->package);
	}
	bool loaded = library->loaded;
	pthread_mutex_unlock(&library->lock);
	return loaded;
}
