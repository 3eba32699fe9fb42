#include "cli/progress.h"

#include <string.h>
#include <sys/ioctl.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/format.h"

#define REDRAW_US 100000
#define BAR_CELLS 50
/* docker's: a bar fits from here on. */
#define BAR_COLUMNS 110

struct line {
	char id[16];
	enum local_layer_state state;
	int64_t done_bytes, total_bytes;
	int64_t since_us; /* when it began to move */
	unsigned int seconds;
	char *text; /* owned, or NULL */
	bool known;
};

struct progress {
	struct cli *cli;
	FILE *stream;
	enum progress_kind kind;
	bool quiet, terminal, begun;
	struct line *lines; /* one a layer, lowest first */
	size_t lines_count, drawn;
	int64_t begun_us, drawn_us;
	struct local_watch watch;
};

static bool moving(enum local_layer_state state)
{
	return state == LOCAL_LAYER_DOWNLOADING || state == LOCAL_LAYER_EXTRACTING || state == LOCAL_LAYER_PUSHING;
}

static void state_words(const struct progress *progress, const struct line *line, struct buf *out)
{
	static const char *const words[] = {
		[LOCAL_LAYER_PULLING] = "Pulling fs layer",
		[LOCAL_LAYER_WAITING] = "Waiting",
		[LOCAL_LAYER_EXISTS] = "Already exists",
		[LOCAL_LAYER_DOWNLOADING] = "Downloading",
		[LOCAL_LAYER_VERIFYING] = "Verifying Checksum",
		[LOCAL_LAYER_DOWNLOADED] = "Download complete",
		[LOCAL_LAYER_EXTRACTING] = "Extracting",
		[LOCAL_LAYER_PULLED] = "Pull complete",
		[LOCAL_LAYER_PREPARING] = "Preparing",
		[LOCAL_LAYER_PUSHING] = "Pushing",
		[LOCAL_LAYER_PUSHED] = "Pushed",
	};

	if (line->state == LOCAL_LAYER_RETRYING)
		buf_printf(out, "Retrying in %u second%s", line->seconds, line->seconds == 1 ? "" : "s");
	else if (line->state == LOCAL_LAYER_MOUNTED)
		buf_printf(out, "Mounted from %s", line->text ? line->text : "");
	else if (line->state == LOCAL_LAYER_EXISTS && progress->kind == PROGRESS_PUSH)
		buf_add_text(out, "Layer already exists");
	else
		buf_add_text(out, words[line->state]);
}

/* ---- on a terminal ---- */

static void bar_add(struct buf *out, int64_t done, int64_t total)
{
	int full = total > 0 ? (int)(done * BAR_CELLS / total) : 0;

	buf_add_char(out, '[');
	for (int i = 0; i < full && i < BAR_CELLS; i++)
		buf_add_char(out, '=');
	if (full < BAR_CELLS) {
		buf_add_char(out, '>');
		for (int i = full; i < BAR_CELLS; i++)
			buf_add_char(out, ' ');
	}
	buf_add_text(out, "]  ");
}

static void time_left_add(struct buf *out, int64_t done, int64_t total, int64_t elapsed_us)
{
	int64_t left = done > 0 && total > done ? (int64_t)((double)elapsed_us / (double)done * (double)(total - done) / 1e6) : 0;

	if (done <= 0 || total <= done)
		return;
	if (left >= 3600)
		buf_printf(out, "  %lldh%02lldm%02llds", (long long)left / 3600, (long long)left / 60 % 60, (long long)left % 60);
	else if (left >= 60)
		buf_printf(out, "  %lldm%02llds", (long long)left / 60, (long long)left % 60);
	else
		buf_printf(out, "  %llds", (long long)left);
}

static void amount_add(struct buf *out, int64_t done, int64_t total)
{
	cleanup_buf struct buf text = {0};

	format_size(&text, done, 4);
	buf_printf(out, "%8s", text.data);
	if (total > 0) {
		buf_add_char(out, '/');
		format_size(out, total, 4);
	}
}

static void layer_line(const struct progress *progress, const struct line *line, unsigned int columns, int64_t now, struct buf *out)
{
	buf_printf(out, "%s: ", line->id);
	state_words(progress, line, out);
	if (!moving(line->state) || line->total_bytes <= 0)
		return;
	buf_add_char(out, ' ');
	if (columns > BAR_COLUMNS)
		bar_add(out, line->done_bytes, line->total_bytes);
	amount_add(out, line->done_bytes, line->total_bytes);
	if (columns > 50)
		time_left_add(out, line->done_bytes, line->total_bytes, now - line->since_us);
}

static void total_line(const struct progress *progress, int64_t now, struct buf *out)
{
	int64_t done = 0, total = 0, elapsed = now - progress->begun_us;

	for (size_t i = 0; i < progress->lines_count; i++) {
		done += progress->lines[i].done_bytes;
		total += progress->lines[i].total_bytes;
	}
	buf_add_text(out, "Total: ");
	amount_add(out, done, total);
	if (elapsed > 0 && done > 0) {
		buf_add_text(out, "  ");
		format_size(out, (int64_t)((double)done * 1e6 / (double)elapsed), 3);
		buf_add_text(out, "/s");
	}
	time_left_add(out, done, total, elapsed);
}

static void line_write(const struct progress *progress, struct str line, unsigned int columns)
{
	/* A line that wraps would break the counting of lines. */
	fprintf(progress->stream, "\033[2K%.*s\n", STR_ARG(str_head(line, columns > 1 ? columns - 1 : 1)));
}

/* Rows of the terminal that layers may take: all but the total's and the cursor's. */
static size_t rows_for_layers(const struct progress *progress)
{
	struct winsize size = {0};

	if (ioctl(fileno(progress->stream), TIOCGWINSZ, &size) < 0 || size.ws_row < 4)
		return 20;
	return size.ws_row - 2U;
}

/* Where there are more layers than rows, those that are through make way. */
static bool line_shown(const struct progress *progress, size_t index, size_t *hide)
{
	enum local_layer_state state = progress->lines[index].state;
	bool through = state == LOCAL_LAYER_PULLED || state == LOCAL_LAYER_EXISTS || state == LOCAL_LAYER_PUSHED || state == LOCAL_LAYER_MOUNTED;

	if (*hide > 0 && (through || progress->lines_count - index <= *hide)) {
		(*hide)--;
		return false;
	}
	return true;
}

static void redraw(struct progress *progress)
{
	unsigned int columns = cli_columns(progress->cli, progress->stream);
	int64_t now = clock_monotonic_us();
	cleanup_buf struct buf text = {0};
	size_t rows = rows_for_layers(progress), drawn = 0, hide = progress->lines_count > rows ? progress->lines_count - rows : 0;

	if (progress->drawn > 0)
		fprintf(progress->stream, "\033[%zuA", progress->drawn);
	for (size_t i = 0; i < progress->lines_count; i++) {
		if (!progress->lines[i].known || !line_shown(progress, i, &hide))
			continue;
		buf_clear(&text);
		layer_line(progress, &progress->lines[i], columns, now, &text);
		line_write(progress, buf_str(&text), columns);
		drawn++;
	}
	buf_clear(&text);
	total_line(progress, now, &text);
	line_write(progress, buf_str(&text), columns);
	drawn++;
	/* Fewer lines than before: what stands below them goes. */
	if (drawn < progress->drawn)
		fputs("\033[J", progress->stream);
	fflush(progress->stream);
	progress->drawn = drawn;
	progress->drawn_us = now;
}

/* ---- what the transfer tells ---- */

static void on_begin(void *argument, const struct reference *reference, size_t layers)
{
	struct progress *progress = argument;
	char digest[DIGEST_TEXT_MAX];

	progress->begun = true;
	progress->begun_us = clock_monotonic_us();
	progress->lines = mem_alloc(layers + 1, sizeof *progress->lines);
	progress->lines_count = layers;
	if (progress->quiet || progress->kind == PROGRESS_PUSH)
		return;
	if (reference->has_digest) {
		digest_format(&reference->digest, digest);
		fprintf(progress->stream, "%s/%s@%s: Pulling from %s\n", reference->domain, reference->path, digest, reference->path);
	} else {
		fprintf(progress->stream, "%s: Pulling from %s\n", reference->tag, reference->path);
	}
	fflush(progress->stream);
}

/* Takes the event over; true when there is something new to show. */
static bool line_update(struct line *line, const struct local_event *event)
{
	bool changed = !line->known || line->state != event->state || event->state == LOCAL_LAYER_RETRYING;

	snprintf(line->id, sizeof line->id, "%s", event->id);
	if (moving(event->state) && (!line->known || line->state != event->state))
		line->since_us = clock_monotonic_us();
	line->known = true;
	line->state = event->state;
	line->seconds = event->seconds;
	if (event->state == LOCAL_LAYER_DOWNLOADED || event->state == LOCAL_LAYER_PUSHED || event->state == LOCAL_LAYER_PULLED) {
		line->done_bytes = line->total_bytes;
	} else if (event->state != LOCAL_LAYER_VERIFYING && event->state != LOCAL_LAYER_RETRYING) {
		line->done_bytes = event->done_bytes;
		line->total_bytes = event->total_bytes;
	}
	if (event->text) {
		free(line->text);
		line->text = mem_printf("%s", event->text);
	}
	return changed;
}

static void on_layer(void *argument, const struct local_event *event)
{
	struct progress *progress = argument;
	cleanup_buf struct buf words = {0};
	struct line *line;
	bool changed;

	if (event->layer >= progress->lines_count)
		return;
	line = &progress->lines[event->layer];
	changed = line_update(line, event);
	if (progress->quiet)
		return;
	if (progress->terminal) {
		if (changed || clock_monotonic_us() - progress->drawn_us >= REDRAW_US)
			redraw(progress);
	} else if (changed && !moving(event->state)) {
		state_words(progress, line, &words);
		fprintf(progress->stream, "%s: %s\n", line->id, words.data);
		fflush(progress->stream);
	}
}

struct progress *progress_new(struct cli *cli, FILE *stream, enum progress_kind kind, bool quiet)
{
	struct progress *progress = mem_alloc(1, sizeof *progress);

	progress->cli = cli;
	progress->stream = stream;
	progress->kind = kind;
	progress->quiet = quiet;
	progress->terminal = stream == cli->out ? cli->out_terminal : cli->err_terminal;
	progress->watch = (struct local_watch){.begin = on_begin, .layer = on_layer, .argument = progress};
	return progress;
}

void progress_free(struct progress *progress)
{
	if (!progress)
		return;
	if (progress->terminal && progress->drawn > 0)
		redraw(progress);
	for (size_t i = 0; i < progress->lines_count; i++)
		free(progress->lines[i].text);
	free(progress->lines);
	free(progress);
}

const struct local_watch *progress_watch(struct progress *progress)
{
	return &progress->watch;
}

bool progress_begun(const struct progress *progress)
{
	return progress->begun;
}
