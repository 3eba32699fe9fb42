/* Addresses and ranges as people write them, well and badly. */
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <sys/un.h>

#include "net/cidr.h"

static const struct {
	const char *range;
	const char *in, *out; /* an address that it has, and one that it has not; "unix" is that of a unix socket */
} ranges[] = {
	{"10.0.0.0/8", "10.255.255.255", "11.0.0.0"},
	{"10.0.0.0/8", "::ffff:10.1.2.3", "9.255.255.255"},
	{"192.168.4.0/22", "192.168.7.255", "192.168.8.0"},
	{"192.0.2.1", "192.0.2.1", "192.0.2.2"},
	{"192.0.2.1/32", "192.0.2.1", "192.0.2.0"},
	{"192.0.2.128/31", "192.0.2.129", "192.0.2.130"},
	{"0.0.0.0/0", "203.0.113.9", "2001:db8::1"},
	{"::/0", "2001:db8::1", "203.0.113.9"},
	{"::1", "::1", "::2"},
	{"::1/128", "::1", "unix"},
	{"2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"},
	{"2001:db8:0:8000::/49", "2001:db8:0:ffff::", "2001:db8:0:7fff::"},
	{"fe80::/10", "febf::1", "fec0::1"},
	{"::ffff:10.0.0.0/104", "10.2.3.4", "11.2.3.4"},
	{"unix", "unix", "127.0.0.1"},
};

static const char *const malformed[] = {"", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/08", "10.0.0.0/8/8",
	"10.0.0.0/ 8", "10.0.0.0/999999999999999999999", "10.0.0.0/0x8", "10.0.0.1/8", "10.0.0/8", "10.0.0.0.0", "010.0.0.0/8", "10.0.0.256",
	" 10.0.0.1", "10.0.0.1 ", "2001:db8::/129", "2001:db8::1/32", "::/", ":::", "[::1]", "::1%lo", "1:2:3:4:5:6:7:8:9", "localhost", "Unix",
	"unix/8", "unix:", "*",
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};

static bool has(const struct cidr *range, const char *text)
{
	struct ip ip;

	if (strcmp(text, "unix") == 0)
		return cidr_list_has(range, 1, NULL);
	unit_assert(ip_parse(str_of(text), &ip), "%s is no address", text);
	return cidr_list_has(range, 1, &ip);
}

static void a_range_has_what_it_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		cleanup_error struct error err = {0};
		struct cidr range;
		unit_assert(cidr_parse(str_of(ranges[i].range), &range, &err), "%s: %s", ranges[i].range, error_text(&err));
		unit_assert(has(&range, ranges[i].in), "%s has not %s", ranges[i].range, ranges[i].in);
		unit_assert(!has(&range, ranges[i].out), "%s has %s", ranges[i].range, ranges[i].out);
	}
}

static void refuses_what_is_no_range(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(malformed); i++) {
		cleanup_error struct error err = {0};
		struct cidr range;
		unit_assert(!cidr_parse(str_of(malformed[i]), &range, &err), "%s: taken", malformed[i]);
		unit_assert(err.kind == ERROR_INVALID && strchr(err.message, '"'), "%s: %s", malformed[i], error_text(&err));
	}
	cleanup_error struct error err = {0};
	struct cidr range;
	assert_false(cidr_parse(STR("::1\0/8"), &range, &err));
}

static void knows_the_other_side_of_a_socket(void **state)
{
	struct sockaddr_storage address = {0};
	struct sockaddr_in *in = (struct sockaddr_in *)&address;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&address;
	char text[IP_TEXT_MAX];
	unsigned int port;
	struct ip ip, mapped;

	(void)state;
	in->sin_family = AF_INET;
	in->sin_port = htons(4711);
	inet_pton(AF_INET, "192.0.2.1", &in->sin_addr);
	assert_true(ip_of_socket(&address, &ip, &port) && port == 4711 && ip_is_v4(&ip));
	ip_format(&ip, text);
	unit_assert_text(text, "192.0.2.1");

	in6->sin6_family = AF_INET6;
	inet_pton(AF_INET6, "::ffff:192.0.2.1", &in6->sin6_addr);
	assert_true(ip_of_socket(&address, &mapped, &port) && ip_equal(&ip, &mapped));
	inet_pton(AF_INET6, "2001:db8::1", &in6->sin6_addr);
	assert_true(ip_of_socket(&address, &ip, &port) && !ip_is_v4(&ip) && !ip_equal(&ip, &mapped));
	ip_format(&ip, text);
	unit_assert_text(text, "2001:db8::1");

	address.ss_family = AF_UNIX;
	assert_false(ip_of_socket(&address, &ip, &port));
}

UNIT_MAIN(cmocka_unit_test(a_range_has_what_it_says), cmocka_unit_test(refuses_what_is_no_range), cmocka_unit_test(knows_the_other_side_of_a_socket))
