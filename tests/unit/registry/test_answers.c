/* The table from errors to codes and statuses: each row as docker reads it. */
#include "tests/unit/unit.h"

#include "registry/distribution/answers.h"

static const struct {
	enum error_kind kind;
	enum distribution_subject subject;
	int status;
	const char *code;
} table[] = {
	{ERROR_NOT_FOUND, SUBJECT_BLOB, 404, "BLOB_UNKNOWN"},
	{ERROR_NOT_FOUND, SUBJECT_UPLOAD, 404, "BLOB_UPLOAD_UNKNOWN"},
	{ERROR_NOT_FOUND, SUBJECT_MANIFEST, 404, "MANIFEST_UNKNOWN"},
	{ERROR_NOT_FOUND, SUBJECT_REPOSITORY, 404, "NAME_UNKNOWN"},
	{ERROR_INVALID, SUBJECT_BLOB, 400, "DIGEST_INVALID"},
	{ERROR_INVALID, SUBJECT_MANIFEST, 400, "MANIFEST_INVALID"},
	{ERROR_INVALID, SUBJECT_REPOSITORY, 400, "NAME_INVALID"},
	{ERROR_UNSUPPORTED, SUBJECT_MANIFEST, 400, "MANIFEST_INVALID"},
	{ERROR_UNSUPPORTED, SUBJECT_BLOB, 405, "UNSUPPORTED"},
	{ERROR_DENIED, SUBJECT_MANIFEST, 403, "DENIED"},
	{ERROR_UNAUTHENTICATED, SUBJECT_BLOB, 401, "UNAUTHORIZED"},
	{ERROR_CORRUPT, SUBJECT_UPLOAD, 400, "DIGEST_INVALID"},
	{ERROR_CORRUPT, SUBJECT_BLOB, 500, "UNKNOWN"},
	{ERROR_CONFLICT, SUBJECT_UPLOAD, 416, "RANGE_INVALID"},
	{ERROR_CONFLICT, SUBJECT_BLOB, 405, "UNSUPPORTED"},
	{ERROR_RANGE, SUBJECT_BLOB, 416, "RANGE_INVALID"},
	{ERROR_TOO_LARGE, SUBJECT_MANIFEST, 413, "SIZE_INVALID"},
	{ERROR_NO_SPACE, SUBJECT_UPLOAD, 503, "UNAVAILABLE"},
	{ERROR_UNAVAILABLE, SUBJECT_BLOB, 503, "UNAVAILABLE"},
	{ERROR_SYSTEM, SUBJECT_BLOB, 500, "UNKNOWN"},
	{ERROR_INTERNAL, SUBJECT_MANIFEST, 500, "UNKNOWN"},
};

static void errors_become_the_specifications_codes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		enum distribution_code code = distribution_code_of(table[i].kind, table[i].subject);

		unit_assert(strcmp(distribution_code_text(code), table[i].code) == 0, "row %zu: %s instead of %s", i, distribution_code_text(code),
			table[i].code);
		unit_assert(distribution_code_status(code) == table[i].status, "row %zu: %d", i, distribution_code_status(code));
	}
}

static void every_code_has_a_text_and_a_status(void **state)
{
	(void)state;
	for (int code = 0; code <= CODE_UNSUPPORTED; code++) {
		unit_assert(distribution_code_text((enum distribution_code)code), "code %d has no text", code);
		unit_assert(distribution_code_status((enum distribution_code)code) >= 400, "code %d has no status", code);
	}
}

UNIT_MAIN(cmocka_unit_test(errors_become_the_specifications_codes), cmocka_unit_test(every_code_has_a_text_and_a_status))
