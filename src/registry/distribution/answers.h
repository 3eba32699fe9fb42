/*
 * Answers that several handlers give: the headers of every answer, and errors. The one table from error to status and code is in answers.c.
 */
#ifndef REGISTRY_DISTRIBUTION_ANSWERS_H
#define REGISTRY_DISTRIBUTION_ANSWERS_H

#include "net/server.h"
#include "registry/distribution/distribution.h"

/* OCI distribution-spec 1.1, "Error Codes", and those that distribution added. */
enum distribution_code {
	CODE_BLOB_UNKNOWN,
	CODE_BLOB_UPLOAD_INVALID,
	CODE_BLOB_UPLOAD_UNKNOWN,
	CODE_DENIED,
	CODE_DIGEST_INVALID,
	CODE_MANIFEST_BLOB_UNKNOWN,
	CODE_MANIFEST_INVALID,
	CODE_MANIFEST_UNKNOWN,
	CODE_NAME_INVALID,
	CODE_NAME_UNKNOWN,
	CODE_PAGINATION_NUMBER_INVALID,
	CODE_RANGE_INVALID,
	CODE_SIZE_INVALID,
	CODE_SIZE_TOO_LARGE, /* SIZE_INVALID with 413 */
	CODE_TAG_INVALID,
	CODE_TAG_TOO_MANY, /* TAG_INVALID with 414 */
	CODE_TOOMANYREQUESTS,
	CODE_UNAUTHORIZED,
	CODE_UNAVAILABLE,
	CODE_UNKNOWN,
	CODE_UNSUPPORTED,
};

/* What a request was about: decides the code of what was not found. */
enum distribution_subject { SUBJECT_BLOB, SUBJECT_UPLOAD, SUBJECT_MANIFEST, SUBJECT_REPOSITORY };

/* The only place where a kind of error becomes a code. What was not found or malformed depends on the subject. */
enum distribution_code distribution_code_of(enum error_kind kind, enum distribution_subject subject);
/* "BLOB_UNKNOWN" and 404. */
const char *distribution_code_text(enum distribution_code code);
int distribution_code_status(enum distribution_code code);

/* Docker-Distribution-Api-Version, which clients look for on every answer. */
void answer_common_headers(struct request *request);
/* {"errors":[{"code","message","detail"}]}: the detail has what the path names, and the digest (empty: the path's). */
void answer_error_code(struct request *request, enum distribution_code code, struct str digest, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* As its kind and subject say; our own failures are logged, and their words kept in. Clears err. */
void answer_error(struct request *request, enum distribution_subject subject, struct error *err);
/* Without a body, with "Content-Length: 0". */
void answer_empty(struct request *request, int status);
/* Digest header in one call. */
void answer_digest(struct request *request, const struct digest *digest);

/* The name of the path, checked: answers NAME_INVALID and returns false when it is malformed. */
bool request_repository(struct request *request, struct str *name);
/* A digest of the path or a query, checked: answers DIGEST_INVALID and returns false when it is malformed. */
bool request_digest(struct request *request, struct str text, struct digest *digest);
/* Whether the settings let clients delete; answers when not. allowed: the methods that the path has all the same. */
bool request_may_delete(struct request *request, const char *allowed);
struct distribution *request_distribution(const struct request *request);

#endif
