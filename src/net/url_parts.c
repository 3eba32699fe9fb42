/* Resolving is curl's own: who resolves and who connects must read a URL alike. Splitting is stricter than curl, so that what passes is read alike.
 */
#include <arpa/inet.h>
#include <string.h>

#include "base/mem.h"
#include "net/curl_library.h"
#include "net/url.h"

#define URL_MAX 8192

void url_encode(struct buf *out, struct str text)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("-._~", c));
		if (plain)
			buf_add_char(out, (char)c);
		else
			buf_add(out, (char[]){'%', digits[c >> 4], digits[c & 15]}, 3);
	}
}

static bool port_read(unsigned int *port, struct str text)
{
	uint64_t number;

	if (!str_to_u64(text, &number) || number == 0 || number > 65535)
		return false;
	*port = (unsigned int)number;
	return true;
}

/* "host", "host:port", "[v6]", "[v6]:port" */
static bool authority_split(struct url_parts *parts, struct str authority)
{
	struct str port, host;

	if (str_starts(authority, STR("["))) {
		if (!str_cut(str_from(authority, 1), ']', &parts->host, &port))
			return false;
		if (port.len > 0 && (port.data[0] != ':' || !port_read(&parts->port, str_from(port, 1))))
			return false;
		return parts->host.len > 0;
	}
	parts->host = authority;
	if (str_cut(authority, ':', &host, &port)) {
		parts->host = host;
		if (!port_read(&parts->port, port))
			return false;
	}
	return parts->host.len > 0;
}

bool url_split(struct url_parts *parts, struct str url)
{
	struct url_parts found = {0};
	struct str rest;

	if (url.len > URL_MAX)
		return false;
	for (size_t i = 0; i < url.len; i++)
		if ((unsigned char)url.data[i] <= ' ' || (unsigned char)url.data[i] >= 127)
			return false;

	if (str_equal_nocase(str_head(url, 8), STR("https://"))) {
		found.secure = true;
		found.port = 443;
		rest = str_from(url, 8);
	} else if (str_equal_nocase(str_head(url, 7), STR("http://"))) {
		found.port = 80;
		rest = str_from(url, 7);
	} else {
		return false;
	}

	size_t end = 0;
	while (end < rest.len && !strchr("/?#", rest.data[end]))
		end++;
	struct str authority = str_head(rest, end);
	for (size_t i = 0; i < authority.len; i++)
		if (strchr("@\\%", authority.data[i]))
			return false;
	if (!authority_split(&found, authority))
		return false;
	*parts = found;
	return true;
}

bool url_same_origin(struct str a, struct str b)
{
	struct url_parts first, second;

	return url_split(&first, a) && url_split(&second, b) && first.secure == second.secure && first.port == second.port &&
	       str_equal_nocase(first.host, second.host);
}

bool host_is_loopback(struct str host)
{
	char text[64];
	struct in_addr v4;
	struct in6_addr v6;

	if (str_equal_nocase(host, STR("localhost")))
		return true;
	if (host.len == 0 || host.len >= sizeof text)
		return false;
	memcpy(text, host.data, host.len);
	text[host.len] = '\0';
	if (inet_pton(AF_INET, text, &v4) == 1)
		return (ntohl(v4.s_addr) >> 24) == 127;
	return inet_pton(AF_INET6, text, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

bool url_is_loopback(struct str url)
{
	struct url_parts parts;

	return url_split(&parts, url) && host_is_loopback(parts.host);
}

char *url_resolve(struct str base, struct str location, struct error *err)
{
	cleanup_free char *base_text = str_dup(base), *location_text = str_dup(location);
	struct url_parts parts;
	char *resolved = NULL, *found = NULL;
	const struct curl_library *curl = curl_library(err);
	CURLU *handle = curl ? curl->url() : NULL;

	if (!curl)
		return NULL;
	/* A NUL inside would end the text early for curl. */
	if (handle && location.len > 0 && location.len <= URL_MAX && !memchr(location.data, '\0', location.len) &&
		curl->url_set(handle, CURLUPART_URL, base_text, 0) == CURLUE_OK &&
		curl->url_set(handle, CURLUPART_URL, location_text, CURLU_PATH_AS_IS) == CURLUE_OK &&
		curl->url_set(handle, CURLUPART_FRAGMENT, NULL, 0) == CURLUE_OK && curl->url_get(handle, CURLUPART_URL, &found, 0) == CURLUE_OK &&
		url_split(&parts, str_of(found)))
		resolved = str_dup(str_of(found));
	else
		error_set(err, ERROR_INVALID, "the server names a place that is no http address: '%.*s'", STR_ARG(str_head(location, 256)));
	curl->free(found);
	curl->url_cleanup(handle);
	return resolved;
}
