/* What every unit test uses: cmocka, and assertions that say which row of a table failed. */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

/* Fails the test with a message when condition is false. */
#define unit_assert(condition, ...)                                                                                                                  \
	do {                                                                                                                                         \
		if (!(condition)) {                                                                                                                  \
			print_error("      ");                                                                                                       \
			print_error(__VA_ARGS__);                                                                                                    \
			print_error("\n");                                                                                                           \
			_assert_true(0, #condition, __FILE__, __LINE__);                                                                             \
		}                                                                                                                                    \
	} while (0)

#define unit_assert_text(actual, expected) assert_string_equal((actual), (expected))

#define UNIT_MAIN(...)                                                                                                                               \
	int main(void)                                                                                                                               \
	{                                                                                                                                            \
		const struct CMUnitTest tests[] = {__VA_ARGS__};                                                                                     \
		return cmocka_run_group_tests(tests, NULL, NULL);                                                                                    \
	}

#endif
