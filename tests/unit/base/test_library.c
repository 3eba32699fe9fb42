/* Libraries that are loaded when they are needed: what is not there is an error with its name, also at the second try. */
#include "base/library.h"

#include "tests/unit/unit.h"

struct table {
	double (*cosine)(double angle);
};

static void test_load(void **state)
{
	static const struct library_symbol good[] = {{"cos", offsetof(struct table, cosine)}}, bad[] = {{"no_such_function", 0}};
	static const struct {
		const char *soname;
		const struct library_symbol *symbol;
		const char *words; /* of the error; NULL: it loads */
	} rows[] = {
		{"libm.so.6", good, NULL},
		{"libm.so.6", bad, "no_such_function"},
		{"libnaru-has-none.so.1", good, "libnaru-has-none.so.1"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct table table = {NULL};
		struct library library = {rows[i].soname, "some-package", rows[i].symbol, 1, &table, PTHREAD_MUTEX_INITIALIZER, false};

		for (int again = 0; again < 2; again++) {
			cleanup_error struct error err = {0};

			bool loaded = library_load(&library, &err);
			unit_assert(loaded == (rows[i].words == NULL), "row %zu", i);
			if (loaded)
				unit_assert(table.cosine(0) == 1, "row %zu", i);
			else
				unit_assert(
					err.kind == ERROR_NOT_FOUND && strstr(error_text(&err), rows[i].words), "row %zu: %s", i, error_text(&err));
		}
	}
}

UNIT_MAIN(cmocka_unit_test(test_load))
