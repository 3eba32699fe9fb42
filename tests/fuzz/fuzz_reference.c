/* References, digests and platforms from any bytes: what is taken must be written in full so that it reads back as the same. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "oci/platform.h"
#include "oci/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void check_reference(struct str text)
{
	cleanup_reference struct reference reference = {0}, again = {0};
	cleanup_free char *full = NULL, *familiar = NULL;

	if (!reference_parse(&reference, text, REFERENCE_HUB, NULL))
		return;
	require(reference_path_valid(str_of(reference.path)));
	require(!reference.tag || reference_tag_valid(str_of(reference.tag)));
	full = reference_full(&reference);
	familiar = reference_familiar(&reference);
	require(familiar != NULL);
	require(reference_parse(&again, str_of(full), REFERENCE_HUB, NULL));
	require(strcmp(reference.domain, again.domain) == 0 && strcmp(reference.path, again.path) == 0);
	require(reference.has_digest == again.has_digest);
}

static void check_digest(struct str text)
{
	struct digest digest, again;
	char written[DIGEST_TEXT_MAX];

	if (!digest_parse(&digest, text, NULL))
		return;
	digest_format(&digest, written);
	require(str_equal(str_of(written), text) && digest_parse(&again, str_of(written), NULL) && digest_equal(&digest, &again));
}

static void check_platform(struct str text)
{
	struct platform platform, again;
	cleanup_buf struct buf written = {0};

	if (!platform_parse(&platform, text, NULL))
		return;
	platform_format(&platform, &written);
	require(platform_parse(&again, buf_str(&written), NULL) && platform_rank(&platform, &again) >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};

	check_reference(text);
	check_digest(text);
	check_platform(text);
	return 0;
}
