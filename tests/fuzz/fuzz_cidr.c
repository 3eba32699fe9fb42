/* Addresses and ranges: what is taken, written and read again is the same, and a range has its own first address. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/cidr.h"
#include "net/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_make(data, size);
	cleanup_error struct error err = {0};
	char written[IP_TEXT_MAX];
	struct ip ip, again;
	struct cidr cidr;

	if (ip_parse(text, &ip)) {
		ip_format(&ip, written);
		require(ip_parse(str_of(written), &again) && ip_equal(&ip, &again));
		struct ip key = limits_key_of_ip(&ip);
		again = limits_key_of_ip(&key);
		require(ip_equal(&key, &again) && (!ip_is_v4(&ip) || ip_equal(&key, &ip)));
	}
	if (!cidr_parse(text, &cidr, &err)) {
		require(err.kind == ERROR_INVALID);
		return 0;
	}
	require(cidr.is_unix == cidr_list_has(&cidr, 1, NULL));
	if (cidr.is_unix)
		return 0;
	require(cidr.prefix <= 128);
	require(cidr_list_has(&cidr, 1, &cidr.first) == (cidr.prefix >= 96 || !ip_is_v4(&cidr.first)));
	/* One bit within the prefix turned is outside, one behind it inside. */
	for (unsigned int bit = 0; bit < 128; bit++) {
		struct ip other = cidr.first;
		other.bytes[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
		if (cidr.prefix >= 96 || (!ip_is_v4(&other) && !ip_is_v4(&cidr.first)))
			require(cidr_list_has(&cidr, 1, &other) == (bit >= cidr.prefix));
	}
	return 0;
}
