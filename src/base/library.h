/*
 * Shared libraries that are loaded when they are first needed. Only for those that bring many others with them and that most commands never touch:
 * libcurl and libarchive bring 40, which cost every start of `naru` 8 ms of processor time. The rest is linked.
 */
#ifndef BASE_LIBRARY_H
#define BASE_LIBRARY_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* A function of the library, and where its pointer goes in the table of them. */
struct library_symbol {
	const char *name;
	size_t offset; /* in bytes, of a member that is a pointer to a function */
};

/* One for each library of the process, as the linker would have it; start lock with PTHREAD_MUTEX_INITIALIZER. */
struct library {
	const char *soname;  /* "libcurl.so.4" */
	const char *package; /* Debian's, for the error's words */
	const struct library_symbol *symbols;
	size_t symbols_count;
	void *table; /* filled by library_load */
	pthread_mutex_t lock;
	bool loaded; /* guarded by lock; never false again: nothing is unloaded */
};

/* Loads it once and fills its table. From any thread. ERROR_NOT_FOUND when it, or a function of it, is not there. */
bool library_load(struct library *library, struct error *err);

#endif
