/* The server over TLS: versions, tickets, reload, big bodies, slow clients. */
#include "tests/unit/net/tls_client.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/file.h"
#include "base/thread.h"
#include "tests/unit/net/tls_identity.h"
#include "tests/unit/net/tls_world.h"

#define SMALL "GET /small HTTP/1.1\r\nHost: h\r\n\r\n"

static struct server_counters counters(const struct world *world)
{
	struct server_counters counters;

	server_counters(world->fixture.server, &counters);
	return counters;
}

/* ---- versions and choices ---- */

static void speaks_1_2_and_1_3_and_nothing_older(void **state)
{
	static const struct {
		int version;
		bool only_1_3, spoken;
	} rows[] = {
		{TLS1_3_VERSION, false, true},
		{TLS1_2_VERSION, false, true},
		{TLS1_1_VERSION, false, false},
		{TLS1_VERSION, false, false},
		{TLS1_3_VERSION, true, true},
		{TLS1_2_VERSION, true, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world world;
		struct tls_client client;

		world_start(&world, NULL, rows[i].only_1_3);
		tls_client_new(&client, rows[i].version);
		bool spoken = tls_client_open(&client, &world.fixture, false);
		unit_assert(spoken == rows[i].spoken, "version %x, only 1.3: %d", rows[i].version, rows[i].only_1_3);
		if (spoken) {
			tls_client_ask(&client, STR("GET /peer HTTP/1.1\r\nHost: h\r\n\r\n"), 200);
			unit_assert(str_ends(buf_str(&client.body), STR(" https h")), "%s", client.body.data);
		}
		tls_client_free(&client);
		fixture_stop(&world.fixture);
		world_files_remove(&world);
	}
}

static void agrees_on_http_1_1_alone(void **state)
{
	static const unsigned char both[] = "\x02h2\x08http/1.1", h2[] = "\x02h2";
	const unsigned char *chosen;
	unsigned int chosen_len;
	struct world world;
	struct tls_client client;

	(void)state;
	world_start(&world, NULL, false);
	tls_client_new(&client, 0);
	SSL_CTX_set_alpn_protos(client.context, both, sizeof both - 1);
	assert_true(tls_client_open(&client, &world.fixture, false));
	SSL_get0_alpn_selected(client.ssl, &chosen, &chosen_len);
	assert_true(str_equal(str_make((const char *)chosen, chosen_len), STR("http/1.1")));
	unit_assert_text(SSL_get_cipher(client.ssl), "TLS_AES_128_GCM_SHA256");
	tls_client_close(&client, true);
	SSL_CTX_set_alpn_protos(client.context, h2, sizeof h2 - 1);
	unit_assert(!tls_client_open(&client, &world.fixture, false), "it speaks h2");
	tls_client_free(&client);
	world_stop(&world);
}

static void does_not_renegotiate(void **state)
{
	struct world world;
	struct tls_client client;

	(void)state;
	world_start(&world, NULL, false);
	tls_client_new(&client, TLS1_2_VERSION);
	assert_true(tls_client_open(&client, &world.fixture, false));
	tls_client_ask(&client, STR(SMALL), 200);
	assert_true(SSL_renegotiate(client.ssl) == 1);
	unit_assert(SSL_do_handshake(client.ssl) != 1, "it does");
	tls_client_free(&client);
	world_stop(&world);
}

/* ---- tickets ---- */

static void resumes_sessions_on_every_loop_and_behind_a_reload(void **state)
{
	static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
	cleanup_error struct error err = {0};
	struct world world;

	(void)state;
	world_start(&world, NULL, false);
	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		struct tls_client first, second;
		tls_client_new(&first, versions[i]);
		tls_client_new(&second, versions[i]);
		assert_true(tls_client_open(&first, &world.fixture, false));
		assert_false(SSL_session_reused(first.ssl));
		tls_client_ask(&first, STR(SMALL), 200);
		tls_client_close(&first, true);
		for (int round = 0; round < 3; round++) {
			if (round == 2)
				unit_assert(server_reload(world.fixture.server, &world.fixture.settings, &err), "%s", error_text(&err));
			/* Two at once are on the two loops, so one of them on a loop that the ticket is not from. */
			SSL_SESSION_free(second.session);
			second.session = SSL_SESSION_dup(first.session);
			assert_true(tls_client_open(&first, &world.fixture, true) && tls_client_open(&second, &world.fixture, true));
			unit_assert(SSL_session_reused(first.ssl) && SSL_session_reused(second.ssl), "version %x, round %d", versions[i], round);
			tls_client_ask(&first, STR(SMALL), 200);
			tls_client_ask(&second, STR(SMALL), 200);
			tls_client_close(&first, true);
			tls_client_close(&second, true);
		}
		tls_client_free(&first);
		tls_client_free(&second);
	}
	struct server_counters all = counters(&world);
	assert_int_equal(all.tls_handshakes, 2 * 7);
	assert_int_equal(all.tls_resumed, 2 * 6);
	assert_int_equal(all.tls_failures, 0);
	world_stop(&world);
}

static void a_ticket_that_is_not_ours_costs_a_handshake(void **state)
{
	struct world world, other;
	struct tls_client client;

	(void)state;
	world_start(&world, NULL, false);
	world_start(&other, NULL, false);
	tls_client_new(&client, 0);
	assert_true(tls_client_open(&client, &world.fixture, false));
	tls_client_ask(&client, STR(SMALL), 200);
	tls_client_close(&client, true);
	assert_true(tls_client_open(&client, &other.fixture, true));
	assert_false(SSL_session_reused(client.ssl));
	tls_client_ask(&client, STR(SMALL), 200);
	tls_client_free(&client);
	world_stop(&other);
	world_stop(&world);
}

/* ---- reload ---- */

static void takes_a_new_certificate_and_drops_no_connection(void **state)
{
	struct world world;
	struct tls_client old, new;
	struct identity identity = identity_make("IP:127.0.0.1", 7200);
	cleanup_error struct error err = {0};

	(void)state;
	world_start(&world, NULL, false);
	tls_client_new(&old, 0);
	tls_client_new(&new, 0);
	assert_true(tls_client_open(&old, &world.fixture, false));
	tls_client_ask(&old, STR(SMALL), 200);

	/* The certificate alone is new: all stays as it was. */
	identity_write(&identity, world.cert_file, NULL);
	unit_assert(!server_reload(world.fixture.server, &world.fixture.settings, &err), "a key of another certificate was taken");
	unit_assert(strstr(err.message, world.key_file) && strstr(err.message, world.cert_file), "%s", error_text(&err));
	assert_true(tls_client_open(&new, &world.fixture, false));
	X509 *shown = SSL_get1_peer_certificate(new.ssl);
	assert_true(X509_cmp(shown, identity.certificate) != 0);
	X509_free(shown);
	tls_client_ask(&new, STR(SMALL), 200);
	tls_client_close(&new, true);

	identity_write(&identity, NULL, world.key_file);
	error_clear(&err);
	unit_assert(server_reload(world.fixture.server, &world.fixture.settings, &err), "%s", error_text(&err));
	assert_true(tls_client_open(&new, &world.fixture, false));
	shown = SSL_get1_peer_certificate(new.ssl);
	unit_assert(X509_cmp(shown, identity.certificate) == 0, "it shows the old certificate");
	X509_free(shown);
	tls_client_ask(&new, STR(SMALL), 200);
	tls_client_ask(&old, STR(SMALL), 200);
	tls_client_free(&new);
	tls_client_free(&old);
	identity_free(&identity);
	world_stop(&world);
}

static void takes_new_limits(void **state)
{
	struct world world;
	struct tls_client client;
	cleanup_error struct error err = {0};
	cleanup_buf struct buf request = {0};

	(void)state;
	world_start(&world, NULL, false);
	tls_client_new(&client, 0);
	buf_printf(&request, "GET /small HTTP/1.1\r\nHost: h\r\nX: %03000d\r\n\r\n", 0);
	assert_true(tls_client_open(&client, &world.fixture, false));
	tls_client_ask(&client, buf_str(&request), 200);
	world.fixture.settings.limits.header_bytes = 1024;
	unit_assert(server_reload(world.fixture.server, &world.fixture.settings, &err), "%s", error_text(&err));
	tls_client_ask(&client, buf_str(&request), 431);
	tls_client_free(&client);
	world_stop(&world);
}

/* ---- bodies ---- */

static void sends_and_takes_big_bodies(void **state)
{
	static const char promise[] = "PUT /up/take HTTP/1.1\r\nHost: h\r\nContent-Length: 6291473\r\nExpect: 100-continue\r\n\r\n";
	struct world world;
	struct tls_client client;

	(void)state;
	world_start(&world, NULL, false);
	tls_client_new(&client, 0);
	assert_true(tls_client_open(&client, &world.fixture, false));
	tls_client_ask(&client, STR("GET /file HTTP/1.1\r\nHost: h\r\n\r\n"), 200);
	unit_assert(client.body.len == FIXTURE_FILE_SIZE && memcmp(client.body.data, world.fixture.file, FIXTURE_FILE_SIZE) == 0, "another file");
	tls_client_ask(&client, STR("GET /parts HTTP/1.1\r\nHost: h\r\n\r\n"), 206);
	assert_int_equal(client.body.len, 9);
	tls_client_ask(&client, str_of(promise), 100);
	tls_client_send(&client, str_make(world.fixture.file, FIXTURE_FILE_SIZE));
	assert_true(tls_client_answer(&client));
	unit_assert(client.status == 201 && str_starts(buf_str(&client.body), STR("6291473 ")), "%d %s", client.status, client.body.data);
	/* Bytes are counted as they are within TLS, an answer's behind its last: it may be here before. */
	fixture_wait_count(&world.fixture.answered, 3);
	struct server_counters all = counters(&world);
	assert_in_range(all.sent_bytes, FIXTURE_FILE_SIZE + 300, FIXTURE_FILE_SIZE + 2000);
	assert_in_range(all.received_bytes, FIXTURE_FILE_SIZE + 100, FIXTURE_FILE_SIZE + 500);
	/* A file that is shorter than was promised ends the connection, and not as if it were complete. */
	tls_client_send(&client, STR("GET /cut HTTP/1.1\r\nHost: h\r\n\r\n"));
	unit_assert(!tls_client_answer(&client), "it sends more than there is");
	tls_client_free(&client);
	world_stop(&world);
}

static void a_body_in_memory_goes_out_in_records(void **state)
{
	struct server_limits limits = server_limits_default;
	cleanup_buf struct buf request = {0};
	struct world world;
	struct tls_client client;

	(void)state;
	limits.header_bytes = 512 * 1024;
	world_start(&world, &limits, false);
	buf_printf(&request, "GET /loop-query?x=%0200000d HTTP/1.1\r\nHost: h\r\n\r\n", 7);
	tls_client_new(&client, 0);
	assert_true(tls_client_open(&client, &world.fixture, false));
	for (int i = 0; i < 20; i++)
		tls_client_send(&client, buf_str(&request));
	for (int i = 0; i < 20; i++) {
		unit_assert(tls_client_answer(&client) && client.status == 200, "answer %d", i);
		unit_assert(client.body.len == 200000 && client.body.data[199999] == '7', "answer %d", i);
	}
	tls_client_free(&client);
	world_stop(&world);
}

static void waits_for_a_client_that_reads_slowly(void **state)
{
	const struct timespec pause = {0, 3000000};
	const int small = 256 * 1024;
	struct world world;
	struct tls_client client, other;
	char piece[7001];
	size_t got, all = 0;
	bool head_read = false;

	(void)state;
	world_start(&world, NULL, false);
	tls_client_new(&client, 0);
	tls_client_new(&other, 0);
	assert_true(tls_client_open(&client, &world.fixture, false));
	setsockopt(client.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	tls_client_send(&client, STR("GET /file HTTP/1.1\r\nHost: h\r\n\r\n"));
	while (SSL_read_ex(client.ssl, piece, sizeof piece, &got) == 1) {
		size_t head = 0;
		if (!head_read) {
			char *end = memmem(piece, got, "\r\n\r\n", 4);
			assert_non_null(end);
			head = (size_t)(end - piece) + 4;
			head_read = true;
		}
		unit_assert(memcmp(piece + head, world.fixture.file + all, got - head) == 0, "other bytes at %zu", all);
		all += got - head;
		if (all >= FIXTURE_FILE_SIZE)
			break;
		if (all < 300000) {
			nanosleep(&pause, NULL);
			assert_true(tls_client_open(&other, &world.fixture, false));
			tls_client_ask(&other, STR(SMALL), 200);
			tls_client_close(&other, false);
		}
	}
	assert_int_equal(all, FIXTURE_FILE_SIZE);
	tls_client_free(&client);
	tls_client_free(&other);
	world_stop(&world);
}

/* ---- ends ---- */

static void says_goodbye(void **state)
{
	struct server_limits limits = server_limits_default;
	struct world world;
	struct tls_client client;
	char byte;
	size_t got;

	(void)state;
	limits.idle_timeout_ms = 50;
	world_start(&world, &limits, false);
	tls_client_new(&client, 0);
	for (int i = 0; i < 2; i++) {
		/* Told to close; left idle. */
		assert_true(tls_client_open(&client, &world.fixture, false));
		tls_client_ask(&client, i ? STR(SMALL) : STR("GET /small HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"), 200);
		assert_true(SSL_read_ex(client.ssl, &byte, 1, &got) == 0);
		unit_assert(SSL_get_error(client.ssl, 0) == SSL_ERROR_ZERO_RETURN, "no close_notify: %d", i);
		tls_client_close(&client, true);
	}
	tls_client_free(&client);
	world_stop(&world);
}

static void survives_key_updates_without_end(void **state)
{
	struct world world;
	struct tls_client client, other;

	(void)state;
	world_start(&world, NULL, false);
	tls_client_new(&client, TLS1_3_VERSION);
	tls_client_new(&other, 0);
	assert_true(tls_client_open(&client, &world.fixture, false));
	for (int i = 0; i < 3000; i++)
		assert_true(SSL_key_update(client.ssl, SSL_KEY_UPDATE_REQUESTED) == 1 && SSL_do_handshake(client.ssl) == 1);
	assert_true(tls_client_open(&other, &world.fixture, false));
	tls_client_ask(&other, STR(SMALL), 200);
	tls_client_ask(&client, STR(SMALL), 200);
	tls_client_ask(&client, STR("GET /file HTTP/1.1\r\nHost: h\r\n\r\n"), 200);
	unit_assert(memcmp(client.body.data, world.fixture.file, FIXTURE_FILE_SIZE) == 0, "another file");
	tls_client_free(&client);
	tls_client_free(&other);
	world_stop(&world);
}

static void tells_who_speaks_plain_http(void **state)
{
	struct world world;
	struct client client;
	struct str value;

	(void)state;
	world_start(&world, NULL, false);
	client_open(&client, &world.fixture);
	client_ask(&client, STR("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
	assert_true(client_header(&client, "Content-Type", &value) && str_starts(value, STR("text/plain")));
	unit_assert(strstr(client.body.data, "https://"), "%s", client.body.data);
	unit_assert(client_ended(&client), "it stays open");
	client_close(&client);
	/* The address without TLS is as ever. */
	world.fixture.port_of = 1;
	client_open(&client, &world.fixture);
	client_ask(&client, STR(SMALL), 200);
	client_close(&client);
	assert_int_equal(counters(&world).tls_failures, 1);
	world_stop(&world);
}

static void gives_up_on_handshakes(void **state)
{
	/* Nothing; half a greeting; none at all. */
	static const struct str rows[] = {STR(""), STR("\x16\x03\x01\x02"), STR("\x16\x03\x01\x00\x05hello")};
	struct server_limits limits = server_limits_default;
	struct world world;

	(void)state;
	limits.head_timeout_ms = 50;
	world_start(&world, &limits, false);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct client client;
		char bytes[64];

		client_open(&client, &world.fixture);
		client_send(&client, rows[i]);
		while (recv(client.fd, bytes, sizeof bytes, 0) > 0)
			continue; /* an alert */
		client_close(&client);
		assert_int_equal(counters(&world).tls_failures, i + 1);
	}
	world_stop(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(speaks_1_2_and_1_3_and_nothing_older),
		cmocka_unit_test(agrees_on_http_1_1_alone),
		cmocka_unit_test(does_not_renegotiate),
		cmocka_unit_test(resumes_sessions_on_every_loop_and_behind_a_reload),
		cmocka_unit_test(a_ticket_that_is_not_ours_costs_a_handshake),
		cmocka_unit_test(takes_a_new_certificate_and_drops_no_connection),
		cmocka_unit_test(takes_new_limits),
		cmocka_unit_test(sends_and_takes_big_bodies),
		cmocka_unit_test(a_body_in_memory_goes_out_in_records),
		cmocka_unit_test(waits_for_a_client_that_reads_slowly),
		cmocka_unit_test(says_goodbye),
		cmocka_unit_test(survives_key_updates_without_end),
		cmocka_unit_test(tells_who_speaks_plain_http),
		cmocka_unit_test(gives_up_on_handshakes),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
