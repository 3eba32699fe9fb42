/* naru ps, naru container ls */
#include "cli/commands.h"
#include "cli/containers.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/container_filter.h"
#include "cli/container_ports.h"
#include "cli/format.h"
#include "cli/list.h"

#define COMMAND_WIDTH 20

static const struct list_column columns[] = {
	{"ID", "CONTAINER ID"},
	{"Image", "IMAGE"},
	{"Command", "COMMAND"},
	{"RunningFor", "CREATED"},
	{"CreatedAt", "CREATED AT"},
	{"Status", "STATUS"},
	{"State", "STATE"},
	{"Ports", "PORTS"},
	{"Names", "NAMES"},
	{"Labels", "LABELS"},
	{"Mounts", "MOUNTS"},
	{"Networks", "NETWORKS"},
	{"LocalVolumes", "LOCAL VOLUMES"},
};

static const struct list_format list_format = {
	.type_name = "*formatter.ContainerContext",
	.columns = columns,
	.columns_count = ARRAY_SIZE(columns),
	.table = "table {{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}",
	.quiet = "{{.ID}}",
};

static void set_buf(json_t *row, const char *key, struct buf *text)
{
	json_object_set_new(row, key, json_stringn_nocheck(text->data ? text->data : "", text->len));
	buf_clear(text);
}

/* "Up 3 seconds", "Exited (0) 2 minutes ago", "Created". */
static void format_status(struct buf *out, const struct container *container, int64_t now_us)
{
	if (container->status == CONTAINER_CREATED) {
		buf_add_text(out, "Created");
	} else if (container->status == CONTAINER_RUNNING) {
		buf_add_text(out, "Up ");
		format_span(out, now_us - container->started_at_us);
	} else {
		buf_printf(out, "Exited (%d)", container->exit_code);
		if (container->finished_at_us) {
			buf_add_char(out, ' ');
			format_age(out, container->finished_at_us, now_us);
		}
	}
}

/* In quotes, cut inside them as docker does. */
static void format_command(struct buf *out, const struct container *container, bool whole)
{
	cleanup_buf struct buf joined = {0};

	for (size_t i = 0; i < container->settings.args.count; i++)
		buf_printf(&joined, "%s%s", i ? " " : "", container->settings.args.items[i]);
	/* A line break in it would break the table. */
	for (size_t i = 0; i < joined.len; i++)
		if ((unsigned char)joined.data[i] < ' ')
			joined.data[i] = ' ';
	buf_add_char(out, '"');
	if (whole)
		buf_add_str(out, buf_str(&joined));
	else
		format_cut(out, buf_str(&joined), COMMAND_WIDTH);
	buf_add_char(out, '"');
}

/* What the user wrote, or the ID once that name means something else or nothing. */
static void format_image(struct buf *out, struct cli *cli, const struct container *container, bool whole)
{
	cleanup_local_image struct local_image image = {0};
	char id[DIGEST_TEXT_MAX];
	struct local *local = cli_local(cli, NULL);

	if (local && local_image_find(local, container->image_name, cli_default_domain(cli), &image, NULL) &&
		digest_equal(&image.id, &container->image)) {
		buf_add_text(out, container->image_name);
		return;
	}
	struct str text = str_make(id, digest_format(&container->image, id));
	buf_add_str(out, whole ? text : format_short_id(text));
}

static void format_labels(struct buf *out, const struct container *container)
{
	for (size_t i = 0; i < container->settings.labels.count; i++)
		buf_printf(out, "%s%s", i ? "," : "", container->settings.labels.items[i]);
}

static void format_mounts(struct buf *out, const struct container *container)
{
	const struct volumes *volumes = &container->settings.volumes;

	for (size_t i = 0; i < volumes->count; i++)
		if (volumes->items[i].source)
			buf_printf(out, "%s%s", out->len ? "," : "", volumes->items[i].source);
}

static json_t *row_make(struct cli *cli, struct container *container, bool whole, int64_t now_us)
{
	static const char *const networks[] = {[NETWORK_BRIDGE] = "bridge", [NETWORK_NONE] = "none", [NETWORK_HOST] = "host"};
	cleanup_buf struct buf text = {0};
	json_t *row = json_object();

	format_command(&text, container, whole);
	set_buf(row, "Command", &text);
	format_time(&text, container->created_at_us);
	set_buf(row, "CreatedAt", &text);
	json_object_set_new(row, "ID", json_stringn(container->id, whole ? CONTAINER_ID_LENGTH : CONTAINER_SHORT_ID_LENGTH));
	format_image(&text, cli, container, whole);
	set_buf(row, "Image", &text);
	format_labels(&text, container);
	set_buf(row, "Labels", &text);
	json_object_set_new(row, "LocalVolumes", json_string("0"));
	format_mounts(&text, container);
	set_buf(row, "Mounts", &text);
	json_object_set_new(row, "Names", json_string(container->name));
	json_object_set_new(row, "Networks", json_string(networks[container->settings.network]));
	if (container->status == CONTAINER_RUNNING)
		container_ports_format(&text, &container->network.ports, &container->settings.exposed);
	set_buf(row, "Ports", &text);
	format_age(&text, container->created_at_us, now_us);
	set_buf(row, "RunningFor", &text);
	json_object_set_new(row, "State", json_string(container_status_name(container->status)));
	format_status(&text, container, now_us);
	set_buf(row, "Status", &text);
	return row;
}

static int run(struct cli *cli, const struct cli_args *args)
{
	cleanup_error struct error err = {0};
	struct runtime *runtime cleanup_runtime = cli_runtime(cli, &err);
	struct container *containers = NULL;
	size_t count = 0, filters_count;
	const char *const *filters = cli_flag_list(args, "filter", &filters_count);
	int64_t last = cli_flag_bool(args, "latest") ? 1 : cli_flag_int(args, "last", -1), now_us = clock_now_us();
	bool all = cli_flag_bool(args, "all") || last >= 0 || container_filters_want_all(filters, filters_count);

	if (!runtime || !container_filters_check(filters, filters_count, &err))
		return cli_fail(cli, &err);
	containers_sweep(runtime);
	if (!containers_list(runtime, &containers, &count, &err))
		return cli_fail(cli, &err);
	json_t *rows = json_array();
	for (size_t i = 0; i < count && (last < 0 || json_array_size(rows) < (size_t)last); i++)
		if ((all || containers[i].status == CONTAINER_RUNNING) && container_filters_match(filters, filters_count, &containers[i]))
			json_array_append_new(rows, row_make(cli, &containers[i], cli_flag_bool(args, "no-trunc"), now_us));
	int code = list_print(cli, &list_format, cli_flag_text(args, "format"), cli_flag_bool(args, "quiet"), rows, &err) ? CLI_EXIT_OK
															  : cli_fail_plain(cli, &err);
	json_decref(rows);
	containers_free(containers, count);
	return code;
}

static const struct cli_flag flags[] = {
	{"all", 'a', CLI_FLAG_BOOL, "Show all containers (default shows just running)", NULL, NULL},
	{"filter", 'f', CLI_FLAG_LIST, "Filter output based on conditions provided", "filter", NULL},
	{"format", 0, CLI_FLAG_STRING, CLI_FORMAT_LIST_HELP, NULL, NULL},
	{"last", 'n', CLI_FLAG_INT, "Show n last created containers (includes all states) (default -1)", NULL, NULL},
	{"latest", 'l', CLI_FLAG_BOOL, "Show the latest created container (includes all states)", NULL, NULL},
	{"no-trunc", 0, CLI_FLAG_BOOL, "Don't truncate output", NULL, NULL},
	{"quiet", 'q', CLI_FLAG_BOOL, "Only display container IDs", NULL, NULL},
};

const struct cli_command command_ps = {
	.names = {"container ls", "container list", "container ps", "ps"},
	.usage = "[OPTIONS]",
	.summary = "List containers",
	.flags = flags,
	.flags_count = ARRAY_SIZE(flags),
	.args_max = 0,
	.run = run,
};
