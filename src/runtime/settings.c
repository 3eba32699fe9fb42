#include "runtime/settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define ARGS_MAX 4096
/* Each is looked for among those before it; each volume is a mount. An image may name as many as its configuration has room for. */
#define ENV_MAX 4096
#define VOLUMES_MAX 256
#define DEFAULT_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static const char *const network_names[] = {[NETWORK_BRIDGE] = "bridge", [NETWORK_NONE] = "none", [NETWORK_HOST] = "host"};

void settings_free(struct settings *settings)
{
	text_list_free(&settings->args);
	text_list_free(&settings->env);
	text_list_free(&settings->cap_add);
	text_list_free(&settings->cap_drop);
	text_list_free(&settings->labels);
	port_specs_free(&settings->ports);
	port_specs_free(&settings->exposed);
	volumes_free(&settings->volumes);
	free(settings->working_dir);
	free(settings->user);
	free(settings->hostname);
	free(settings->stop_signal);
	*settings = (struct settings){0};
}

static bool network_parse(struct str text, enum network_mode *out, struct error *err)
{
	if (str_equal(text, STR("default")))
		text = STR("bridge");
	for (size_t i = 0; i < ARRAY_SIZE(network_names); i++) {
		if (str_equal(text, str_of(network_names[i]))) {
			*out = (enum network_mode)i;
			return true;
		}
	}
	return error_set(err, ERROR_NOT_FOUND, "network %.*s not found", STR_ARG(text));
}

/* As docker: an entrypoint of the user's takes the image's command away. */
static bool join_args(struct settings *out, const struct settings_request *request, const struct image_config *image, struct error *err)
{
	bool has_command = request->command && request->command[0];

	if (request->entrypoint) {
		if (request->entrypoint[0])
			text_list_add(&out->args, str_of(request->entrypoint));
	} else {
		text_list_add_all(&out->args, (const char *const *)image->entrypoint);
	}
	if (has_command)
		text_list_add_all(&out->args, request->command);
	else if (!request->entrypoint)
		text_list_add_all(&out->args, (const char *const *)image->cmd);
	if (out->args.count == 0 || (out->args.count == 1 && out->args.items[0][0] == '\0'))
		return error_set(err, ERROR_INVALID, "no command specified");
	if (out->args.count > ARGS_MAX)
		return error_set(err, ERROR_TOO_LARGE, "more than %d arguments", ARGS_MAX);
	return true;
}

static bool join_env(struct settings *out, const struct settings_request *request, const struct image_config *image, struct error *err)
{
	text_list_add(&out->env, STR(DEFAULT_PATH));
	for (size_t i = 0; image->env[i]; i++) {
		if (i == ENV_MAX)
			return error_set(err, ERROR_TOO_LARGE, "the image has more than %d environment variables", ENV_MAX);
		if (strchr(image->env[i], '=') && image->env[i][0] != '=')
			text_list_set(&out->env, str_of(image->env[i]));
	}
	for (const char *const *env = request->env; env && *env; env++) {
		const char *value = getenv(*env);

		if ((*env)[0] == '=' || (*env)[0] == '\0')
			return error_set(err, ERROR_INVALID, "invalid environment variable: %s", *env);
		if (strchr(*env, '=')) {
			text_list_set(&out->env, str_of(*env));
		} else if (value) {
			cleanup_free char *assignment = mem_printf("%s=%s", *env, value);
			text_list_set(&out->env, str_of(assignment));
		}
	}
	return true;
}

static bool is_published(const struct port_specs *ports, const struct port_spec *port)
{
	for (size_t i = 0; i < ports->count; i++)
		if (ports->items[i].container_port == port->container_port && ports->items[i].protocol == port->protocol)
			return true;
	return false;
}

static bool join_ports(struct settings *out, const struct settings_request *request, const struct image_config *image, struct error *err)
{
	for (const char *const *port = request->ports; port && *port; port++)
		if (!port_specs_add(&out->ports, str_of(*port), err))
			return false;
	for (size_t i = 0; image->exposed_ports[i]; i++) {
		struct port_spec port = {0};

		/* A malformed one only loses its line in `ps`. */
		if (!port_parse_exposed(str_of(image->exposed_ports[i]), &port.container_port, &port.protocol) || is_published(&out->ports, &port))
			continue;
		struct port_specs *to = request->publish_all ? &out->ports : &out->exposed;
		to->items = mem_grow(to->items, to->count, &to->capacity, sizeof *to->items);
		to->items[to->count++] = port;
	}
	return true;
}

static bool join_volumes(struct settings *out, const struct settings_request *request, const struct image_config *image, struct error *err)
{
	for (const char *const *volume = request->volumes; volume && *volume; volume++)
		if (!volumes_add(&out->volumes, str_of(*volume), err))
			return false;
	for (size_t i = 0; image->volumes[i]; i++) {
		if (i == VOLUMES_MAX)
			return error_set(err, ERROR_TOO_LARGE, "the image has more than %d volumes", VOLUMES_MAX);
		if (!volumes_add_own(&out->volumes, str_of(image->volumes[i]), err))
			return false;
	}
	return true;
}

static bool add_capabilities(struct text_list *list, const char *const *names, const char *flag, struct error *err)
{
	for (; names && *names; names++) {
		const char *name = capability_find(str_of(*names));

		if (!name)
			return error_set(err, ERROR_INVALID, "invalid %s: unknown capability: \"CAP_%s\"", flag, *names);
		text_list_add(list, str_of(name));
	}
	return true;
}

static bool check_hostname(const char *name, struct error *err)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < len; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_", name[i]))
			return error_set(err, ERROR_INVALID, "invalid hostname: %s", name);
	return len <= 63 || error_set(err, ERROR_INVALID, "invalid hostname: %s: over 63 characters", name);
}

static const char *either(const char *text, const char *otherwise)
{
	return text && *text ? text : otherwise;
}

bool settings_make(struct settings *out, const struct settings_request *request, const struct image_config *image, struct error *err)
{
	*out = (struct settings){
		.user = str_dup(str_of(either(request->user, image->user))),
		.hostname = str_dup(str_of(request->hostname)),
		.stop_signal = str_dup(str_of(image->stop_signal)),
		.working_dir = path_clean(str_of(either(request->working_dir, either(image->working_dir, "/")))),
		.terminal = request->terminal,
		.stdin_open = request->stdin_open,
		.remove = request->remove,
		.read_only = request->read_only,
		.privileged = request->privileged,
	};
	for (const char *const *label = request->labels; label && *label; label++)
		text_list_add(&out->labels, str_of(*label));
	if (!out->working_dir)
		return error_set(err, ERROR_INVALID, "the working directory '%s' is invalid, it needs to be an absolute path",
			either(request->working_dir, image->working_dir));
	return network_parse(str_of(either(request->network, "bridge")), &out->network, err) && check_hostname(out->hostname, err) &&
	       join_args(out, request, image, err) && join_env(out, request, image, err) && join_ports(out, request, image, err) &&
	       join_volumes(out, request, image, err) && add_capabilities(&out->cap_add, request->cap_add, "CapAdd", err) &&
	       add_capabilities(&out->cap_drop, request->cap_drop, "CapDrop", err) &&
	       log_options_parse(request->log_options, &out->log_max_bytes, err);
}

/* ---- as JSON ---- */

static json_t *texts_to_json(const struct text_list *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++)
		json_array_append_new(array, json_stringn_nocheck(list->items[i], strlen(list->items[i])));
	return array;
}

static json_t *ports_to_json(const struct port_specs *ports)
{
	json_t *array = json_array();

	for (size_t i = 0; i < ports->count; i++) {
		const struct port_spec *port = &ports->items[i];
		json_array_append_new(array, json_pack("{s:s,s:i,s:i,s:i,s:i}", "address", port->host_address, "first", port->host_first, "last",
						     port->host_last, "port", port->container_port, "protocol", port->protocol));
	}
	return array;
}

static json_t *volumes_to_json(const struct volumes *volumes)
{
	json_t *array = json_array();

	for (size_t i = 0; i < volumes->count; i++) {
		const struct volume *volume = &volumes->items[i];
		json_array_append_new(array, json_pack("{s:s?,s:s,s:b,s:s}", "source", volume->source, "destination", volume->destination,
						     "read_only", volume->read_only, "propagation", volume->propagation));
	}
	return array;
}

char *settings_format(const struct settings *settings)
{
	json_t *json = json_pack("{s:o,s:o,s:s,s:s,s:s,s:s,s:i,s:o,s:o,s:o,s:o,s:o,s:o,s:b,s:b,s:b,s:b,s:b,s:I}", "args",
		texts_to_json(&settings->args), "env", texts_to_json(&settings->env), "working_dir", settings->working_dir, "user", settings->user,
		"hostname", settings->hostname, "stop_signal", settings->stop_signal, "network", settings->network, "ports",
		ports_to_json(&settings->ports), "exposed", ports_to_json(&settings->exposed), "volumes", volumes_to_json(&settings->volumes),
		"cap_add", texts_to_json(&settings->cap_add), "cap_drop", texts_to_json(&settings->cap_drop), "labels",
		texts_to_json(&settings->labels), "terminal", settings->terminal, "stdin_open", settings->stdin_open, "remove", settings->remove,
		"read_only", settings->read_only, "privileged", settings->privileged, "log_max_bytes", (json_int_t)settings->log_max_bytes);
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

	json_decref(json);
	return text;
}

static void texts_from_json(struct text_list *list, const json_t *array)
{
	size_t i;
	json_t *item;

	json_array_foreach (array, i, item)
		text_list_add(list, str_make(json_string_value(item), json_string_length(item)));
}

static bool ports_from_json(struct port_specs *ports, const json_t *array)
{
	size_t i;
	json_t *item;

	json_array_foreach (array, i, item) {
		struct port_spec port = {0};
		const char *address;
		int first, last, number, protocol;

		if (json_unpack(item, "{s:s,s:i,s:i,s:i,s:i}", "address", &address, "first", &first, "last", &last, "port", &number, "protocol",
			    &protocol) < 0 ||
			strlen(address) >= sizeof port.host_address || protocol < 0 || protocol > PORT_SCTP)
			return false;
		memcpy(port.host_address, address, strlen(address) + 1);
		port.host_first = (uint16_t)first;
		port.host_last = (uint16_t)last;
		port.container_port = (uint16_t)number;
		port.protocol = (enum port_protocol)protocol;
		ports->items = mem_grow(ports->items, ports->count, &ports->capacity, sizeof *ports->items);
		ports->items[ports->count++] = port;
	}
	return true;
}

static bool volumes_from_json(struct volumes *volumes, const json_t *array)
{
	size_t i;
	json_t *item;

	json_array_foreach (array, i, item) {
		const char *source = json_string_value(json_object_get(item, "source")), *destination, *propagation;
		int read_only;

		if (json_unpack(item, "{s:s,s:b,s:s}", "destination", &destination, "read_only", &read_only, "propagation", &propagation) < 0)
			return false;
		/* By way of the text that it came from, so that propagation is one of ours again. */
		cleanup_free char *text =
			mem_printf("%s%s%s:%s%s", source ? source : "", source ? ":" : "", destination, read_only ? "ro," : "", propagation);
		if (source && !volumes_add(volumes, str_of(text), NULL))
			return false;
		if (!source && !volumes_add_own(volumes, str_of(destination), NULL))
			return false;
	}
	return true;
}

bool settings_parse(struct settings *out, struct str text, struct error *err)
{
	json_t *json = json_loadb(text.data, text.len, 0, NULL), *args, *env, *ports, *exposed, *volumes, *cap_add, *cap_drop, *labels;
	const char *working_dir, *user, *hostname, *stop_signal;
	int network, terminal, stdin_open, remove, read_only, privileged;
	json_int_t log_max_bytes = 0;

	*out = (struct settings){0};
	bool good = json && json_unpack(json, "{s:o,s:o,s:s,s:s,s:s,s:s,s:i,s:o,s:o,s:o,s:o,s:o,s:o,s:b,s:b,s:b,s:b,s:b,s?I}", "args", &args, "env",
				    &env, "working_dir", &working_dir, "user", &user, "hostname", &hostname, "stop_signal", &stop_signal, "network",
				    &network, "ports", &ports, "exposed", &exposed, "volumes", &volumes, "cap_add", &cap_add, "cap_drop", &cap_drop,
				    "labels", &labels, "terminal", &terminal, "stdin_open", &stdin_open, "remove", &remove, "read_only", &read_only,
				    "privileged", &privileged, "log_max_bytes", &log_max_bytes) == 0;
	if (good && network >= 0 && network < (int)ARRAY_SIZE(network_names)) {
		texts_from_json(&out->args, args);
		texts_from_json(&out->env, env);
		texts_from_json(&out->cap_add, cap_add);
		texts_from_json(&out->cap_drop, cap_drop);
		texts_from_json(&out->labels, labels);
		out->working_dir = str_dup(str_of(working_dir));
		out->user = str_dup(str_of(user));
		out->hostname = str_dup(str_of(hostname));
		out->stop_signal = str_dup(str_of(stop_signal));
		out->network = (enum network_mode)network;
		out->terminal = terminal;
		out->stdin_open = stdin_open;
		out->remove = remove;
		out->read_only = read_only;
		out->privileged = privileged;
		out->log_max_bytes = log_max_bytes;
		good = ports_from_json(&out->ports, ports) && ports_from_json(&out->exposed, exposed) && volumes_from_json(&out->volumes, volumes);
	} else {
		good = false;
	}
	json_decref(json);
	return good || error_set(err, ERROR_CORRUPT, "the container's row is malformed");
}
