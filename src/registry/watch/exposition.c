/* /metrics: everything that is counted anywhere, by name. Runs on a loop: it takes no lock that is held for longer than a copy. */
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "registry/distribution/distribution.h"
#include "registry/watch/metrics.h"
#include "registry/watch/process.h"
#include "registry/watch/watch_internal.h"

#define P "naru_registry_"

static void write_server(struct buf *out, const struct server *server)
{
	struct server_counters now = {0};

	server_counters(server, &now);
	metric_gauge(out, P "connections_open", "Connections that are open.", (double)now.open);
	metric_counter(out, P "connections_accepted_total", "Connections that were accepted.", now.accepted);
	metric_family(out, P "refused_total", METRIC_COUNTER, "Connections and requests refused for a limit, by the limit's name.");
	const struct {
		const char *limit;
		uint64_t count;
	} refused[] = {
		{"connections", now.refused_connections},
		{"connections_per_address", now.refused_per_address},
		{"requests_per_second", now.refused_rate},
	};
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		metric_count(out, P "refused_total", (struct metric_label[]){{"limit", str_of(refused[i].limit)}, {NULL, {0}}}, refused[i].count);
	metric_counter(out, P "timeouts_total", "Heads, bodies and answers that did not move in time.", now.timeouts);
	metric_counter(out, P "http_received_bytes_total", "Bytes received, heads and bodies, within TLS where there is some.", now.received_bytes);
	metric_counter(out, P "http_sent_bytes_total", "Bytes sent, heads and bodies, within TLS where there is some.", now.sent_bytes);
	metric_gauge(out, P "body_buffers_free", "Buffers of 128 KiB for bodies that nobody uses; at 0 uploads wait.", (double)now.buffers_free);
	metric_counter(out, P "tls_handshakes_total", "TLS handshakes that came to their end.", now.tls_handshakes);
	metric_counter(out, P "tls_handshakes_resumed_total", "TLS handshakes that used a ticket; among tls_handshakes_total.", now.tls_resumed);
	metric_counter(out, P "tls_handshakes_failed_total", "TLS handshakes that did not come to their end.", now.tls_failures);
	if (now.tls_not_after_s)
		metric_gauge(out, P "tls_certificate_not_after_timestamp_seconds", "When the first certificate of the chain in use ends.",
			(double)now.tls_not_after_s);
}

static void write_content(struct buf *out, const struct distribution *distribution, const struct findings *found)
{
	struct distribution_counters now;

	distribution_counters(distribution, &now);
	metric_gauge(out, P "uploads_in_progress", "Bodies of uploads that are coming in.", (double)now.uploads_now);
	metric_gauge(out, P "upload_sessions", "Uploads that were begun and may go on, those in memory.", (double)now.upload_sessions);
	metric_counter(out, P "uploads_completed_total", "Uploads that became content.", now.blobs_pushed);
	metric_counter(out, P "uploads_refused_total", "Uploads refused because too many were in progress.", now.uploads_refused);
	metric_counter(out, P "uploads_expired_total", "Uploads dropped because nobody went on with them.", now.uploads_expired);
	metric_counter(out, P "blobs_mounted_total", "Content taken from one repository into another.", now.blobs_mounted);
	metric_counter(out, P "manifests_pushed_total", "Manifests stored, also those that were there.", now.manifests_pushed);
	metric_counter(out, P "content_damaged_total", "Answers refused because a stored file is short or cannot be read.", now.contents_damaged);
	if (!found->content_known)
		return;
	metric_gauge(out, P "content_blobs", "Content that is stored, manifests included, each digest once.", (double)found->content.blobs);
	metric_gauge(out, P "content_bytes", "Bytes of that content.", (double)found->content.blob_bytes);
	metric_gauge(out, P "content_manifests", "Manifests in all repositories.", (double)found->content.manifests);
	metric_gauge(out, P "content_repositories", "Repositories.", (double)found->content.repositories);
}

static void write_ready(struct buf *out, struct watch *watch)
{
	struct problem problems[CHECKS_COUNT] = {0};

	health_check(watch, problems);
	metric_family(out, P "ready", METRIC_GAUGE, "1 where nothing is wrong, for each check of /readyz.");
	for (size_t i = 0; i < CHECKS_COUNT; i++)
		metric_value(out, P "ready", (struct metric_label[]){{"check", str_of(health_names[i])}, {NULL, {0}}}, !problems[i].text[0]);
}

static void write_database(struct buf *out, struct db *db, const struct findings *found)
{
	struct db_counters now;

	db_counters(db, &now);
	metric_counter(out, P "db_changes_total", "Changes that were answered, those that were taken back included.", now.changes);
	metric_counter(
		out, P "db_changes_failed_total", "Changes that were taken back, for what they asked or for the database.", now.changes_failed);
	metric_counter(out, P "db_commits_failed_total", "Commits that did not succeed.", now.groups_failed);
	metric_gauge(out, P "db_changes_waiting", "Changes that wait for the writer.", (double)now.waiting);
	metric_gauge(out, P "db_writer_busy_seconds", "For how long the writer has been at its present commit.", (double)now.busy_us / 1e6);
	metric_family(out, P "db_commit_duration_seconds", METRIC_HISTOGRAM, "How long a commit took, which is mostly the disk's sync.");
	metric_histogram(out, P "db_commit_duration_seconds", NULL, &db_commit_bounds, &now.commit_us, 1e6);
	metric_family(out, P "db_commit_changes", METRIC_HISTOGRAM, "Changes that were committed together.");
	metric_histogram(out, P "db_commit_changes", NULL, &db_group_bounds, &now.group_changes, 1);
	metric_counter(out, P "db_reads_total", "Reads that were begun.", now.reads);
	metric_counter(out, P "db_reads_delayed_total", "Reads that had to wait for a connection.", now.reads_waited);
	metric_counter(out, P "db_reads_on_loop_total", "Reads that a loop did by itself, from what is in memory.", now.reads_now);
	metric_counter(out, P "db_reads_handed_over_total", "Reads that a loop tried and gave to a worker.", now.reads_not_now);
	metric_gauge(out, P "db_readers_busy", "Connections that read at this moment.", (double)now.readers_busy);
	metric_gauge(out, P "db_readers_max", "Connections that may read at once.", (double)now.readers_max);
	metric_gauge(out, P "db_file_bytes", "Size of the database's file.", (double)found->database_bytes);
	metric_gauge(out, P "db_wal_bytes", "Size of the database's write-ahead log.", (double)found->wal_bytes);
}

static void write_disks(struct buf *out, const struct watch *watch, const struct findings *found)
{
	static const char *const names[FOLDERS_COUNT] = {"data", "storage"};

	metric_family(out, P "disk_free_bytes", METRIC_GAUGE, "Room left where the folder is.");
	for (size_t i = 0; i < FOLDERS_COUNT; i++)
		if (watch->folders[i])
			metric_value(out, P "disk_free_bytes", (struct metric_label[]){{"folder", str_of(names[i])}, {NULL, {0}}},
				(double)found->disks[i].free_bytes);
	metric_family(out, P "disk_size_bytes", METRIC_GAUGE, "Size of the file system where the folder is.");
	for (size_t i = 0; i < FOLDERS_COUNT; i++)
		if (watch->folders[i])
			metric_value(out, P "disk_size_bytes", (struct metric_label[]){{"folder", str_of(names[i])}, {NULL, {0}}},
				(double)found->disks[i].size_bytes);
}

void watch_metrics(struct request *request)
{
	struct watch *watch = request_watch(request);
	const struct server *server = atomic_load(&watch->server);
	enum probe_step step;
	int64_t step_us;
	struct findings found = watch_findings(watch, &step, &step_us);
	struct buf out = {0};

	metric_family(&out, P "build_info", METRIC_GAUGE, "1, with the version as its label.");
	metric_value(&out, P "build_info", (struct metric_label[]){{"version", STR(NARU_VERSION)}, {NULL, {0}}}, 1);
	write_ready(&out, watch);
	request_counts_write(watch->requests, &out);
	if (server)
		write_server(&out, server);
	write_content(&out, watch->settings.distribution, &found);
	write_database(&out, watch->settings.db, &found);
	if (found.complete)
		write_disks(&out, watch, &found);
	metric_counter(&out, P "log_lines_dropped_total", "Lines of the log that standard error did not take in time.", log_dropped());
	process_write(&out, found.open_files);

	size_t len = out.len;
	char *text = buf_take(&out);
	const struct body_part part = {.bytes = str_make(text, len), .release = free, .argument = text, .fd = -1};
	request_answer_header(request, "Content-Type", "text/plain; version=0.0.4; charset=utf-8");
	request_answer_header(request, "Cache-Control", "no-store");
	request_answer_parts(request, 200, &part, 1);
}
