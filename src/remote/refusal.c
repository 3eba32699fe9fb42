/*
 * What a registry says when it refuses (OCI distribution-spec 1.1, "Error Codes"; distribution, registry/api/errcode/register.go), in docker's
 * form: the code in lower case with blanks, ": ", and the registry's sentence. The table below is the one place that gives a code its kind.
 */
#include <string.h>

#include "base/mem.h"
#include "oci/json.h"
#include "remote/remote_internal.h"

#define ERRORS_SHOWN_MAX 5
#define MESSAGE_SHOWN_MAX 2048

static const struct refusal_code {
	const char *code;
	const char *words;
	const char *message; /* when the registry has no sentence */
	enum error_kind kind;
} codes[] = {
	{"UNAUTHORIZED", "unauthorized", "authentication required", ERROR_UNAUTHENTICATED},
	{"DENIED", "denied", "requested access to the resource is denied", ERROR_DENIED},
	{"MANIFEST_UNKNOWN", "manifest unknown", "manifest unknown", ERROR_NOT_FOUND},
	{"NAME_UNKNOWN", "name unknown", "repository name not known to registry", ERROR_NOT_FOUND},
	{"BLOB_UNKNOWN", "blob unknown", "blob unknown to registry", ERROR_NOT_FOUND},
	{"BLOB_UPLOAD_UNKNOWN", "blob upload unknown", "blob upload unknown to registry", ERROR_NOT_FOUND},
	{"BLOB_UPLOAD_INVALID", "blob upload invalid", "blob upload invalid", ERROR_INVALID},
	{"MANIFEST_BLOB_UNKNOWN", "manifest blob unknown", "blob unknown to registry", ERROR_NOT_FOUND},
	{"MANIFEST_INVALID", "manifest invalid", "manifest invalid", ERROR_INVALID},
	{"MANIFEST_UNVERIFIED", "manifest unverified", "manifest failed signature verification", ERROR_INVALID},
	{"DIGEST_INVALID", "digest invalid", "provided digest did not match uploaded content", ERROR_INVALID},
	{"SIZE_INVALID", "size invalid", "provided length did not match content length", ERROR_INVALID},
	{"NAME_INVALID", "name invalid", "invalid repository name", ERROR_INVALID},
	{"TAG_INVALID", "tag invalid", "manifest tag did not match URI", ERROR_INVALID},
	{"PAGINATION_NUMBER_INVALID", "pagination number invalid", "invalid number of results requested", ERROR_INVALID},
	{"RANGE_INVALID", "range invalid", "invalid content range", ERROR_RANGE},
	{"UNSUPPORTED", "unsupported", "The operation is unsupported.", ERROR_UNSUPPORTED},
	{"TOOMANYREQUESTS", "toomanyrequests", "too many requests", ERROR_UNAVAILABLE},
	{"UNAVAILABLE", "unavailable", "service unavailable", ERROR_UNAVAILABLE},
};

/* What a status without a code that we know stands for; docker prints such codes as "unknown". */
static const struct {
	int status;
	enum error_kind kind;
} status_kinds[] = {
	{401, ERROR_UNAUTHENTICATED},
	{403, ERROR_DENIED},
	{404, ERROR_NOT_FOUND},
	{405, ERROR_UNSUPPORTED},
	{409, ERROR_CONFLICT},
	{413, ERROR_TOO_LARGE},
	{416, ERROR_RANGE},
	{429, ERROR_UNAVAILABLE},
};

static const struct refusal_code *code_find(struct str code)
{
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (str_equal(str_of(codes[i].code), code))
			return &codes[i];
	return NULL;
}

static enum error_kind kind_of_status(int status)
{
	for (size_t i = 0; i < ARRAY_SIZE(status_kinds); i++)
		if (status_kinds[i].status == status)
			return status_kinds[i].kind;
	return status >= 500 ? ERROR_UNAVAILABLE : ERROR_INVALID;
}

/* The sentence goes to a terminal: no control characters, neither ASCII's nor Unicode's (U+0080 to U+009F: C2 80 to C2 9F in UTF-8). */
static void add_printable(struct buf *out, struct str text)
{
	text = str_head(text, MESSAGE_SHOWN_MAX);
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];
		unsigned char next = i + 1 < text.len ? (unsigned char)text.data[i + 1] : 0;
		if (c == 0xc2 && next >= 0x80 && next <= 0x9f) {
			buf_add_char(out, ' ');
			i++;
		} else {
			buf_add_char(out, c < ' ' || c == 127 ? ' ' : (char)c);
		}
	}
}

/* One entry of {"errors": [{"code": "DENIED", "message": "no more space", "detail": {}}]}. */
static const char *add_entry(struct buf *out, const json_t *entry, enum error_kind *kind)
{
	struct str code_text = str_of(json_string_value(json_object_get(entry, "code")));
	struct str message = str_of(json_string_value(json_object_get(entry, "message")));
	const struct refusal_code *code = code_find(code_text);

	buf_printf(out, "%s%s", out->len > 0 ? ", " : "", code ? code->words : "unknown");
	if (message.len == 0)
		message = str_of(code ? code->message : "unknown error");
	buf_add_text(out, ": ");
	add_printable(out, message);
	if (*kind == ERROR_NONE && code)
		*kind = code->kind;
	return code ? code->code : "UNKNOWN";
}

/* The registry's own words; NULL when the body holds none. */
static const char *read_body(const struct http_response *response, struct buf *out, enum error_kind *kind)
{
	const char *first = NULL;
	size_t index;
	json_t *entry;
	json_t *document = json_loadb(response->body.data ? response->body.data : "", response->body.len, 0, NULL);

	json_array_foreach (json_object_get(document, "errors"), index, entry) {
		if (index >= ERRORS_SHOWN_MAX || !json_is_object(entry))
			break;
		const char *code = add_entry(out, entry, kind);
		if (!first)
			first = code;
	}
	json_decref(document);
	return first;
}

/* An answer to HEAD, or one from something in front of the registry. */
static const char *bare_code(int status, const char *bare_404)
{
	switch (status) {
	case 401:
		return "UNAUTHORIZED";
	case 403:
		return "DENIED";
	case 404:
		return bare_404;
	case 429:
		return "TOOMANYREQUESTS";
	default:
		return NULL;
	}
}

/* A good token that lacks the right is refused with 401 too; docker says "denied" for it. */
static bool lacks_scope(const struct http_response *response)
{
	cleanup_challenge struct challenge challenge = {0};
	struct str header;

	for (size_t i = 0; response->status == 401 && http_response_header(response, "www-authenticate", i, &header); i++)
		(void)challenge_parse(&challenge, header, NULL);
	return challenge.error && str_equal(str_of(challenge.error), STR("insufficient_scope"));
}

const char *refusal_read(const struct http_response *response, const char *bare_404, struct error *err)
{
	cleanup_buf struct buf words = {0};
	enum error_kind kind = ERROR_NONE;
	const char *first = lacks_scope(response) ? NULL : read_body(response, &words, &kind);
	const char *bare = lacks_scope(response) ? "DENIED" : bare_code(response->status, bare_404);

	if (first) {
		error_set(err, kind == ERROR_NONE ? kind_of_status(response->status) : kind, "%s", words.data);
		return first;
	}
	if (bare) {
		const struct refusal_code *code = code_find(str_of(bare));
		error_set(err, code->kind, "%s: %s", code->words, code->message);
		return code->code;
	}
	error_set(err, kind_of_status(response->status), "received unexpected HTTP status: %d %s", response->status, response->reason);
	return "UNKNOWN";
}
