#include "base/mem.h"

#include <stdio.h>
#include <string.h>

static void *must(void *memory)
{
	if (!memory) {
		fputs("out of memory\n", stderr);
		abort();
	}
	return memory;
}

void *mem_alloc(size_t count, size_t size)
{
	return must(calloc(count ? count : 1, size ? size : 1));
}

void *mem_resize(void *memory, size_t count, size_t size)
{
	return must(reallocarray(memory, count ? count : 1, size ? size : 1));
}

char *mem_copy_text(const void *data, size_t len)
{
	char *text = must(malloc(len + 1));

	if (len)
		memcpy(text, data, len);
	text[len] = '\0';
	return text;
}

char *mem_vprintf(const char *format, va_list args)
{
	char *text = NULL;

	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	return must(text);
}

char *mem_printf(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	char *text = mem_vprintf(format, args);
	va_end(args);
	return text;
}

void *mem_grow(void *array, size_t count, size_t *capacity, size_t size)
{
	if (array && count < *capacity)
		return array;
	*capacity = *capacity < 8 ? 8 : *capacity * 2;
	if (*capacity <= count)
		*capacity = count + 1;
	return mem_resize(array, *capacity, size);
}

void mem_free_pointer(void *pointer_to_pointer)
{
	free(*(void **)pointer_to_pointer);
}
