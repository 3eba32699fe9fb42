/* Counts by address, rates, and the pace of a body, with a clock of the test's own. */
#include "tests/unit/unit.h"

#include "net/limits.h"

#define SECOND ((int64_t)1000000)

static struct ip key_of(const char *text)
{
	struct ip ip;

	unit_assert(ip_parse(str_of(text), &ip), "%s is no address", text);
	return limits_key_of_ip(&ip);
}

static void counts_by_address_and_ipv6_by_network(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} rows[] = {
		{"192.0.2.1", "192.0.2.2", false},
		{"192.0.2.1", "::ffff:192.0.2.1", true},
		{"2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", true},
		{"2001:db8:1:2::1", "2001:db8:1:3::1", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct ip a = key_of(rows[i].a), b = key_of(rows[i].b);
		unit_assert(ip_equal(&a, &b) == rows[i].same, "%s and %s", rows[i].a, rows[i].b);
	}
	struct ip a = limits_key_of_alias(STR("_a")), b = limits_key_of_alias(STR("_b")), again = limits_key_of_alias(STR("_a"));
	assert_true(ip_equal(&a, &again) && !ip_equal(&a, &b) && a.bytes[0] == 0xff);
}

static void an_address_has_so_many_connections(void **state)
{
	struct limits *limits = limits_new();
	struct ip one = key_of("192.0.2.1"), other = key_of("192.0.2.2");

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 5; i++)
			assert_int_equal(limits_connect(limits, &one, 5, round), LIMITS_COUNTED);
		assert_int_equal(limits_connect(limits, &one, 5, round), LIMITS_REFUSED);
		assert_int_equal(limits_connect(limits, &other, 5, round), LIMITS_COUNTED);
		limits_disconnect(limits, &other, round);
		limits_disconnect(limits, &one, round);
		assert_int_equal(limits_connect(limits, &one, 5, round), LIMITS_COUNTED);
		assert_int_equal(limits_connect(limits, &one, 0, round), LIMITS_COUNTED); /* without a limit it counts all the same */
		for (int i = 0; i < 6; i++)
			limits_disconnect(limits, &one, round);
	}
	limits_free(limits);
}

static void an_address_has_so_many_requests(void **state)
{
	struct limits *limits = limits_new();
	struct ip one = key_of("192.0.2.1"), other = key_of("192.0.2.2"), third = key_of("192.0.2.3");
	int64_t now = 1000 * SECOND;

	(void)state;
	/* Ten a second and five ahead: six at once, then one each 100 ms. */
	for (int i = 0; i < 6; i++)
		assert_int_equal(limits_request(limits, &one, 10, 5, now), 0);
	assert_int_equal(limits_request(limits, &one, 10, 5, now), SECOND / 10);
	assert_int_equal(limits_request(limits, &other, 10, 5, now), 0);
	assert_int_equal(limits_request(limits, &one, 10, 5, now + SECOND / 20), SECOND / 20);
	assert_int_equal(limits_request(limits, &one, 10, 5, now + SECOND / 10), 0);
	assert_int_equal(limits_request(limits, &one, 10, 5, now + SECOND / 10), SECOND / 10);
	/* Who is refused gets no later for it, and who waits has all of it again, and no more. */
	now += 100 * SECOND;
	for (int i = 0; i < 6; i++)
		assert_int_equal(limits_request(limits, &one, 10, 5, now), 0);
	assert_int_not_equal(limits_request(limits, &one, 10, 5, now), 0);
	/* At a steady pace never refused. */
	for (int i = 0; i < 1000; i++)
		assert_int_equal(limits_request(limits, &other, 10, 0, now + i * SECOND / 10), 0);
	/* The largest numbers do not turn round. */
	assert_int_equal(limits_request(limits, &third, UINT32_MAX, UINT32_MAX, now), 0);
	assert_int_equal(limits_request(limits, &third, 1, UINT32_MAX, now), 0);
	limits_free(limits);
}

static void strangers_do_not_push_out_who_is_connected(void **state)
{
	struct limits *limits = limits_new();
	struct ip one = key_of("192.0.2.1");
	size_t counted = 0;

	(void)state;
	for (int i = 0; i < 5; i++)
		assert_int_equal(limits_connect(limits, &one, 5, 0), LIMITS_COUNTED);
	/* Many times as many addresses as there is room for. */
	for (uint32_t i = 0; i < 1000000; i++) {
		struct ip stranger = {{0x20, 0x01, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}};
		assert_int_equal(limits_request(limits, &stranger, 1, 0, i), 0);
		enum limits_answer answer = limits_connect(limits, &stranger, 5, i);
		assert_int_not_equal(answer, LIMITS_REFUSED);
		counted += answer == LIMITS_COUNTED;
		if (answer == LIMITS_COUNTED && i % 10)
			limits_disconnect(limits, &stranger, i);
	}
	unit_assert(counted > 500000, "only %zu of a million counted", counted);
	assert_int_equal(limits_connect(limits, &one, 5, 0), LIMITS_REFUSED);
	limits_free(limits);
}

static void judges_the_pace_by_the_time_that_the_client_was_waited_for(void **state)
{
	struct pace pace = {0};
	int64_t now = 0;

	(void)state;
	/* It drips: a byte a second where 100 are wanted. */
	for (int i = 0; i < 30; i++) {
		assert_false(pace_is_due(&pace, 30 * SECOND));
		pace_wait(&pace, true, now);
		now += SECOND;
		pace_wait(&pace, true, now);
	}
	assert_true(pace_is_due(&pace, 30 * SECOND));
	assert_true(pace_is_slow(&pace, 30, 100));

	/* Exactly as fast as wanted, counted from there. */
	now += 30 * SECOND;
	pace_wait(&pace, true, now);
	assert_true(pace_is_due(&pace, 30 * SECOND));
	assert_false(pace_is_slow(&pace, 30 + 3000, 100));
	now += 30 * SECOND;
	pace_wait(&pace, true, now);
	assert_true(pace_is_slow(&pace, 30 + 3000 + 2999, 100));

	/* An hour of our own does not count. */
	pace_wait(&pace, false, now);
	now += 3600 * SECOND;
	pace_wait(&pace, true, now);
	assert_false(pace_is_due(&pace, SECOND));
}

UNIT_MAIN(cmocka_unit_test(counts_by_address_and_ipv6_by_network), cmocka_unit_test(an_address_has_so_many_connections),
	cmocka_unit_test(an_address_has_so_many_requests), cmocka_unit_test(strangers_do_not_push_out_who_is_connected),
	cmocka_unit_test(judges_the_pace_by_the_time_that_the_client_was_waited_for))
