/*
 * A container's output as conmon keeps it, CRI's log format: one line each of
 *   2026-11-24T19:27:15.894671780+00:00 stdout F text
 * where P instead of F marks a part of a line that goes on.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "runtime/runtime_internal.h"

#define CHUNK (64 * 1024)
/* conmon splits longer lines itself; a longer one is no line of its. */
#define LINE_MAX_LENGTH (1024 * 1024)

struct reading {
	const struct container_logs *logs;
	int fd;
	int64_t offset;
	struct buf rest; /* begins in the middle of nothing: whole lines are taken away */
	bool in_line[2]; /* the last part of that stream's line is still to come */
};

static bool write_entry(struct reading *reading, struct str line, struct error *err)
{
	struct str time, stream, tag, text, rest;
	int64_t at_us = 0;

	if (!str_cut(line, ' ', &time, &rest) || !str_cut(rest, ' ', &stream, &rest))
		return true;
	if (!str_cut(rest, ' ', &tag, &text)) {
		tag = rest;
		text = (struct str){0};
	}
	size_t which = str_equal(stream, STR("stderr"));
	if (reading->logs->since_us && clock_parse_rfc3339(time, &at_us) && at_us < reading->logs->since_us)
		return true;
	cleanup_buf struct buf out = {0};
	if (reading->logs->timestamps && !reading->in_line[which]) {
		/* docker writes UTC as Z. */
		bool utc = str_ends(time, STR("+00:00"));
		buf_add_str(&out, utc ? str_head(time, time.len - 6) : time);
		buf_add_text(&out, utc ? "Z " : " ");
	}
	buf_add_str(&out, text);
	reading->in_line[which] = str_equal(tag, STR("P"));
	if (!reading->in_line[which])
		buf_add_char(&out, '\n');
	return output_write(which ? reading->logs->err : reading->logs->out, which, out.data, out.len, err);
}

/* All that the file has by now. */
static bool read_on(struct reading *reading, struct error *err)
{
	for (;;) {
		size_t got;
		struct str line, rest;

		if (!file_read_at(reading->fd, buf_room(&reading->rest, CHUNK), CHUNK, reading->offset, &got, err))
			return false;
		buf_added(&reading->rest, got);
		reading->offset += (int64_t)got;
		rest = buf_str(&reading->rest);
		while (str_cut(rest, '\n', &line, &rest))
			if (!write_entry(reading, line, err))
				return false;
		buf_drop(&reading->rest, reading->rest.len - rest.len);
		if (reading->rest.len > LINE_MAX_LENGTH)
			buf_clear(&reading->rest);
		if (got < CHUNK)
			return true;
	}
}

/* Does the entry whose line begins here end a line of output? */
static bool ends_line(const char *data, size_t len)
{
	struct str time, stream, tag, rest = str_make(data, len);

	if (!str_cut(rest, ' ', &time, &rest) || !str_cut(rest, ' ', &stream, &rest))
		return false;
	if (!str_cut(rest, ' ', &tag, &rest))
		tag = rest;
	return str_equal(tag, STR("F"));
}

/* Where the last count lines of output begin, looking from the end. */
static bool find_tail(int fd, int64_t count, int64_t *offset, struct error *err)
{
	int64_t size, at, lines = 0;
	cleanup_buf struct buf window = {0};

	if (!file_size(fd, &size, err))
		return false;
	*offset = size;
	if (count == 0)
		return true;
	/* Backwards, a window at a time; a window begins with what was left of the one behind it. */
	for (at = size; at > 0;) {
		size_t step = at < CHUNK ? (size_t)at : CHUNK, got;
		cleanup_buf struct buf part = {0};

		at -= (int64_t)step;
		if (!file_read_at(fd, buf_room(&part, step), step, at, &got, err))
			return false;
		buf_added(&part, got);
		buf_add_str(&part, buf_str(&window));
		size_t end = part.len;
		for (size_t i = part.len; i-- > 0;) {
			bool begins = i == 0 ? at == 0 : part.data[i - 1] == '\n';
			if (!begins || i == part.len)
				continue;
			size_t len = end - i;
			const char *newline = memchr(part.data + i, '\n', len);
			if (ends_line(part.data + i, newline ? (size_t)(newline - (part.data + i)) : len) && lines++ == count)
				return true;
			*offset = at + (int64_t)i;
			end = i;
		}
		buf_clear(&window);
		if (end <= LINE_MAX_LENGTH)
			buf_add(&window, part.data, end);
	}
	return true;
}

/* At its limit conmon puts an empty file in the log's place: goes on with that one, from its beginning. */
static bool follow_rotation(struct reading *reading, int folder, int watch, const char *path, struct error *err)
{
	struct stat ours, there;

	if (fstat(reading->fd, &ours) < 0 || fstatat(folder, "log", &there, AT_SYMLINK_NOFOLLOW) < 0 || ours.st_ino == there.st_ino)
		return true;
	/* What was written between our last look and the change. */
	if (!read_on(reading, err))
		return false;
	int fd = file_open(folder, "log", O_RDONLY, 0, err);
	if (fd < 0)
		return false;
	file_cleanup(&reading->fd);
	reading->fd = fd;
	reading->offset = 0;
	buf_clear(&reading->rest);
	return inotify_add_watch(watch, path, IN_MODIFY | IN_CLOSE_WRITE) >= 0 || error_set_errno(err, errno, "watch the log");
}

static bool follow(struct reading *reading, int folder, const char *path, struct error *err)
{
	cleanup_fd int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	char events[4096];

	if (watch < 0 || inotify_add_watch(watch, path, IN_MODIFY | IN_CLOSE_WRITE) < 0)
		return error_set_errno(err, errno, "watch the log");
	for (;;) {
		/* Asked before reading: what was written until conmon let go is read afterwards. */
		bool alive = container_alive(folder);

		if (!follow_rotation(reading, folder, watch, path, err) || !read_on(reading, err))
			return false;
		if (!alive)
			return true;
		struct pollfd fds[] = {{watch, POLLIN, 0}, {reading->logs->out, 0, 0}};
		if (poll(fds, ARRAY_SIZE(fds), 100) < 0 && errno != EINTR)
			return error_set_errno(err, errno, "wait for the log");
		if (fds[1].revents & (POLLERR | POLLNVAL))
			return true;
		while (read(watch, events, sizeof events) > 0)
			;
	}
}

bool container_logs(struct runtime *runtime, const struct container *container, const struct container_logs *logs, struct error *err)
{
	struct error problem = {0};
	cleanup_fd int folder = container_folder_open(runtime, container->id, err);
	int fd = folder < 0 ? -1 : file_open(folder, "log", O_RDONLY, 0, &problem);
	cleanup_free char *path = container_folder_path(runtime, container->id);
	cleanup_free char *log_path = mem_printf("%s/log", path);

	if (folder < 0)
		return false;
	/* Never started: it said nothing. */
	if (fd < 0 && problem.kind == ERROR_NOT_FOUND) {
		error_clear(&problem);
		return true;
	}
	if (fd < 0)
		return error_move(err, &problem);
	struct reading reading = {.logs = logs, .fd = fd};
	bool done = (logs->tail < 0 || find_tail(fd, logs->tail, &reading.offset, err)) &&
		    (logs->follow ? follow(&reading, folder, log_path, err) : read_on(&reading, err));
	/* The last line has no end when the program's had none. */
	if (done && reading.rest.len)
		done = write_entry(&reading, buf_str(&reading.rest), err);
	buf_free(&reading.rest);
	file_cleanup(&reading.fd);
	return done;
}
