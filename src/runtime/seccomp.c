#include "runtime/seccomp.h"

#include <string.h>

#include "base/mem.h"

static const struct {
	const char *architecture, *name;
} architectures[] = {
	{"amd64", "SCMP_ARCH_X86_64"},
	{"arm64", "SCMP_ARCH_AARCH64"},
	{"s390x", "SCMP_ARCH_S390X"},
	{"mips64", "SCMP_ARCH_MIPS64"},
	{"mips64le", "SCMP_ARCH_MIPSEL64"},
};

static bool one_of(const char *text, const char *const *list)
{
	for (; text && *list; list++)
		if (strcmp(text, *list) == 0)
			return true;
	return false;
}

/* Does any name of the list (an array or nothing) hold? */
static bool any_holds(const json_t *names, const char *const *holding)
{
	size_t i;
	json_t *name;

	json_array_foreach (names, i, name)
		if (one_of(json_string_value(name), holding))
			return true;
	return false;
}

/* Do all of them? */
static bool all_hold(const json_t *names, const char *const *holding)
{
	size_t i;
	json_t *name;

	json_array_foreach (names, i, name)
		if (!one_of(json_string_value(name), holding))
			return false;
	return true;
}

static bool rule_applies(const json_t *rule, const char *const *capabilities, const char *architecture)
{
	const json_t *includes = json_object_get(rule, "includes"), *excludes = json_object_get(rule, "excludes");
	const char *const here[] = {architecture, NULL};
	const json_t *arches = json_object_get(includes, "arches");

	if (json_array_size(arches) && !any_holds(arches, here))
		return false;
	if (!all_hold(json_object_get(includes, "caps"), capabilities))
		return false;
	return !any_holds(json_object_get(excludes, "arches"), here) && !any_holds(json_object_get(excludes, "caps"), capabilities);
}

/* The host's architecture and those that its programs may also use. */
static json_t *architectures_of(const json_t *profile, const char *architecture)
{
	json_t *out = json_array(), *entry, *sub;
	size_t i, k;
	const char *name = NULL;

	for (i = 0; i < ARRAY_SIZE(architectures); i++)
		if (strcmp(architectures[i].architecture, architecture) == 0)
			name = architectures[i].name;
	json_array_foreach (json_object_get(profile, "archMap"), i, entry) {
		const char *entry_name = json_string_value(json_object_get(entry, "architecture"));

		if (!name || !entry_name || strcmp(name, entry_name) != 0)
			continue;
		json_array_append_new(out, json_string(name));
		json_array_foreach (json_object_get(entry, "subArchitectures"), k, sub)
			json_array_append(out, sub);
	}
	return out;
}

static bool is_action(const json_t *action)
{
	return json_is_string(action) && strncmp(json_string_value(action), "SCMP_ACT_", strlen("SCMP_ACT_")) == 0;
}

json_t *seccomp_translate(struct str profile, const char *const *capabilities, const char *architecture, struct error *err)
{
	json_error_t problem;
	json_t *json = json_loadb(profile.data, profile.len, JSON_REJECT_DUPLICATES, &problem), *rule;
	json_t *out = NULL, *rules = json_array();
	const json_t *action = json_object_get(json, "defaultAction"), *errno_ret = json_object_get(json, "defaultErrnoRet");
	size_t i;

	if (!is_action(action) || !json_is_array(json_object_get(json, "syscalls"))) {
		error_set(err, ERROR_INVALID, "the seccomp profile " SECCOMP_PROFILE " is malformed");
		goto out;
	}
	json_array_foreach (json_object_get(json, "syscalls"), i, rule) {
		json_t *names = json_object_get(rule, "names"), *args = json_object_get(rule, "args"), *ret = json_object_get(rule, "errnoRet");

		if (!json_is_array(names) || !is_action(json_object_get(rule, "action"))) {
			error_set(err, ERROR_INVALID, "the seccomp profile " SECCOMP_PROFILE ": rule %zu is malformed", i);
			goto out;
		}
		if (!rule_applies(rule, capabilities, architecture))
			continue;
		json_t *to = json_pack("{s:O,s:O}", "names", names, "action", json_object_get(rule, "action"));
		if (json_array_size(args))
			json_object_set(to, "args", args);
		if (json_is_integer(ret))
			json_object_set(to, "errnoRet", ret);
		json_array_append_new(rules, to);
	}
	out = json_pack("{s:O,s:o,s:O}", "defaultAction", action, "architectures", architectures_of(json, architecture), "syscalls", rules);
	if (json_is_integer(errno_ret))
		json_object_set(out, "defaultErrnoRet", (json_t *)errno_ret);
out:
	json_decref(rules);
	json_decref(json);
	return out;
}
