/*
 * The limits that go by the client's address, and by the pace of a body. One table has what each address does now: connections open, and how far its
 * requests are ahead of their rate. An entry that says nothing more is free again, and the table never grows; IPv6 counts by /64, as whoever has one
 * address of it has them all. A table that strangers fill forgets who has no connection and is least ahead.
 */
#ifndef NET_LIMITS_H
#define NET_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "net/cidr.h"

struct limits;

/* Owned by the caller. All functions on it are for any thread. */
struct limits *limits_new(void);
void limits_free(struct limits *limits);

/* By what a client is counted. */
struct ip limits_key_of_ip(const struct ip *ip);
struct ip limits_key_of_alias(struct str alias);

enum limits_answer {
	LIMITS_COUNTED,   /* say limits_disconnect at its end */
	LIMITS_UNCOUNTED, /* there was no room for this address: let it pass */
	LIMITS_REFUSED,
};
/* One more connection of this key, which may have max (0: any number). */
enum limits_answer limits_connect(struct limits *limits, const struct ip *key, size_t max, int64_t now_us);
void limits_disconnect(struct limits *limits, const struct ip *key, int64_t now_us);

/*
 * One more request of this key: 0 when it may, else the microseconds after which it may. per_second from 1 on; burst says how many it may be ahead of
 * that rate. (The generic cell rate algorithm: a bucket of tokens kept as one point in time.)
 */
int64_t limits_request(struct limits *limits, const struct ip *key, unsigned int per_second, unsigned int burst, int64_t now_us);

/*
 * The pace of one body, in or out: how long its client was waited for, and how far it came meanwhile. Time that the server itself takes does not
 * count. Starts as {0}, or with from where the body begins.
 */
struct pace {
	bool waiting;
	int64_t waiting_since_us, waited_us;
	int64_t from; /* bytes that had moved when waited_us was 0 */
};

/* Nothing more comes or goes until the client does something; or, waits false, until we do. */
void pace_wait(struct pace *pace, bool waits, int64_t now_us);
/* Whether the client was waited for so long since it was last judged that it should be again. */
bool pace_is_due(const struct pace *pace, int64_t span_us);
/* Judges it: whether it moved fewer than per_second bytes a second; bytes have moved in all. A new span begins. */
bool pace_is_slow(struct pace *pace, int64_t bytes, unsigned int per_second);

#endif
