/* /healthz and /readyz. Neither waits for anything: see watch.h. */
#include <stdio.h>

#include "base/buf.h"
#include "base/json_string.h"
#include "registry/watch/watch_internal.h"

#define STEP_MAX_US (5 * INT64_C(1000000))
/* A commit takes milliseconds; a checkpoint of a large log on a slow disk takes seconds. */
#define WRITER_MAX_US (15 * INT64_C(1000000))

const char *const health_names[CHECKS_COUNT] = {"database", "writer", "storage", "server"};

static void late(struct problem *problem, const char *what, int64_t us)
{
	snprintf(problem->text, sizeof problem->text, "%s for %lld s", what, (long long)(us / 1000000));
}

static void say(struct problem *problem, const char *text)
{
	snprintf(problem->text, sizeof problem->text, "%s", text);
}

void health_check(struct watch *watch, struct problem problems[static CHECKS_COUNT])
{
	enum probe_step step;
	int64_t step_us;
	struct findings found = watch_findings(watch, &step, &step_us);
	struct db_counters db;

	db_counters(watch->settings.db, &db);
	if (!found.complete && step_us <= STEP_MAX_US)
		say(&problems[CHECK_SERVER], "starting");
	if (atomic_load(&watch->stopping))
		say(&problems[CHECK_SERVER], "stopping");

	say(&problems[CHECK_DATABASE], found.database_problem);
	if (step == PROBE_DATABASE && step_us > STEP_MAX_US)
		late(&problems[CHECK_DATABASE], "a read has had no answer", step_us);
	if (db.busy_us > WRITER_MAX_US)
		late(&problems[CHECK_WRITER], "one commit has been on its way", db.busy_us);
	else if (step == PROBE_CONTENT && step_us > WRITER_MAX_US)
		late(&problems[CHECK_WRITER], "a change has had no answer", step_us);
	say(&problems[CHECK_STORAGE], found.disk_problem);
	if ((step == PROBE_DISK || step == PROBE_FILES) && step_us > STEP_MAX_US)
		late(&problems[CHECK_STORAGE], "the file system has not answered", step_us);
}

/* {"ready":false,"checks":{"database":"ok","writer":"ok","storage":"12 MiB are free, and 64 are wanted at least","server":"ok"}} */
void watch_readyz(struct request *request)
{
	struct problem problems[CHECKS_COUNT] = {0};
	cleanup_buf struct buf body = {0};
	bool ready = true;

	health_check(request_watch(request), problems);
	for (size_t i = 0; i < CHECKS_COUNT; i++)
		ready = ready && !problems[i].text[0];
	buf_printf(&body, "{\"ready\":%s,\"checks\":{", ready ? "true" : "false");
	for (size_t i = 0; i < CHECKS_COUNT; i++) {
		buf_printf(&body, "%s\"%s\":", i ? "," : "", health_names[i]);
		json_string_add(&body, problems[i].text[0] ? str_of(problems[i].text) : STR("ok"));
	}
	buf_add_text(&body, "}}\n");
	request_answer_header(request, "Content-Type", "application/json");
	request_answer_header(request, "Cache-Control", "no-store");
	request_answer(request, ready ? 200 : 503, buf_str(&body));
}

void watch_healthz(struct request *request)
{
	request_answer_header(request, "Content-Type", "text/plain; charset=utf-8");
	request_answer_header(request, "Cache-Control", "no-store");
	request_answer(request, 200, STR("ok\n"));
}
