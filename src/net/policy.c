/*
 * What server_reload may change, as one thing that never changes itself: every loop has a policy of its own, takes the next one between two turns,
 * and the last to leave one frees it. So nothing that reads a limit takes a lock.
 */
#include "net/server_internal.h"

#include <openssl/ssl.h>

#include "base/mem.h"

/* A limit that is 0 is the default's; of those that have no default 0 is none. */
static void fill_limits(struct server_limits *limits)
{
	const struct server_limits *defaults = &server_limits_default;

	limits->connections = limits->connections ? limits->connections : defaults->connections;
	limits->header_bytes = limits->header_bytes ? limits->header_bytes : defaults->header_bytes;
	limits->buffers = limits->buffers ? limits->buffers : defaults->buffers;
	limits->head_timeout_ms = limits->head_timeout_ms ? limits->head_timeout_ms : defaults->head_timeout_ms;
	limits->idle_timeout_ms = limits->idle_timeout_ms ? limits->idle_timeout_ms : defaults->idle_timeout_ms;
	limits->body_timeout_ms = limits->body_timeout_ms ? limits->body_timeout_ms : defaults->body_timeout_ms;
}

static bool read_trusted(struct server_policy *policy, const struct server_settings *settings, struct error *err)
{
	policy->trusted = mem_alloc(settings->trusted_proxies_count, sizeof *policy->trusted);
	for (; policy->trusted_count < settings->trusted_proxies_count; policy->trusted_count++)
		if (!cidr_parse(str_of(settings->trusted_proxies[policy->trusted_count]), &policy->trusted[policy->trusted_count], err))
			return error_prefix(err, "trusted proxies");
	return true;
}

struct server_policy *policy_new(struct tls_shared *tls, const struct server_settings *settings, struct error *err)
{
	struct server_policy *policy = mem_alloc(1, sizeof *policy);

	atomic_store(&policy->holders, 1);
	policy->limits = settings->limits;
	fill_limits(&policy->limits);
	if (!read_trusted(policy, settings, err)) {
		policy_release(policy);
		return NULL;
	}
	if (!tls)
		return policy;
	if (!settings->tls)
		error_set(err, ERROR_INVALID, "an address is to speak TLS, and there is no certificate");
	else if (tls_context_new(&policy->tls, tls, settings->tls, err))
		return policy;
	policy_release(policy);
	return NULL;
}

void policy_hold(struct server_policy *policy)
{
	atomic_fetch_add(&policy->holders, 1);
}

void policy_release(struct server_policy *policy)
{
	if (!policy || atomic_fetch_sub(&policy->holders, 1) > 1)
		return;
	SSL_CTX_free(policy->tls);
	free(policy->trusted);
	free(policy);
}

void policy_offer(struct loop *loop, struct server_policy *policy)
{
	policy_hold(policy);
	policy_release(atomic_exchange(&loop->next_policy, policy));
	loop_wake(loop);
}

void policy_take(struct loop *loop)
{
	struct server_policy *next;

	if (!atomic_load_explicit(&loop->next_policy, memory_order_relaxed))
		return;
	next = atomic_exchange(&loop->next_policy, NULL);
	if (!next)
		return;
	policy_release(loop->policy);
	loop->policy = next;
}
