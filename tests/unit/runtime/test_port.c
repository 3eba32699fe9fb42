/* -p, as docker reads it. */
#include "tests/unit/unit.h"

#include "base/buf.h"
#include "runtime/port.h"

static void test_port_specs(void **state)
{
	/* want: "address:first-last>port/protocol" for each, or "" with the error's text. */
	static const struct {
		const char *text, *want, *error;
	} table[] = {
		{"80", ":0-0>80/tcp ", NULL},
		{":80", ":0-0>80/tcp ", NULL},
		{"0:80", ":0-0>80/tcp ", NULL},
		{"::80", ":0-0>80/tcp ", NULL},
		{"8080:80", ":8080-8080>80/tcp ", NULL},
		{"8080:80/udp", ":8080-8080>80/udp ", NULL},
		{"8080:80/UDP", ":8080-8080>80/udp ", NULL},
		{"9:9/sctp", ":9-9>9/sctp ", NULL},
		{"127.0.0.1:8080:80", "127.0.0.1:8080-8080>80/tcp ", NULL},
		{"127.0.0.1::80", "127.0.0.1:0-0>80/tcp ", NULL},
		{"[::1]:8080:80", "::1:8080-8080>80/tcp ", NULL},
		{"[0:0::1]:8080:80", "::1:8080-8080>80/tcp ", NULL},
		{"8000-8002:80-82", ":8000-8000>80/tcp :8001-8001>81/tcp :8002-8002>82/tcp ", NULL},
		{"8000-8010:80", ":8000-8010>80/tcp ", NULL},
		{"80-81", ":0-0>80/tcp :0-0>81/tcp ", NULL},
		{"65535:65535", ":65535-65535>65535/tcp ", NULL},
		{"a:80", "", "invalid hostPort: a"},
		{"70000:80", "", "invalid hostPort: 70000"},
		{"-1:80", "", "invalid hostPort: -1"},
		{"90-80:80", "", "invalid hostPort: 90-80"},
		{"8080:http", "", "invalid containerPort: http"},
		{"8080:0", "", "invalid containerPort: 0"},
		{"8080:80-", "", "invalid containerPort: 80-"},
		{"99999999999999999999:80", "", "invalid hostPort: 99999999999999999999"},
		{"80/foo", "", "invalid proto: foo"},
		{"80/", "", "invalid proto: "},
		{"localhost:8080:80", "", "invalid IP address: localhost"},
		{"127.0.0.256:8080:80", "", "invalid IP address: 127.0.0.256"},
		{"18092-18093:80-82", "", "invalid ranges specified for container and host Ports: 80-82 and 18092-18093"},
		{"", "", "no port specified: <empty>"},
		{"8080:", "", "no port specified: 8080:<empty>"},
		{"/tcp", "", "no port specified: /tcp<empty>"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct port_specs specs = {0};
		cleanup_error struct error err = {0};
		cleanup_buf struct buf got = {0};
		bool good = port_specs_add(&specs, str_of(table[i].text), &err);

		unit_assert(good == (table[i].error == NULL), "%s: %s", table[i].text, error_text(&err));
		if (table[i].error)
			unit_assert(strcmp(error_text(&err), table[i].error) == 0, "%s: \"%s\"", table[i].text, error_text(&err));
		for (size_t k = 0; k < specs.count; k++) {
			const struct port_spec *spec = &specs.items[k];
			buf_printf(&got, "%s:%u-%u>%u/%s ", spec->host_address, spec->host_first, spec->host_last, spec->container_port,
				port_protocol_name(spec->protocol));
		}
		unit_assert(strcmp(got.data ? got.data : "", table[i].want) == 0, "%s: \"%s\"", table[i].text, got.data);
		port_specs_free(&specs);
	}
}

static void test_exposed(void **state)
{
	uint16_t port;
	enum port_protocol protocol;

	(void)state;
	assert_true(port_parse_exposed(STR("53/udp"), &port, &protocol));
	assert_int_equal(port, 53);
	assert_int_equal(protocol, PORT_UDP);
	assert_true(port_parse_exposed(STR("80"), &port, &protocol));
	assert_int_equal(protocol, PORT_TCP);
	assert_false(port_parse_exposed(STR("0/tcp"), &port, &protocol));
	assert_false(port_parse_exposed(STR("80/x"), &port, &protocol));
	assert_false(port_parse_exposed(STR("65536"), &port, &protocol));
	assert_false(port_parse_exposed(STR(""), &port, &protocol));
}

UNIT_MAIN(cmocka_unit_test(test_port_specs), cmocka_unit_test(test_exposed))
