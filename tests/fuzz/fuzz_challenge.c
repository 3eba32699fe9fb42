/*
 * WWW-Authenticate headers and Location headers from any bytes. What a challenge holds must be fit for a URL's query and for a header of ours;
 * a place that is resolved must split into parts again.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "net/url.h"
#include "remote/challenge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void check_text(const char *text)
{
	for (; text && *text; text++)
		require(*text != '\r' && *text != '\n');
}

static void check_location(struct str text)
{
	cleanup_free char *place = url_resolve(STR("https://registry.example:5000/v2/a/blobs/uploads/"), text, NULL);
	struct url_parts parts;

	if (!place)
		return;
	require(url_split(&parts, str_of(place)) && parts.host.len > 0 && parts.port > 0 && parts.port < 65536);
	require(url_same_origin(str_of(place), str_of(place)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};
	cleanup_challenge struct challenge challenge = {0};

	if (challenge_parse(&challenge, text, NULL)) {
		require(challenge.kind != CHALLENGE_BEARER || (challenge.realm && challenge.realm[0]));
		check_text(challenge.realm);
		check_text(challenge.service);
		check_text(challenge.scope);
		check_text(challenge.error);
	} else {
		require(challenge.kind == CHALLENGE_NONE && !challenge.realm);
	}
	check_location(text);
	return 0;
}
