#include "runtime/volume.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"

static const char *const propagations[] = {"rprivate", "private", "rshared", "shared", "rslave", "slave"};

char *path_clean(struct str text)
{
	cleanup_buf struct buf out = {0};
	struct str rest = text, part;

	if (!str_starts(text, STR("/")))
		return NULL;
	while (rest.len) {
		if (!str_cut(rest, '/', &part, &rest)) {
			part = rest;
			rest = (struct str){0};
		}
		if (part.len == 0 || str_equal(part, STR(".")))
			continue;
		if (str_equal(part, STR(".."))) {
			while (out.len && out.data[out.len - 1] != '/')
				out.len--;
			out.len -= out.len ? 1 : 0;
			continue;
		}
		buf_add_char(&out, '/');
		buf_add_str(&out, part);
	}
	if (out.len == 0)
		buf_add_char(&out, '/');
	out.data[out.len] = '\0';
	return buf_take(&out);
}

/* Takes volume; one for the same destination makes room. */
static void volumes_put(struct volumes *volumes, const struct volume *volume)
{
	for (size_t i = 0; i < volumes->count; i++) {
		if (strcmp(volumes->items[i].destination, volume->destination) == 0) {
			free(volumes->items[i].source);
			free(volumes->items[i].destination);
			volumes->items[i] = *volume;
			return;
		}
	}
	volumes->items = mem_grow(volumes->items, volumes->count, &volumes->capacity, sizeof *volumes->items);
	volumes->items[volumes->count++] = *volume;
}

static bool parse_options(struct volume *volume, struct str options, struct str whole, struct error *err)
{
	struct str option;

	while (str_next(&options, ',', &option)) {
		if (str_equal(option, STR("ro"))) {
			volume->read_only = true;
			continue;
		}
		/* Labels of SELinux, and copying into a new volume, have nothing to do for a folder of the host. */
		if (str_equal(option, STR("rw")) || str_equal(option, STR("z")) || str_equal(option, STR("Z")) || str_equal(option, STR("nocopy")))
			continue;
		bool found = false;
		for (size_t i = 0; i < ARRAY_SIZE(propagations); i++) {
			if (str_equal(option, str_of(propagations[i]))) {
				volume->propagation = propagations[i];
				found = true;
			}
		}
		if (!found)
			return error_set(
				err, ERROR_INVALID, "invalid volume specification: '%.*s': invalid mode: %.*s", STR_ARG(whole), STR_ARG(option));
	}
	return true;
}

/* The absolute path of the host that a source means; NULL with *err set when it is a volume's name. */
static char *source_path(struct str source, struct error *err)
{
	char *path = path_clean(source);

	if (path)
		return path;
	if (str_starts(source, STR("."))) {
		cleanup_free char *here = getcwd(NULL, 0);
		cleanup_free char *joined = mem_printf("%s/%.*s", here ? here : "", STR_ARG(source));
		return path_clean(str_of(joined));
	}
	if (memchr(source.data, '/', source.len))
		error_set(err, ERROR_INVALID,
			"create %.*s: \"%.*s\" includes invalid characters for a local volume name, only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. "
			"If you "
			"intended to pass a host directory, use absolute path",
			STR_ARG(source), STR_ARG(source));
	else
		error_set(
			err, ERROR_UNSUPPORTED, "named volumes are not there yet: %.*s: use the absolute path of a host directory", STR_ARG(source));
	return NULL;
}

bool volumes_add(struct volumes *volumes, struct str text, struct error *err)
{
	struct str source = {0}, rest, destination = text, options = {0};
	struct volume volume = {.propagation = "rprivate"};

	if (str_cut(text, ':', &source, &rest) && !str_cut(rest, ':', &destination, &options))
		destination = rest;
	if (text.len == 0 || destination.len == 0 || memchr(text.data, '\0', text.len) || (source.len == 0 && destination.len != text.len) ||
		(options.len && memchr(options.data, ':', options.len)))
		return error_set(err, ERROR_INVALID, "invalid volume specification: '%.*s'", STR_ARG(text));
	if (!parse_options(&volume, options, text, err))
		return false;
	volume.destination = path_clean(destination);
	if (!volume.destination)
		return error_set(err, ERROR_INVALID,
			"invalid volume specification: '%.*s': invalid mount config for type \"volume\": invalid mount path: '%.*s' "
			"mount path must be absolute",
			STR_ARG(text), STR_ARG(destination));
	if (strcmp(volume.destination, "/") == 0)
		error_set(err, ERROR_INVALID, "invalid volume specification: '%.*s': invalid specification: destination can't be '/'", STR_ARG(text));
	else if (source.len == 0 || (volume.source = source_path(source, err))) {
		volumes_put(volumes, &volume);
		return true;
	}
	free(volume.destination);
	return false;
}

bool volumes_add_own(struct volumes *volumes, struct str destination, struct error *err)
{
	char *path = path_clean(destination);

	if (!path || strcmp(path, "/") == 0) {
		free(path);
		return error_set(err, ERROR_INVALID, "invalid volume of the image: '%.*s'", STR_ARG(destination));
	}
	for (size_t i = 0; i < volumes->count; i++) {
		if (strcmp(volumes->items[i].destination, path) == 0) {
			free(path);
			return true;
		}
	}
	volumes_put(volumes, &(struct volume){.destination = path, .propagation = "rprivate"});
	return true;
}

void volumes_free(struct volumes *volumes)
{
	for (size_t i = 0; i < volumes->count; i++) {
		free(volumes->items[i].source);
		free(volumes->items[i].destination);
	}
	free(volumes->items);
	*volumes = (struct volumes){0};
}
