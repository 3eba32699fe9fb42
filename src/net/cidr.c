#include "net/cidr.h"

#include <arpa/inet.h>
#include <string.h>

static const uint8_t v4_start[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool ip_is_v4(const struct ip *ip)
{
	return memcmp(ip->bytes, v4_start, sizeof v4_start) == 0;
}

bool ip_equal(const struct ip *a, const struct ip *b)
{
	return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

static void set_v4(struct ip *ip, const void *four)
{
	memcpy(ip->bytes, v4_start, sizeof v4_start);
	memcpy(ip->bytes + sizeof v4_start, four, 4);
}

bool ip_parse(struct str text, struct ip *out)
{
	char copy[IP_TEXT_MAX];
	struct in_addr v4;

	if (text.len == 0 || text.len >= sizeof copy || memchr(text.data, '\0', text.len))
		return false;
	memcpy(copy, text.data, text.len);
	copy[text.len] = '\0';
	if (inet_pton(AF_INET, copy, &v4) == 1) {
		set_v4(out, &v4);
		return true;
	}
	return inet_pton(AF_INET6, copy, out->bytes) == 1;
}

bool ip_of_socket(const struct sockaddr_storage *address, struct ip *out, unsigned int *port)
{
	if (address->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)address;
		set_v4(out, &in->sin_addr);
		*port = ntohs(in->sin_port);
		return true;
	}
	if (address->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;
		memcpy(out->bytes, &in6->sin6_addr, sizeof out->bytes);
		*port = ntohs(in6->sin6_port);
		return true;
	}
	return false;
}

void ip_format(const struct ip *ip, char out[static IP_TEXT_MAX])
{
	if (ip_is_v4(ip))
		inet_ntop(AF_INET, ip->bytes + sizeof v4_start, out, IP_TEXT_MAX);
	else
		inet_ntop(AF_INET6, ip->bytes, out, IP_TEXT_MAX);
}

/* Whether the first bits of both are equal. */
static bool same_start(const struct ip *a, const struct ip *b, unsigned int bits)
{
	unsigned int whole = bits / 8, rest = bits % 8;

	return memcmp(a->bytes, b->bytes, whole) == 0 && (rest == 0 || ((a->bytes[whole] ^ b->bytes[whole]) >> (8 - rest)) == 0);
}

static bool is_zero_behind(const struct ip *ip, unsigned int bits)
{
	for (unsigned int bit = bits; bit < 128; bit++)
		if (ip->bytes[bit / 8] & 0x80 >> bit % 8)
			return false;
	return true;
}

bool cidr_parse(struct str text, struct cidr *out, struct error *err)
{
	struct str address = text, bits;
	uint64_t prefix = 128;

	*out = (struct cidr){.is_unix = str_equal(text, STR("unix"))};
	if (out->is_unix)
		return true;
	bool ranged = str_cut(text, '/', &address, &bits);
	if (!ip_parse(address, &out->first))
		return error_set(
			err, ERROR_INVALID, "\"%.*s\" is no address, no range like 10.0.0.0/8, and not \"unix\"", STR_ARG(str_head(text, 64)));
	bool dotted = memchr(address.data, ':', address.len) == NULL;
	if (ranged && (!str_to_u64(bits, &prefix) || bits.len > 3 || (bits.len > 1 && bits.data[0] == '0') || prefix > (dotted ? 32 : 128)))
		return error_set(
			err, ERROR_INVALID, "\"%.*s\": behind the / is wanted a number up to %d", STR_ARG(str_head(text, 64)), dotted ? 32 : 128);
	out->prefix = (unsigned int)prefix + (ranged && dotted ? 96 : 0);
	if (!is_zero_behind(&out->first, out->prefix))
		return error_set(err, ERROR_INVALID, "\"%.*s\" has bits set behind the first %u: a range or one address?",
			STR_ARG(str_head(text, 64)), (unsigned int)prefix);
	return true;
}

bool cidr_list_has(const struct cidr *list, size_t count, const struct ip *ip)
{
	for (size_t i = 0; i < count; i++) {
		if (!ip || list[i].is_unix) {
			if (!ip && list[i].is_unix)
				return true;
			continue;
		}
		if (same_start(&list[i].first, ip, list[i].prefix) && (list[i].prefix >= 96 || !ip_is_v4(ip)))
			return true;
	}
	return false;
}
