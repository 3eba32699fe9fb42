#include "net/limits.h"

#include <pthread.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"

/* Buckets of a few entries each: who hashes to a bucket that is full pushes out the entry that says least. 32 bytes an entry, 4 MiB when all are in
 * use. */
#define BUCKETS ((size_t)16384)
#define BUCKET_ENTRIES 8
#define LOCKS 64

struct entry {
	struct ip key;
	int64_t ahead_until_ns; /* when its requests so far will have been paid for by the rate */
	size_t connections;
};

struct limits {
	uint64_t seed[2];             /* nobody can choose addresses that share a bucket */
	pthread_mutex_t locks[LOCKS]; /* each guards every LOCKS-th bucket */
	struct entry entries[BUCKETS][BUCKET_ENTRIES];
};

struct limits *limits_new(void)
{
	struct limits *limits = mem_alloc(1, sizeof *limits);

	random_bytes(limits->seed, sizeof limits->seed);
	for (size_t i = 0; i < LOCKS; i++)
		pthread_mutex_init(&limits->locks[i], NULL);
	return limits;
}

void limits_free(struct limits *limits)
{
	if (!limits)
		return;
	for (size_t i = 0; i < LOCKS; i++)
		pthread_mutex_destroy(&limits->locks[i]);
	free(limits);
}

/* The finalizer of MurmurHash3: every bit of the input changes half of the output's. */
static uint64_t mix(uint64_t x)
{
	x ^= x >> 33;
	x *= 0xff51afd7ed558ccdu;
	x ^= x >> 33;
	x *= 0xc4ceb9fe1a85ec53u;
	return x ^ x >> 33;
}

struct ip limits_key_of_ip(const struct ip *ip)
{
	struct ip key = *ip;

	if (!ip_is_v4(ip))
		memset(key.bytes + 8, 0, 8);
	return key;
}

struct ip limits_key_of_alias(struct str alias)
{
	uint64_t words[2] = {0, alias.len};
	struct ip key;

	for (size_t i = 0; i < alias.len; i++) {
		words[0] = mix(words[0] + (unsigned char)alias.data[i] + 1);
		words[1] = mix(words[1] ^ words[0]);
	}
	memcpy(key.bytes, words, sizeof key.bytes);
	key.bytes[0] = 0xff; /* a multicast address: no peer has it */
	return key;
}

static size_t bucket_of(const struct limits *limits, const struct ip *key)
{
	uint64_t words[2];

	memcpy(words, key->bytes, sizeof words);
	return (size_t)(mix(mix(words[0] ^ limits->seed[0]) ^ words[1] ^ limits->seed[1]) % BUCKETS);
}

/* The key's entry, an old one or a free one; NULL when all of its bucket have connections. */
static struct entry *entry_of(struct entry *bucket, const struct ip *key, int64_t now_ns)
{
	struct entry *least = NULL;

	for (size_t i = 0; i < BUCKET_ENTRIES; i++) {
		struct entry *entry = &bucket[i];
		if (ip_equal(&entry->key, key))
			return entry;
		if (entry->connections == 0 && (!least || entry->ahead_until_ns < least->ahead_until_ns))
			least = entry;
	}
	if (least)
		*least = (struct entry){.key = *key, .ahead_until_ns = now_ns};
	return least;
}

enum limits_answer limits_connect(struct limits *limits, const struct ip *key, size_t max, int64_t now_us)
{
	size_t bucket = bucket_of(limits, key);
	enum limits_answer answer = LIMITS_COUNTED;

	pthread_mutex_lock(&limits->locks[bucket % LOCKS]);
	struct entry *entry = entry_of(limits->entries[bucket], key, now_us * 1000);
	if (!entry)
		answer = LIMITS_UNCOUNTED;
	else if (max && entry->connections >= max)
		answer = LIMITS_REFUSED;
	else
		entry->connections++;
	pthread_mutex_unlock(&limits->locks[bucket % LOCKS]);
	return answer;
}

void limits_disconnect(struct limits *limits, const struct ip *key, int64_t now_us)
{
	size_t bucket = bucket_of(limits, key);

	pthread_mutex_lock(&limits->locks[bucket % LOCKS]);
	/* What has connections is never pushed out: it is there. */
	entry_of(limits->entries[bucket], key, now_us * 1000)->connections--;
	pthread_mutex_unlock(&limits->locks[bucket % LOCKS]);
}

int64_t limits_request(struct limits *limits, const struct ip *key, unsigned int per_second, unsigned int burst, int64_t now_us)
{
	const int64_t each_ns = (int64_t)1000000000 / per_second, now_ns = now_us * 1000;
	size_t bucket = bucket_of(limits, key);
	int64_t early_ns = 0;

	pthread_mutex_lock(&limits->locks[bucket % LOCKS]);
	struct entry *entry = entry_of(limits->entries[bucket], key, now_ns);
	if (entry) {
		int64_t until_ns = entry->ahead_until_ns > now_ns ? entry->ahead_until_ns : now_ns;
		early_ns = until_ns - now_ns - (int64_t)burst * each_ns;
		if (early_ns <= 0)
			entry->ahead_until_ns = until_ns + each_ns;
	}
	pthread_mutex_unlock(&limits->locks[bucket % LOCKS]);
	return early_ns > 0 ? (early_ns + 999) / 1000 : 0;
}

void pace_wait(struct pace *pace, bool waits, int64_t now_us)
{
	if (pace->waiting)
		pace->waited_us += now_us - pace->waiting_since_us;
	pace->waiting = waits;
	pace->waiting_since_us = now_us;
}

bool pace_is_due(const struct pace *pace, int64_t span_us)
{
	return pace->waited_us >= span_us;
}

bool pace_is_slow(struct pace *pace, int64_t bytes, unsigned int per_second)
{
	bool slow = bytes - pace->from < pace->waited_us / 1000 * (int64_t)per_second / 1000;

	pace->waited_us = 0;
	pace->from = bytes;
	return slow;
}
