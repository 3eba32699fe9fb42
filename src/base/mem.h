/*
 * Memory that is there or ends the program: every size that comes from outside is bounded before it gets here, so a
 * refusal means that the machine itself is out of memory.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

/* Zeroed memory of count * size bytes; the product is checked. Owned by the caller, free with free(). Never NULL. */
void *mem_alloc(size_t count, size_t size) __attribute__((malloc, alloc_size(1, 2), returns_nonnull));

/* As realloc, with count * size checked. What is added is not zeroed. */
void *mem_resize(void *memory, size_t count, size_t size) __attribute__((alloc_size(2, 3), returns_nonnull));

/* A copy of len bytes and a NUL behind them. */
char *mem_copy_text(const void *data, size_t len) __attribute__((malloc, returns_nonnull));

/* Formatted text, owned by the caller. */
char *mem_printf(const char *format, ...) __attribute__((format(printf, 1, 2), malloc, returns_nonnull));
char *mem_vprintf(const char *format, va_list args) __attribute__((format(printf, 1, 0), malloc, returns_nonnull));

/* Grows array so that it holds count + 1 elements of size bytes; *capacity is kept. For `array = mem_grow(array, n, &cap, sizeof *array)`. */
void *mem_grow(void *array, size_t count, size_t *capacity, size_t size) __attribute__((returns_nonnull));

void mem_free_pointer(void *pointer_to_pointer);
/* Frees what a pointer variable points at when it goes out of scope. */
#define cleanup_free __attribute__((cleanup(mem_free_pointer)))

#define ARRAY_SIZE(array) (sizeof(array) / sizeof *(array))

#endif
