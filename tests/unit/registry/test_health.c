/* What /readyz says while something hangs: each step of the thread, young and old. */
#include <fcntl.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "registry/watch/watch_internal.h"
#include "tests/unit/unit.h"

#define SECOND INT64_C(1000000)

static void names_what_hangs(void **state)
{
	(void)state;
	static const struct {
		enum probe_step step;
		int64_t step_us;
		bool complete, stopping;
		const char *disk, *database;
		const char *wanted[CHECKS_COUNT]; /* database, writer, storage, server: a part of the text; NULL: fine */
	} rows[] = {
		{PROBE_REST, SECOND, true, false, "", "", {NULL, NULL, NULL, NULL}},
		{PROBE_FILES, 0, false, false, "", "", {NULL, NULL, NULL, "starting"}},
		{PROBE_FILES, 60 * SECOND, false, false, "", "", {NULL, NULL, "not answered for 60 s", NULL}},
		{PROBE_DISK, 4 * SECOND, true, false, "", "", {NULL, NULL, NULL, NULL}},
		{PROBE_DISK, 6 * SECOND, true, false, "", "", {NULL, NULL, "not answered for 6 s", NULL}},
		{PROBE_DATABASE, 4 * SECOND, true, false, "", "", {NULL, NULL, NULL, NULL}},
		{PROBE_DATABASE, 7 * SECOND, true, false, "", "", {"no answer for 7 s", NULL, NULL, NULL}},
		{PROBE_CONTENT, 14 * SECOND, true, false, "", "", {NULL, NULL, NULL, NULL}},
		{PROBE_CONTENT, 16 * SECOND, true, false, "", "", {NULL, "no answer for 16 s", NULL, NULL}},
		{PROBE_REST, SECOND, true, false, "full", "broken", {"broken", NULL, "full", NULL}},
		{PROBE_DATABASE, 9 * SECOND, true, true, "full", "broken", {"no answer for 9 s", NULL, "full", "stopping"}},
	};
	cleanup_error struct error err = {0};
	char folder[] = "/tmp/naru-test-XXXXXX";
	struct watch watch = {.lock = PTHREAD_MUTEX_INITIALIZER};

	assert_non_null(mkdtemp(folder));
	cleanup_free char *where = mem_printf("sqlite:%s/x.db", folder);
	const struct db_settings settings = {.where = where};
	unit_assert(db_open(&watch.settings.db, &settings, &err), "%s", error_text(&err));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct problem problems[CHECKS_COUNT] = {0};

		watch.step = rows[i].step;
		watch.step_since_us = clock_monotonic_us() - rows[i].step_us;
		watch.stopping = rows[i].stopping;
		watch.findings = (struct findings){.complete = rows[i].complete};
		snprintf(watch.findings.disk_problem, sizeof watch.findings.disk_problem, "%s", rows[i].disk);
		snprintf(watch.findings.database_problem, sizeof watch.findings.database_problem, "%s", rows[i].database);
		health_check(&watch, problems);
		for (size_t k = 0; k < CHECKS_COUNT; k++) {
			const char *wanted = rows[i].wanted[k];

			unit_assert(wanted ? strstr(problems[k].text, wanted) != NULL : !problems[k].text[0], "row %zu, %s: \"%s\"", i,
				health_names[k], problems[k].text);
		}
	}
	db_close(watch.settings.db);
	folder_remove(AT_FDCWD, folder, NULL);
}

UNIT_MAIN(cmocka_unit_test(names_what_hangs))
