/* The line that a request leaves in the log. */
#include <stdio.h>

#include "base/buf.h"
#include "base/log.h"
#include "registry/log_target.h"
#include "registry/watch/watch_internal.h"

void access_log(const struct request *request, int status, int64_t sent_bytes, int64_t took_us)
{
	cleanup_buf struct buf target = {0};
	char status_text[16], bytes[24], took[24];
	struct str agent;

	if (!log_wants(LOG_LEVEL_INFO))
		return;
	request_header(request, "User-Agent", &agent);
	log_target(&target, request_target(request));
	snprintf(status_text, sizeof status_text, "%d", status);
	snprintf(bytes, sizeof bytes, "%lld", (long long)sent_bytes);
	snprintf(took, sizeof took, "%lld", (long long)took_us);
	const struct log_field fields[] = {
		{"peer", request_peer(request), false},
		{"method", str_of(target.len ? http_method_name(request_method(request)) : ""), false},
		{"target", buf_str(&target), false},
		{"status", str_of(status_text), true},
		{"bytes", str_of(bytes), true},
		{"us", str_of(took), true},
		{"agent", str_head(agent, 256), false},
		LOG_FIELDS_END,
	};
	log_line(LOG_LEVEL_INFO, fields, "answered");
}
