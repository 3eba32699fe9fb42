/* What a line looks like, with values that try to be more than a value; and that a reader who does not read makes nobody wait. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "tests/unit/unit.h"

/* Standard error as a pipe, for as long as a test lasts. */
struct capture {
	int read_fd, saved_fd;
};

static void capture_start(struct capture *capture)
{
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	capture->read_fd = fds[0];
	capture->saved_fd = dup(STDERR_FILENO);
	dup2(fds[1], STDERR_FILENO);
	close(fds[1]);
}

static void capture_restore(struct capture *capture)
{
	dup2(capture->saved_fd, STDERR_FILENO);
	close(capture->saved_fd);
}

/* All that was written. */
static struct buf capture_end(struct capture *capture)
{
	struct buf text = {0};
	ssize_t got;

	capture_restore(capture);
	while ((got = read(capture->read_fd, buf_room(&text, 65536), 65536)) > 0)
		buf_added(&text, (size_t)got);
	close(capture->read_fd);
	return text;
}

/* A line about value, without its time. */
static char *line_of(enum log_format format, struct str value)
{
	struct capture capture;
	const struct log_field fields[] = {{"v", value, false}, LOG_FIELDS_END};

	log_set_format(format);
	capture_start(&capture);
	log_line(LOG_LEVEL_INFO, fields, "m");
	cleanup_buf struct buf text = capture_end(&capture);
	log_set_format(LOG_FORMAT_LOGFMT);
	const char *level = strstr(text.data, "level");
	assert_non_null(level);
	return mem_printf("%s", level);
}

static void escapes(void **state)
{
	(void)state;
	static const struct {
		struct str value;
		const char *logfmt, *json; /* what stands behind the key */
	} rows[] = {
		{STR("plain/text-1.0:5"), "plain/text-1.0:5", "\"plain/text-1.0:5\""},
		{STR(""), "\"\"", "\"\""},
		{STR("two words"), "\"two words\"", "\"two words\""},
		{STR("a=b"), "\"a=b\"", "\"a=b\""},
		{STR("say \"hi\"\\"), "\"say \\\"hi\\\"\\\\\"", "\"say \\\"hi\\\"\\\\\""},
		{STR("forged\nlevel=error"), "\"forged\\x0alevel=error\"", "\"forged\\u000alevel=error\""},
		{STR("\r\t\b"), "\"\\x0d\\x09\\x08\"", "\"\\u000d\\u0009\\u0008\""},
		{STR("nul\0in"), "\"nul\\x00in\"", "\"nul\\u0000in\""},
		{STR("\x1b[2J\x7f"), "\"\\x1b[2J\\x7f\"", "\"\\u001b[2J\\u007f\""},
		{STR("\xed\x95\x9c\xea\xb8\x80"), "\"\xed\x95\x9c\xea\xb8\x80\"", "\"\xed\x95\x9c\xea\xb8\x80\""},
		{STR("\xf0\x9f\x90\xa2"), "\"\xf0\x9f\x90\xa2\"", "\"\xf0\x9f\x90\xa2\""},
		/* C1's CSI, which some terminals obey, and U+2028. */
		{STR("\xc2\x9b"
		     "31m"),
			"\"\\xc2\\x9b31m\"", "\"\\u009b31m\""},
		{STR("\xe2\x80\xa8"), "\"\\xe2\\x80\\xa8\"", "\"\\u2028\""},
		/* Not UTF-8: alone, cut, overlong, a surrogate, too high. */
		{STR("\xff"), "\"\\xff\"", "\"\\ufffd\""},
		{STR("\x80z"), "\"\\x80z\"", "\"\\ufffdz\""},
		{STR("\xe2\x82"), "\"\\xe2\\x82\"", "\"\\ufffd\\ufffd\""},
		{STR("\xc3\"x"), "\"\\xc3\\\"x\"", "\"\\ufffd\\\"x\""},
		{STR("\xc0\xaf"), "\"\\xc0\\xaf\"", "\"\\ufffd\\ufffd\""},
		{STR("\xe0\x80\x8a"), "\"\\xe0\\x80\\x8a\"", "\"\\ufffd\\ufffd\\ufffd\""},
		{STR("\xed\xa0\x80"), "\"\\xed\\xa0\\x80\"", "\"\\ufffd\\ufffd\\ufffd\""},
		{STR("\xf4\x90\x80\x80"), "\"\\xf4\\x90\\x80\\x80\"", "\"\\ufffd\\ufffd\\ufffd\\ufffd\""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_free char *logfmt = line_of(LOG_FORMAT_LOGFMT, rows[i].value), *json = line_of(LOG_FORMAT_JSON, rows[i].value);
		cleanup_free char *logfmt_wanted = mem_printf("level=info msg=m v=%s\n", rows[i].logfmt);
		cleanup_free char *json_wanted = mem_printf("level\":\"info\",\"msg\":\"m\",\"v\":%s}\n", rows[i].json);

		unit_assert(strcmp(logfmt, logfmt_wanted) == 0, "row %zu, logfmt: %s", i, logfmt);
		unit_assert(strcmp(json, json_wanted) == 0, "row %zu, JSON: %s", i, json);
	}
}

/* Each line has its own time, in order, to the microsecond. */
static void times(void **state)
{
	(void)state;
	struct capture capture;
	int64_t before_us = clock_now_us(), at_us;

	capture_start(&capture);
	for (int i = 0; i < 100; i++)
		log_info("x");
	cleanup_buf struct buf text = capture_end(&capture);
	struct str rest = buf_str(&text), line;
	int lines = 0;
	while (str_cut(rest, '\n', &line, &rest)) {
		struct str time, more;

		assert_true(str_starts(line, STR("time=")) && str_cut(str_from(line, 5), ' ', &time, &more));
		assert_int_equal(time.len, sizeof "2026-11-24T19:27:15.894671Z" - 1);
		unit_assert(clock_parse_rfc3339(time, &at_us) && at_us >= before_us, "%.*s", STR_ARG(line));
		before_us = at_us;
		lines++;
	}
	assert_int_equal(lines, 100);
	assert_true(before_us <= clock_now_us());
}

static void numbers_and_messages(void **state)
{
	(void)state;
	struct capture capture;
	const struct log_field fields[] = {{"status", STR("404"), true}, LOG_FIELDS_END};
	char long_text[2000];

	memset(long_text, 'x', sizeof long_text - 1);
	long_text[sizeof long_text - 1] = '\0';
	log_set_format(LOG_FORMAT_JSON);
	capture_start(&capture);
	log_line(LOG_LEVEL_WARNING, fields, "%s", "it's \"so\"");
	log_info("%s", long_text);
	log_debug("nobody wants this");
	log_set_format(LOG_FORMAT_LOGFMT);
	cleanup_buf struct buf text = capture_end(&capture);
	unit_assert(strstr(text.data, ",\"level\":\"warning\",\"msg\":\"it's \\\"so\\\"\",\"status\":404}\n"), "%s", text.data);
	unit_assert(strstr(text.data, long_text), "a long message was cut");
	unit_assert(!strstr(text.data, "nobody"), "%s", text.data);
}

static void *log_beside(void *argument)
{
	struct log_request *request = argument;

	log_info("beside, without");
	log_request_set(log_request_id(request));
	log_info("beside, with");
	return NULL;
}

/* A line has the id of the request that its thread works for, and of no other. */
static void requests(void **state)
{
	(void)state;
	struct capture capture;
	pthread_t thread;

	capture_start(&capture);
	log_request_set(STR("0123456789abcdef"));
	struct log_request request = log_request_get();
	log_info("here");
	assert_int_equal(pthread_create(&thread, NULL, log_beside, &request), 0);
	pthread_join(thread, NULL);
	log_request_set((struct str){0});
	log_info("over");
	cleanup_buf struct buf text = capture_end(&capture);
	unit_assert(strstr(text.data, "msg=here request=0123456789abcdef\n"), "%s", text.data);
	unit_assert(strstr(text.data, "msg=\"beside, without\"\n"), "%s", text.data);
	unit_assert(strstr(text.data, "msg=\"beside, with\" request=0123456789abcdef\n"), "%s", text.data);
	unit_assert(strstr(text.data, "msg=over\n"), "%s", text.data);
}

static void *log_many(void *argument)
{
	for (int i = 0; i < 2000; i++)
		log_info("%s line %d", (const char *)argument, i);
	return NULL;
}

static void *read_all(void *argument)
{
	struct capture *capture = argument;
	struct buf *text = mem_alloc(1, sizeof *text);
	ssize_t got;

	while ((got = read(capture->read_fd, buf_room(text, 65536), 65536)) > 0)
		buf_added(text, (size_t)got);
	return text;
}

/* Through the thread nothing is lost, and each caller's lines stay in order. */
static void writes_all(void **state)
{
	(void)state;
	struct capture capture;
	pthread_t callers[3], reader;
	static char names[][2] = {"a", "b", "c"};
	int next[3] = {0};
	void *got;

	capture_start(&capture);
	assert_int_equal(pthread_create(&reader, NULL, read_all, &capture), 0);
	assert_true(log_start(NULL));
	assert_true(log_start(NULL));
	for (size_t i = 0; i < ARRAY_SIZE(callers); i++)
		assert_int_equal(pthread_create(&callers[i], NULL, log_many, names[i]), 0);
	for (size_t i = 0; i < ARRAY_SIZE(callers); i++)
		pthread_join(callers[i], NULL);
	log_stop(10000);
	log_info("directly");
	capture_restore(&capture);
	pthread_join(reader, &got);
	close(capture.read_fd);
	struct buf *text = got;
	unit_assert(strstr(text->data, "msg=directly\n"), "nothing is written once the thread has ended");
	for (char *at = text->data; (at = strstr(at, "msg=\"")); at++) {
		cleanup_free char *wanted = mem_printf("msg=\"%c line %d\"\n", at[5], next[at[5] - 'a']++);
		unit_assert(strncmp(at, wanted, strlen(wanted)) == 0, "%.30s instead of %s", at, wanted);
	}
	for (size_t i = 0; i < ARRAY_SIZE(next); i++)
		unit_assert(next[i] == 2000, "%d lines of %s", next[i], names[i]);
	buf_free(text);
	free(text);
	assert_int_equal(log_dropped(), 0);
}

/* The last test: a reader who does not read leaves the log as it is for good. */
static void outlives_a_reader_that_does_not_read(void **state)
{
	(void)state;
	struct capture capture;
	char filler[1000];
	int64_t started_us = clock_monotonic_us();

	memset(filler, 'x', sizeof filler - 1);
	filler[sizeof filler - 1] = '\0';
	capture_start(&capture);
	assert_true(log_start(NULL));
	for (int i = 0; i < 16000; i++)
		log_info("%s", filler);
	uint64_t dropped = log_dropped();
	log_stop(50);
	log_info("nobody reads this");
	int64_t took_us = clock_monotonic_us() - started_us;
	bool holds = dropped > 6000 && dropped < 13000 && took_us < 5000000 && log_dropped() > dropped;

	/* The thread still has what it could not write; nobody wants to see it, unless the test fails. */
	int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
	dup2(holds ? nowhere : capture.saved_fd, STDERR_FILENO);
	close(nowhere);
	close(capture.read_fd);
	unit_assert(holds, "%llu of 16000 lines were dropped, then %llu; callers waited %lld us", (unsigned long long)dropped,
		(unsigned long long)log_dropped(), (long long)took_us);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escapes),
		cmocka_unit_test(times),
		cmocka_unit_test(numbers_and_messages),
		cmocka_unit_test(requests),
		cmocka_unit_test(writes_all),
		cmocka_unit_test(outlives_a_reader_that_does_not_read),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
