#include "oci/reference.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

#define HUB_PROJECT "library/"

static bool is_lower_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_letter_or_digit(char c)
{
	return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z');
}

/* Length of a separator at text: ".", "_", "__" or any run of "-"; 0 when there is none. */
static size_t separator(struct str text)
{
	size_t len = 0;

	if (!text.len)
		return 0;
	if (text.data[0] == '.')
		return 1;
	if (text.data[0] == '_')
		return text.len > 1 && text.data[1] == '_' ? 2 : 1;
	while (len < text.len && text.data[len] == '-')
		len++;
	return len;
}

/* [a-z0-9]+ joined by separators. */
static bool component_valid(struct str text)
{
	for (;;) {
		size_t len = 0;

		while (len < text.len && is_lower_or_digit(text.data[len]))
			len++;
		if (!len)
			return false;
		text = str_from(text, len);
		if (!text.len)
			return true;
		len = separator(text);
		if (!len)
			return false;
		text = str_from(text, len);
	}
}

bool reference_path_valid(struct str path)
{
	struct str part, rest = path;

	if (!path.len || path.len > REFERENCE_PATH_MAX)
		return false;
	while (str_cut(rest, '/', &part, &rest))
		if (!component_valid(part))
			return false;
	return component_valid(rest);
}

bool reference_tag_valid(struct str tag)
{
	if (!tag.len || tag.len > REFERENCE_TAG_MAX || tag.data[0] == '.' || tag.data[0] == '-')
		return false;
	for (size_t i = 0; i < tag.len; i++)
		if (!is_letter_or_digit(tag.data[i]) && tag.data[i] != '_' && tag.data[i] != '.' && tag.data[i] != '-')
			return false;
	return true;
}

/* A DNS label: letters, digits and "-", none of it at an end. */
static bool label_valid(struct str label)
{
	if (!label.len || label.data[0] == '-' || label.data[label.len - 1] == '-')
		return false;
	for (size_t i = 0; i < label.len; i++)
		if (!is_letter_or_digit(label.data[i]) && label.data[i] != '-')
			return false;
	return true;
}

static bool ipv6_valid(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (!(c == ':' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')))
			return false;
	}
	return text.len > 1;
}

/* Labels or a bracketed IPv6 address, then optionally ":" and a port. */
static bool domain_valid(struct str domain)
{
	struct str host = domain, port = STR("0"), label;
	uint64_t number;

	if (str_starts(domain, STR("["))) {
		struct str behind;

		if (!str_cut(str_from(domain, 1), ']', &host, &behind) || !ipv6_valid(host))
			return false;
		if (!behind.len)
			return true;
		return behind.data[0] == ':' && behind.len <= 6 && str_to_u64(str_from(behind, 1), &number) && number <= 65535;
	}
	str_cut(domain, ':', &host, &port);
	if (port.len > 5 || !str_to_u64(port, &number) || number > 65535)
		return false;
	while (str_cut(host, '.', &label, &host))
		if (!label_valid(label))
			return false;
	return label_valid(host);
}

static bool has_upper(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] >= 'A' && text.data[i] <= 'Z')
			return true;
	return false;
}

/* distribution/reference, normalize.go, splitDockerDomain. */
static bool is_domain(struct str first)
{
	return str_equal(first, STR("localhost")) || (first.len && (memchr(first.data, '.', first.len) || memchr(first.data, ':', first.len))) ||
	       has_upper(first);
}

static bool is_hex64(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!((text.data[i] >= '0' && text.data[i] <= '9') || (text.data[i] >= 'a' && text.data[i] <= 'f')))
			return false;
	return text.len == 64;
}

static bool malformed(struct error *err)
{
	return error_set(err, ERROR_INVALID, "invalid reference format");
}

/* Cuts "@digest" and ":tag" off the end of *text. */
static bool take_tail(struct reference *out, struct str *text, struct error *err)
{
	struct str name, tag, digest;

	if (str_cut(*text, '@', &name, &digest)) {
		if (!digest_parse(&out->digest, digest, NULL))
			return malformed(err);
		out->has_digest = true;
		*text = name;
	}
	if (str_cut_last(*text, ':', &name, &tag) && !(tag.len && memchr(tag.data, '/', tag.len)) && !str_ends(*text, STR("]"))) {
		if (!reference_tag_valid(tag))
			return malformed(err);
		out->tag = str_dup(tag);
		*text = name;
	}
	return true;
}

static bool set_name(struct reference *out, struct str text, const char *default_domain, struct error *err)
{
	struct str domain = str_of(default_domain), path = text, first, rest;

	if (is_hex64(text))
		return error_set(err, ERROR_INVALID, "invalid repository name (%.*s), cannot specify 64-byte hexadecimal strings", STR_ARG(text));
	if (str_cut(text, '/', &first, &rest) && is_domain(first)) {
		domain = first;
		path = rest;
	}
	if (str_equal(domain, STR("index.docker.io")) || str_equal(domain, STR("registry-1.docker.io")))
		domain = STR(REFERENCE_HUB);
	bool at_hub = str_equal(domain, STR(REFERENCE_HUB));
	out->domain = str_dup(domain);
	out->path = mem_printf("%s%.*s", at_hub && path.len && !memchr(path.data, '/', path.len) ? HUB_PROJECT : "", STR_ARG(path));
	if (!domain_valid(domain))
		return malformed(err);
	if (strlen(out->path) > REFERENCE_PATH_MAX)
		return error_set(err, ERROR_INVALID, "repository name must not be more than %d characters", REFERENCE_PATH_MAX);
	if (has_upper(path))
		return error_set(err, ERROR_INVALID, "invalid reference format: repository name (%s) must be lowercase", out->path);
	return reference_path_valid(str_of(out->path)) || malformed(err);
}

bool reference_parse(struct reference *out, struct str text, const char *default_domain, struct error *err)
{
	struct reference reference = {0};

	if (text.len > 1024 || (text.len && memchr(text.data, '\0', text.len)))
		return malformed(err);
	if (!take_tail(&reference, &text, err) || !set_name(&reference, text, default_domain, err)) {
		reference_free(&reference);
		return false;
	}
	*out = reference;
	return true;
}

void reference_free(struct reference *reference)
{
	free(reference->domain);
	free(reference->path);
	free(reference->tag);
	*reference = (struct reference){0};
}

bool reference_add_latest(struct reference *reference)
{
	if (reference->tag || reference->has_digest)
		return false;
	reference->tag = str_dup(STR("latest"));
	return true;
}

static void add_tail(struct buf *out, const struct reference *reference)
{
	char digest[DIGEST_TEXT_MAX];

	if (reference->tag)
		buf_printf(out, ":%s", reference->tag);
	if (reference->has_digest) {
		digest_format(&reference->digest, digest);
		buf_printf(out, "@%s", digest);
	}
}

/* The hub's name is left out, and its library too where nothing else has a "/". */
static void add_familiar_name(struct buf *out, const struct reference *reference)
{
	const char *path = reference->path;

	if (strcmp(reference->domain, REFERENCE_HUB) != 0)
		buf_printf(out, "%s/", reference->domain);
	else if (str_starts(str_of(path), STR(HUB_PROJECT)) && !strchr(path + strlen(HUB_PROJECT), '/'))
		path += strlen(HUB_PROJECT);
	buf_add_text(out, path);
}

char *reference_familiar_name(const struct reference *reference)
{
	struct buf out = {0};

	add_familiar_name(&out, reference);
	return buf_take(&out);
}

char *reference_familiar(const struct reference *reference)
{
	struct buf out = {0};

	add_familiar_name(&out, reference);
	add_tail(&out, reference);
	return buf_take(&out);
}

char *reference_full(const struct reference *reference)
{
	struct buf out = {0};

	buf_printf(&out, "%s/%s", reference->domain, reference->path);
	add_tail(&out, reference);
	return buf_take(&out);
}
