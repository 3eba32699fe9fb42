/* Headers as proxies write them, and as clients write them to be taken for somebody else. The trusted proxies are 10.0.0.0/8, 2001:db8:9::/48 and
 * unix. */
#include "tests/unit/unit.h"

#include "net/forwarded.h"

#define F "Forwarded"
#define XFF "X-Forwarded-For"
#define XFP "X-Forwarded-Proto"
#define XFH "X-Forwarded-Host"

static const struct {
	const char *headers[8]; /* names and values by turns */
	const char *client;     /* "": unknown; NULL: refused */
	unsigned int port;
	const char *scheme, *host;
	unsigned int host_port;
} rows[] = {
	/* Nothing said. */
	{{NULL}, "", 0, "", "", 0},
	{{"Via", "1.1 x"}, "", 0, "", "", 0},

	/* RFC 7239's own examples (4, 6, 7). */
	{{F, "for=\"_gazonk\""}, "_gazonk", 0, "", "", 0},
	{{F, "For=\"[2001:db8:cafe::17]:4711\""}, "2001:db8:cafe::17", 4711, "", "", 0},
	{{F, "for=192.0.2.60;proto=http;by=203.0.113.43"}, "192.0.2.60", 0, "http", "", 0},
	{{F, "for=192.0.2.43, for=198.51.100.17"}, "198.51.100.17", 0, "", "", 0},
	{{F, "for=192.0.2.43,for=\"[2001:db8:cafe::17]\",for=unknown"}, "", 0, "", "", 0},
	{{F, "for=_hidden, for=_SEVKISEK"}, "_SEVKISEK", 0, "", "", 0},
	{{F, "for=\"192.0.2.43:47011\""}, "192.0.2.43", 47011, "", "", 0},
	{{F, "for=\"_mystery:_port\""}, "_mystery", 0, "", "", 0},

	/* Hops: as far as they are trusted, and no further. */
	{{F, "for=203.0.113.5;proto=https;host=r.example, for=10.1.1.1;proto=http;host=inner"}, "203.0.113.5", 0, "https", "r.example", 0},
	{{F, "for=203.0.113.5, for=10.1.1.1, for=\"[2001:db8:9::1]\""}, "203.0.113.5", 0, "", "", 0},
	{{F, "for=1.1.1.1;host=evil;proto=https, for=203.0.113.5;proto=http"}, "203.0.113.5", 0, "http", "", 0},
	{{F, "for=1.1.1.1", F, "for=203.0.113.5"}, "203.0.113.5", 0, "", "", 0},
	{{F, "for=10.9.9.9"}, "10.9.9.9", 0, "", "", 0},
	{{F, "for=10.9.9.9, for=10.1.1.1"}, "10.9.9.9", 0, "", "", 0},
	{{F, "for=1.1.1.1, for=unknown, for=10.1.1.1"}, "", 0, "", "", 0},
	{{F, "for=1.1.1.1, proto=https, for=10.1.1.1"}, "", 0, "https", "", 0},
	{{XFF, "1.1.1.1, 203.0.113.5"}, "203.0.113.5", 0, "", "", 0},
	{{XFF, "203.0.113.5,10.1.1.1", XFF, "10.2.2.2"}, "203.0.113.5", 0, "", "", 0},
	{{XFF, "1.1.1.1,1.1.1.1,10.0.0.1,10.0.0.1,10.0.0.1,10.0.0.1,10.0.0.1,10.0.0.1,10.0.0.1,10.0.0.1,10.0.0.1,10.0.0.1,10.0.0.1,10.0.0.1,10.0.0.1,"
	       "10.0.0.1,10.0.0.1,10.0.0.3"},
		"10.0.0.1", 0, "", "", 0},

	/* The elder's ways of writing. */
	{{XFF, "203.0.113.5:4711"}, "203.0.113.5", 4711, "", "", 0},
	{{XFF, "2001:db8::5"}, "2001:db8::5", 0, "", "", 0},
	{{XFF, "[2001:db8::5]:80"}, "2001:db8::5", 80, "", "", 0},
	{{XFF, "::ffff:203.0.113.5"}, "203.0.113.5", 0, "", "", 0},
	{{XFF, "203.0.113.5:99999"}, "203.0.113.5", 0, "", "", 0},
	{{XFF, "unix:"}, "", 0, "", "", 0},
	{{XFF, "203.0.113.5, nonsense"}, "", 0, "", "", 0},
	{{XFF, "203.0.113.5,"}, "", 0, "", "", 0},
	{{XFF, ""}, "", 0, "", "", 0},
	{{XFF, "[203.0.113.5]"}, "", 0, "", "", 0},
	{{XFF, "[2001:db8::5"}, "", 0, "", "", 0},
	{{XFF, "[2001:db8::5]x"}, "", 0, "", "", 0},
	{{XFF, "203.0.113.5", XFP, "HTTPS", XFH, "r.example:8443"}, "203.0.113.5", 0, "https", "r.example:8443", 0},
	{{XFF, "203.0.113.5", XFP, "https", "X-Forwarded-Port", "8443"}, "203.0.113.5", 0, "https", "", 8443},
	{{XFF, "203.0.113.5", XFP, "ftp", "X-Forwarded-Port", "70000"}, "203.0.113.5", 0, "", "", 0},
	{{XFF, "203.0.113.5", XFH, "a b"}, "203.0.113.5", 0, "", "", 0},
	{{XFF, "203.0.113.5", XFH, "user@r"}, "203.0.113.5", 0, "", "", 0},
	{{XFP, "https"}, "", 0, "https", "", 0},

	/* Lists of the others: what the client's own proxy wrote. */
	{{XFF, "203.0.113.5, 10.1.1.1", XFP, "https, http", XFH, "r.example, inner"}, "203.0.113.5", 0, "https", "r.example", 0},
	{{XFF, "1.1.1.1, 203.0.113.5, 10.1.1.1", XFP, "http, https, http"}, "203.0.113.5", 0, "https", "", 0},
	{{XFF, "203.0.113.5, 10.1.1.1", XFP, "https"}, "203.0.113.5", 0, "https", "", 0},

	/* Both. */
	{{F, "for=203.0.113.5;proto=https", XFF, "203.0.113.5", XFH, "r.example"}, "203.0.113.5", 0, "https", "r.example", 0},
	{{F, "for=203.0.113.5;host=f.example", XFF, "203.0.113.5", XFH, "x.example"}, "203.0.113.5", 0, "", "f.example", 0},
	{{F, "proto=https;host=r", XFF, "203.0.113.5"}, "203.0.113.5", 0, "https", "r", 0},
	{{F, "for=unknown", XFF, "203.0.113.5"}, "203.0.113.5", 0, "", "", 0},
	{{F, "for=203.0.113.5", XFF, "unknown"}, "203.0.113.5", 0, "", "", 0},
	{{F, "for=9.9.9.9", XFF, "203.0.113.5"}, NULL, 0, NULL, NULL, 0},
	{{F, "for=_a", XFF, "203.0.113.5"}, NULL, 0, NULL, NULL, 0},

	/* Odd, and legal. */
	{{F, ""}, "", 0, "", "", 0},
	{{F, " , ;, for=203.0.113.5 ; proto=https ;,"}, "203.0.113.5", 0, "https", "", 0},
	{{F, "for=\"a,b;c\", for=203.0.113.5"}, "203.0.113.5", 0, "", "", 0},
	{{F, "secret=\"x\\\"y, for=1.1.1.1\";for=203.0.113.5"}, "203.0.113.5", 0, "", "", 0},
	{{F, "for=\"203\\.0.113.5\""}, "", 0, "", "", 0},
	{{F, "for=[2001:db8::5]:80"}, "2001:db8::5", 80, "", "", 0},
	{{F, "for=203.0.113.5;proto=ftp;host=\"a b\""}, "203.0.113.5", 0, "", "", 0},
	{{F, "for=\"\""}, "", 0, "", "", 0},

	/* Malformed: a quote that a client left open must not swallow what its proxy added. */
	{{F, "for=\"1.1.1.1, for=203.0.113.5"}, NULL, 0, NULL, NULL, 0},
	{{F, "for=\"1.1.1.1, for=\"[2001:db8::5]\""}, NULL, 0, NULL, NULL, 0},
	{{F, "for=\"1.1.1.1\\"}, NULL, 0, NULL, NULL, 0},
	{{F, "for=1.1.1.1;for=2.2.2.2"}, NULL, 0, NULL, NULL, 0},
	{{F, "for"}, NULL, 0, NULL, NULL, 0},
	{{F, "for="}, NULL, 0, NULL, NULL, 0},
	{{F, "=x"}, NULL, 0, NULL, NULL, 0},
	{{F, "for =1.1.1.1"}, NULL, 0, NULL, NULL, 0},
	{{F, "for= 1.1.1.1"}, NULL, 0, NULL, NULL, 0},
	{{F, "for=1.1.1.1 proto=https"}, NULL, 0, NULL, NULL, 0},
	{{F, "for=\"1.1.1.1\"x"}, NULL, 0, NULL, NULL, 0},
	{{F, "x, for=1.1.1.1"}, NULL, 0, NULL, NULL, 0},
};

static size_t fields_of(const char *const *headers, struct http_field *fields)
{
	size_t count = 0;

	for (; count < 4 && headers[2 * count]; count++)
		fields[count] = (struct http_field){str_of(headers[2 * count]), str_of(headers[2 * count + 1])};
	return count;
}

static void names_the_client_that_trusted_proxies_name(void **state)
{
	struct cidr trusted[3];

	(void)state;
	assert_true(cidr_parse(STR("10.0.0.0/8"), &trusted[0], NULL));
	assert_true(cidr_parse(STR("2001:db8:9::/48"), &trusted[1], NULL));
	assert_true(cidr_parse(STR("unix"), &trusted[2], NULL));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct http_field fields[4];
		struct forwarded said;
		char client[IP_TEXT_MAX] = "";
		const char *why = NULL;
		size_t count = fields_of(rows[i].headers, fields);
		bool read = forwarded_read(fields, count, trusted, ARRAY_SIZE(trusted), &said, &why);

		unit_assert(read == (rows[i].client != NULL), "row %zu: %s", i, read ? "taken" : why);
		if (!read) {
			unit_assert(why, "row %zu: no reason", i);
			continue;
		}
		if (said.client == CLIENT_IP)
			ip_format(&said.ip, client);
		else if (said.client == CLIENT_ALIAS)
			snprintf(client, sizeof client, "%.*s", STR_ARG(said.alias));
		unit_assert(strcmp(client, rows[i].client) == 0, "row %zu: client \"%s\", not \"%s\"", i, client, rows[i].client);
		unit_assert(said.port == rows[i].port, "row %zu: port %u", i, said.port);
		unit_assert(str_equal(said.scheme, str_of(rows[i].scheme)), "row %zu: scheme %.*s", i, STR_ARG(said.scheme));
		unit_assert(str_equal(said.host, str_of(rows[i].host)), "row %zu: host %.*s", i, STR_ARG(said.host));
		unit_assert(said.host_port == rows[i].host_port, "row %zu: host's port %u", i, said.host_port);
	}
}

UNIT_MAIN(cmocka_unit_test(names_the_client_that_trusted_proxies_name))
