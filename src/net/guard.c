#include "net/guard.h"

#include <string.h>

#include "net/url.h"

static enum guard_result refuse(struct guard *guard, int status, const char *why)
{
	guard->status = status;
	guard->why = why;
	return GUARD_REFUSED;
}

/* RFC 9110, 5.6.2: tchar. */
bool guard_is_token_char(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_token(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!guard_is_token_char((unsigned char)text.data[i]))
			return false;
	return text.len > 0;
}

const char *http_method_name(enum http_method method)
{
	static const char *const names[HTTP_METHODS_COUNT] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

	return names[method];
}

/* Finds the method among those that the server knows. */
static bool method_parse(struct str name, enum http_method *out)
{
	for (int i = 0; i < HTTP_METHODS_COUNT; i++) {
		if (str_equal(name, str_of(http_method_name((enum http_method)i)))) {
			*out = (enum http_method)i;
			return true;
		}
	}
	return false;
}

/* Takes "http://host" off, which stands before the path in the form that proxies are asked in. A query needs a path before it. */
static bool authority_take(struct guard *guard, struct str *target)
{
	struct str rest;

	if (str_equal_nocase(str_head(*target, 7), STR("http://")))
		rest = str_from(*target, 7);
	else if (str_equal_nocase(str_head(*target, 8), STR("https://")))
		rest = str_from(*target, 8);
	else
		return false;
	const char *slash = memchr(rest.data, '/', rest.len);
	guard->authority = str_head(rest, slash ? (size_t)(slash - rest.data) : rest.len);
	*target = slash ? str_from(rest, guard->authority.len) : STR("/");
	return guard->authority.len && host_is_valid(guard->authority);
}

/* "/path?query", the same behind "http://host", or "*" of OPTIONS. */
static bool target_parse(struct guard *guard, struct str target)
{
	guard->line_target = target;
	guard->target = target;
	if (guard->method == HTTP_OPTIONS && str_equal(target, STR("*")))
		return true;
	if (target.len == 0 || (target.data[0] != '/' && !authority_take(guard, &target)))
		return false;
	guard->target = target;
	for (size_t i = 0; i < target.len; i++) {
		unsigned char c = (unsigned char)target.data[i];
		if (c <= ' ' || c >= 0x7f || c == '#')
			return false;
	}
	return true;
}

static bool request_line(struct guard *guard, struct str line)
{
	struct str method, rest, target, version;

	if (!str_cut(line, ' ', &method, &rest) || !str_cut(rest, ' ', &target, &version) || !is_token(method)) {
		refuse(guard, 400, "malformed request line");
		return false;
	}
	if (version.len != 8 || memcmp(version.data, "HTTP/", 5) != 0 || version.data[5] < '0' || version.data[5] > '9' || version.data[6] != '.' ||
		version.data[7] < '0' || version.data[7] > '9') {
		refuse(guard, 400, "malformed request line");
		return false;
	}
	if (version.data[5] != '1' || version.data[7] > '1') {
		refuse(guard, 505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
		return false;
	}
	guard->minor = (unsigned int)(version.data[7] - '0');
	if (!method_parse(method, &guard->method)) {
		refuse(guard, 501, "unknown method");
		return false;
	}
	if (!target_parse(guard, target)) {
		refuse(guard, 400, "malformed request target");
		return false;
	}
	return true;
}

/* What the lines of one head said, until all are read. */
struct framing {
	size_t hosts, lengths, codings;
	int64_t length;
	bool close, keep;
};

/* RFC 9110, 8.6, without what is read in two ways: signs, lists, leading zeros, more than 18 digits. */
static bool length_parse(struct str value, int64_t *out)
{
	return value.len <= 18 && (value.len == 1 || (value.len && value.data[0] != '0')) && str_to_i64(value, out);
}

static void connection_options(struct framing *framing, struct str value)
{
	struct str option;

	while (str_next(&value, ',', &option)) {
		option = str_trim(option);
		framing->close |= str_equal_nocase(option, STR("close"));
		framing->keep |= str_equal_nocase(option, STR("keep-alive"));
	}
}

static bool transfer_coding(struct guard *guard, struct framing *framing, struct str value)
{
	if (++framing->codings > 1) {
		refuse(guard, 400, "several Transfer-Encoding headers");
		return false;
	}
	if (!str_equal_nocase(value, STR("chunked"))) {
		refuse(guard, 501, "no Transfer-Encoding but chunked is known");
		return false;
	}
	return true;
}

/* The header lines that say something about framing; the others pass. */
static bool field_meaning(struct guard *guard, struct framing *framing, struct str name, struct str raw)
{
	struct str value = str_trim(raw);
	bool frames = str_equal_nocase(name, STR("content-length")) || str_equal_nocase(name, STR("transfer-encoding"));

	/* A tab there is allowed, is sent by nobody, and is read differently: llhttp takes "chunked<TAB>" for another coding. */
	if (frames && memchr(raw.data, '\t', raw.len)) {
		refuse(guard, 400, "tab in a header that frames the body");
		return false;
	}
	if (str_equal_nocase(name, STR("content-length"))) {
		if (++framing->lengths > 1 || !length_parse(value, &framing->length)) {
			refuse(guard, 400, framing->lengths > 1 ? "several Content-Length headers" : "malformed Content-Length");
			return false;
		}
	} else if (str_equal_nocase(name, STR("transfer-encoding"))) {
		return transfer_coding(guard, framing, value);
	} else if (str_equal_nocase(name, STR("host"))) {
		if (++framing->hosts > 1 || !host_is_valid(value)) {
			refuse(guard, 400, framing->hosts > 1 ? "several Host headers" : "malformed Host");
			return false;
		}
	} else if (str_equal_nocase(name, STR("connection"))) {
		connection_options(framing, value);
	} else if (str_equal_nocase(name, STR("expect"))) {
		if (!str_equal_nocase(value, STR("100-continue"))) {
			refuse(guard, 417, "no expectation but 100-continue is known");
			return false;
		}
		guard->expect_continue = true;
	}
	return true;
}

static bool field_line(struct guard *guard, struct framing *framing, struct str line)
{
	struct str name, value;

	if (line.data[0] == ' ' || line.data[0] == '\t') {
		refuse(guard, 400, "folded header line");
		return false;
	}
	if (!str_cut(line, ':', &name, &value) || !is_token(name)) {
		refuse(guard, 400, "malformed header line");
		return false;
	}
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.data[i];
		if ((c < ' ' && c != '\t') || c == 0x7f) {
			refuse(guard, 400, "control character in a header");
			return false;
		}
	}
	return field_meaning(guard, framing, name, value);
}

static enum guard_result decide(struct guard *guard, const struct framing *framing)
{
	if (framing->codings && framing->lengths)
		return refuse(guard, 400, "Content-Length beside Transfer-Encoding");
	if (framing->codings && guard->minor == 0)
		return refuse(guard, 400, "Transfer-Encoding in HTTP/1.0");
	if (!framing->hosts && guard->minor > 0)
		return refuse(guard, 400, "Host is missing");
	guard->content_length = framing->codings ? -1 : framing->length;
	guard->keep_alive = !framing->close && (guard->minor > 0 || framing->keep);
	guard->expect_continue = guard->expect_continue && guard->minor > 0 && guard->content_length != 0;
	return GUARD_DONE;
}

/* All lines of a whole head. */
static enum guard_result check_lines(struct guard *guard, const char *data, size_t len)
{
	struct framing framing = {0};
	const char *line = data, *end = data + len - 2; /* the empty line */
	bool first = true;

	while (line < end) {
		const char *line_end = memchr(line, '\r', (size_t)(end - line));
		struct str text = str_make(line, (size_t)(line_end - line));
		if (!(first ? request_line(guard, text) : field_line(guard, &framing, text)))
			return GUARD_REFUSED;
		first = false;
		line = line_end + 2;
	}
	guard->length = len;
	guard->fields = guard->lines - 1;
	return decide(guard, &framing);
}

enum guard_result guard_check(struct guard *guard, const char *data, size_t len, size_t limit)
{
	size_t end = len < limit ? len : limit;

	if (len && !guard_is_token_char((unsigned char)data[0]))
		return refuse(guard, 400, "this is not an HTTP request");
	while (guard->scanned < end) {
		const char *start = data + guard->scanned;
		const char *feed = memchr(start, '\n', end - guard->scanned);
		size_t line = (feed ? (size_t)(feed - start) : end - guard->scanned);

		/* Whatever stands before the feed: one CR directly before it and no other; no NUL. */
		const char *cr = memchr(start, '\r', line);
		if (memchr(start, '\0', line) || (feed && (!cr || cr != feed - 1)) || (!feed && cr && cr != start + line - 1))
			return refuse(guard, 400, "bare CR, bare LF or NUL in the head");
		if (!feed)
			break;
		guard->scanned += line + 1;
		if (line == 1)
			return check_lines(guard, data, guard->scanned);
		if (++guard->lines > GUARD_FIELDS_MAX + 1)
			return refuse(guard, 431, "too many header lines");
	}
	if (len >= limit)
		return refuse(guard, 431, "the request's head is too large");
	return GUARD_MORE;
}
