#include "registry/distribution/answers.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "registry/context.h"
#include "registry/log_target.h"

static const struct {
	const char *code;
	int status;
} codes[] = {
	[CODE_BLOB_UNKNOWN] = {"BLOB_UNKNOWN", 404},
	[CODE_BLOB_UPLOAD_INVALID] = {"BLOB_UPLOAD_INVALID", 404},
	[CODE_BLOB_UPLOAD_UNKNOWN] = {"BLOB_UPLOAD_UNKNOWN", 404},
	[CODE_DENIED] = {"DENIED", 403},
	[CODE_DIGEST_INVALID] = {"DIGEST_INVALID", 400},
	[CODE_MANIFEST_BLOB_UNKNOWN] = {"MANIFEST_BLOB_UNKNOWN", 404},
	[CODE_MANIFEST_INVALID] = {"MANIFEST_INVALID", 400},
	[CODE_MANIFEST_UNKNOWN] = {"MANIFEST_UNKNOWN", 404},
	[CODE_NAME_INVALID] = {"NAME_INVALID", 400},
	[CODE_NAME_UNKNOWN] = {"NAME_UNKNOWN", 404},
	[CODE_PAGINATION_NUMBER_INVALID] = {"PAGINATION_NUMBER_INVALID", 400},
	[CODE_RANGE_INVALID] = {"RANGE_INVALID", 416},
	[CODE_SIZE_INVALID] = {"SIZE_INVALID", 400},
	[CODE_SIZE_TOO_LARGE] = {"SIZE_INVALID", 413},
	[CODE_TAG_INVALID] = {"TAG_INVALID", 400},
	[CODE_TAG_TOO_MANY] = {"TAG_INVALID", 414},
	[CODE_TOOMANYREQUESTS] = {"TOOMANYREQUESTS", 429},
	[CODE_UNAUTHORIZED] = {"UNAUTHORIZED", 401},
	[CODE_UNAVAILABLE] = {"UNAVAILABLE", 503},
	[CODE_UNKNOWN] = {"UNKNOWN", 500},
	[CODE_UNSUPPORTED] = {"UNSUPPORTED", 405},
};

enum distribution_code distribution_code_of(enum error_kind kind, enum distribution_subject subject)
{
	static const enum distribution_code unknown[] = {
		[SUBJECT_BLOB] = CODE_BLOB_UNKNOWN,
		[SUBJECT_UPLOAD] = CODE_BLOB_UPLOAD_UNKNOWN,
		[SUBJECT_MANIFEST] = CODE_MANIFEST_UNKNOWN,
		[SUBJECT_REPOSITORY] = CODE_NAME_UNKNOWN,
	};
	static const enum distribution_code invalid[] = {
		[SUBJECT_BLOB] = CODE_DIGEST_INVALID,
		[SUBJECT_UPLOAD] = CODE_BLOB_UPLOAD_INVALID,
		[SUBJECT_MANIFEST] = CODE_MANIFEST_INVALID,
		[SUBJECT_REPOSITORY] = CODE_NAME_INVALID,
	};

	switch (kind) {
	case ERROR_NOT_FOUND:
		return unknown[subject];
	case ERROR_INVALID:
		return invalid[subject];
	case ERROR_DENIED:
		return CODE_DENIED;
	case ERROR_UNAUTHENTICATED:
		return CODE_UNAUTHORIZED;
	case ERROR_CONFLICT:
		return subject == SUBJECT_UPLOAD ? CODE_RANGE_INVALID : CODE_UNSUPPORTED;
	case ERROR_CORRUPT:
		return subject == SUBJECT_UPLOAD ? CODE_DIGEST_INVALID : CODE_UNKNOWN;
	case ERROR_TOO_LARGE:
		return CODE_SIZE_TOO_LARGE;
	case ERROR_RANGE:
		return CODE_RANGE_INVALID;
	case ERROR_UNSUPPORTED:
		return subject == SUBJECT_MANIFEST ? CODE_MANIFEST_INVALID : CODE_UNSUPPORTED;
	case ERROR_NO_SPACE:
	case ERROR_UNAVAILABLE:
	case ERROR_CANCELED:
		return CODE_UNAVAILABLE;
	case ERROR_NONE:
	case ERROR_SYSTEM:
	case ERROR_INTERNAL:
		break;
	}
	return CODE_UNKNOWN;
}

const char *distribution_code_text(enum distribution_code code)
{
	return codes[code].code;
}

int distribution_code_status(enum distribution_code code)
{
	return codes[code].status;
}

struct distribution *request_distribution(const struct request *request)
{
	return ((const struct registry_context *)request_context(request))->distribution;
}

void answer_common_headers(struct request *request)
{
	request_answer_header(request, "Docker-Distribution-Api-Version", "registry/2.0");
}

#define DETAIL_MAX 255

/* What an error is about: what the path names, and the digest where there is another. Docker ignores an error whose detail is null. */
static json_t *error_detail(const struct request *request, struct str digest)
{
	static const char *const parts[] = {"name", "reference", "digest", "upload"};
	json_t *detail = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		struct str part = str_head(request_part(request, parts[i]), DETAIL_MAX);

		if (part.len) /* bytes that are no UTF-8 are left out */
			json_object_set_new(detail, parts[i], json_stringn(part.data, part.len));
	}
	if (digest.len)
		json_object_set_new(detail, "digest", json_stringn(digest.data, digest.len));
	return detail;
}

static void answer_json_error(struct request *request, int status, const char *code, const char *message, struct str digest)
{
	json_t *detail = error_detail(request, digest);
	json_t *json = json_pack("{s:[{s:s, s:s, s:o}]}", "errors", "code", code, "message", message, "detail", detail);
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

	answer_common_headers(request);
	request_answer_header(request, "Content-Type", "application/json");
	request_answer(
		request, status, text ? str_of(text) : STR("{\"errors\":[{\"code\":\"UNKNOWN\",\"message\":\"unknown error\",\"detail\":{}}]}"));
	json_decref(json);
	free(text);
}

void answer_error_code(struct request *request, enum distribution_code code, struct str digest, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	cleanup_free char *message = mem_vprintf(format, args);
	va_end(args);
	answer_json_error(request, codes[code].status, codes[code].code, message, digest);
}

/* Our own failures, without what only the administrator should see. */
static const char *failure_words(enum error_kind kind)
{
	switch (kind) {
	case ERROR_NO_SPACE:
		return "the registry's disk is full: try again when its administrator has made room";
	case ERROR_CORRUPT:
		return "the registry's copy of this content is damaged; its log has the reason under this request's id: push the content again";
	default:
		return "the registry failed; its log has the reason under this request's id";
	}
}

void answer_error(struct request *request, enum distribution_subject subject, struct error *err)
{
	enum distribution_code code = distribution_code_of(err->kind, subject);

	if (codes[code].status >= 500) {
		cleanup_buf struct buf target = {0};
		log_target(&target, request_target(request));
		const struct log_field fields[] = {{"target", buf_str(&target), false}, LOG_FIELDS_END};

		log_line(LOG_LEVEL_ERROR, fields, "%s", error_text(err));
		answer_error_code(request, code, STR(""), "%s", failure_words(err->kind));
	} else {
		answer_error_code(request, code, STR(""), "%s", error_text(err));
	}
	error_clear(err);
}

bool request_may_delete(struct request *request, const char *allowed)
{
	if (request_distribution(request)->limits.deletes)
		return true;
	request_answer_header(request, "Allow", "%s", allowed);
	answer_error_code(request, CODE_UNSUPPORTED, STR(""), "this registry does not delete: its administrator has set storage.deletes to false");
	return false;
}

void answer_empty(struct request *request, int status)
{
	answer_common_headers(request);
	request_answer(request, status, STR(""));
}

void answer_digest(struct request *request, const struct digest *digest)
{
	char text[DIGEST_TEXT_MAX];

	digest_format(digest, text);
	request_answer_header(request, "Docker-Content-Digest", "%s", text);
}

bool request_repository(struct request *request, struct str *name)
{
	*name = request_part(request, "name");
	if (reference_path_valid(*name))
		return true;
	answer_error_code(request, CODE_NAME_INVALID, STR(""), "repository name '%.*s' is malformed", STR_ARG(str_head(*name, 255)));
	return false;
}

bool request_digest(struct request *request, struct str text, struct digest *digest)
{
	cleanup_error struct error err = {0};

	if (digest_parse(digest, text, &err))
		return true;
	answer_error_code(request, CODE_DIGEST_INVALID, STR(""), "%.300s", error_text(&err));
	return false;
}

void distribution_refuse(struct request *request, int status, const char *why)
{
	static const struct {
		int status;
		const char *code;
	} refusals[] = {{404, "NAME_UNKNOWN"}, {405, "UNSUPPORTED"}, {413, "SIZE_INVALID"}, {429, "TOOMANYREQUESTS"}, {503, "UNAVAILABLE"}};
	const char *code = "UNKNOWN";

	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++)
		if (refusals[i].status == status)
			code = refusals[i].code;
	answer_json_error(request, status, code, why, STR(""));
}

void distribution_ping(struct request *request)
{
	answer_common_headers(request);
	request_answer_header(request, "Content-Type", "application/json");
	request_answer(request, 200, STR("{}"));
}
