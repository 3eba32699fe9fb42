#include "cli/container_filter.h"

#include <regex.h>
#include <string.h>

#include "base/mem.h"

static const char *const keys[] = {"id", "name", "label", "status", "exited", "ancestor"};
/* Of docker's states we have three. */
static const char *const states[] = {"created", "running", "paused", "restarting", "removing", "exited", "dead"};
static const char *const status_names[] = {[CONTAINER_CREATED] = "created", [CONTAINER_RUNNING] = "running", [CONTAINER_EXITED] = "exited"};

const char *container_status_name(enum container_status status)
{
	return status_names[status];
}

static bool one_of(struct str text, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (str_equal(text, str_of(list[i])))
			return true;
	return false;
}

bool container_filters_check(const char *const *filters, size_t count, struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		struct str key, value;
		int64_t code;
		regex_t pattern;

		if (!str_cut(str_of(filters[i]), '=', &key, &value) || !one_of(key, keys, ARRAY_SIZE(keys)))
			return error_set(err, ERROR_INVALID, "invalid filter '%.*s'",
				STR_ARG(str_cut(str_of(filters[i]), '=', &key, &value) ? key : str_of(filters[i])));
		if (str_equal(key, STR("status")) && !one_of(value, states, ARRAY_SIZE(states)))
			return error_set(err, ERROR_INVALID,
				"invalid filter 'status=%.*s': invalid value for state (%.*s): must be one of created, running, paused, restarting, "
				"removing, "
				"exited, dead",
				STR_ARG(value), STR_ARG(value));
		if (str_equal(key, STR("exited")) && !str_to_i64(value, &code))
			return error_set(err, ERROR_INVALID, "invalid filter 'exited=%.*s'", STR_ARG(value));
		if (!str_equal(key, STR("name")))
			continue;
		if (regcomp(&pattern, value.data, REG_EXTENDED | REG_NOSUB) != 0)
			return error_set(err, ERROR_INVALID, "invalid filter 'name=%.*s'", STR_ARG(value));
		regfree(&pattern);
	}
	return true;
}

bool container_filters_want_all(const char *const *filters, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (str_starts(str_of(filters[i]), STR("status=")) || str_starts(str_of(filters[i]), STR("exited=")))
			return true;
	return false;
}

/* A part of the name or a pattern; docker's names begin with a slash, which people write too. */
static bool match_name(const struct container *container, const char *value)
{
	cleanup_free char *slashed = mem_printf("/%s", container->name);
	regex_t pattern;

	if (regcomp(&pattern, value, REG_EXTENDED | REG_NOSUB) != 0)
		return false;
	bool found = regexec(&pattern, container->name, 0, NULL, 0) == 0 || regexec(&pattern, slashed, 0, NULL, 0) == 0;
	regfree(&pattern);
	return found;
}

static bool match_label(const struct container *container, const char *value)
{
	for (size_t i = 0; i < container->settings.labels.count; i++) {
		struct str label = str_of(container->settings.labels.items[i]), key, rest;

		if (str_equal(label, str_of(value)) || (!strchr(value, '=') && str_cut(label, '=', &key, &rest) && str_equal(key, str_of(value))))
			return true;
	}
	return false;
}

static bool match_one(const struct container *container, struct str key, const char *value)
{
	int64_t code = 0;
	char image[DIGEST_TEXT_MAX];

	if (str_equal(key, STR("id")))
		return strncmp(container->id, value, strlen(value)) == 0;
	if (str_equal(key, STR("name")))
		return match_name(container, value);
	if (str_equal(key, STR("label")))
		return match_label(container, value);
	if (str_equal(key, STR("status")))
		return strcmp(container_status_name(container->status), value) == 0;
	if (str_equal(key, STR("exited")))
		return container->status == CONTAINER_EXITED && str_to_i64(str_of(value), &code) && code == container->exit_code;
	digest_format(&container->image, image);
	return strcmp(container->image_name, value) == 0 ||
	       (strlen(value) >= CONTAINER_SHORT_ID_LENGTH && strncmp(image + strlen("sha256:"), value, strlen(value)) == 0);
}

bool container_filters_match(const char *const *filters, size_t count, const struct container *container)
{
	for (size_t i = 0; i < count; i++) {
		struct str key, value, other_key, other;
		bool found = false;

		if (!str_cut(str_of(filters[i]), '=', &key, &value))
			return false;
		/* Any of the same key will do, but each label has to be there. */
		for (size_t k = 0; k < count && !found; k++)
			if (str_cut(str_of(filters[k]), '=', &other_key, &other) && str_equal(key, other_key) &&
				(k == i || !str_equal(key, STR("label"))))
				found = match_one(container, key, other.data);
		if (!found)
			return false;
	}
	return true;
}
