# How the registry is watched: /metrics, /healthz, /readyz, its log, and the alert rules that come with it.

load lib/common

# put REPOSITORY FILE: as a blob in one POST; sets $digest.
put() {
	digest=sha256:$(sha256sum "$2" | cut -d ' ' -f 1)
	curl -sf -o "$work/answer" -H 'Expect:' -H 'Content-Type: application/octet-stream' --data-binary "@$2" \
		"http://$registry/v2/$1/blobs/uploads/?digest=$digest"
}

# put_manifest REPOSITORY TAG: an artifact whose configuration is $digest; its own digest in $manifest_digest.
put_manifest() {
	jq -nc --arg digest "$digest" --arg tag "$2" '{schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json",
		config: {mediaType: "application/vnd.example", digest: $digest, size: 5}, layers: [], annotations: {tag: $tag}}' >"$work/manifest"
	manifest_digest=sha256:$(sha256sum "$work/manifest" | cut -d ' ' -f 1)
	curl -sf -X PUT -H 'Content-Type: application/vnd.oci.image.manifest.v1+json' --data-binary "@$work/manifest" \
		"http://$registry/v2/$1/manifests/$2"
}

metrics() {
	curl -sf "http://$registry/metrics" >"$work/metrics"
}

# metric SERIES: its value, as of the last call of metrics.
metric() {
	awk -v series="$1" '{ value = $NF; name = $0; sub(/ [^ ]*$/, "", name) } name == series { print value }' "$work/metrics"
}

metric_is() {
	metrics && [ "$(metric "$1")" = "$2" ]
}

readyz() {
	curl -s -o "$work/ready" -w '%{http_code}' "http://$registry/readyz"
}

ready_is() {
	[ "$(readyz)" = "$1" ]
}

# has_not FILE TEXT
has_not() {
	[ "$(grep -ac "$2" "$1")" -eq 0 ] || { grep -a "$2" "$1" && return 1; }
}

# The part of the log that the registry has written by now; it writes behind.
log_has() {
	grep -q "$1" "$work/registry.log"
}

# A grammar of its own, beside promtool's: names, labels and values; each family once, with its HELP and TYPE above its samples; buckets that only grow.
exposition_valid() {
	python3 - "$1" <<'PYTHON'
import re, sys
sample = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*",?)+\})? (\S+)$')
families, current, series, below = {}, None, set(), {}
text = open(sys.argv[1], encoding="utf-8").read()
assert text.endswith("\n")
for line in text.splitlines():
    if line.startswith("# HELP "):
        current = line.split(" ")[2]
        assert current not in families, "twice: " + current
        families[current] = None
    elif line.startswith("# TYPE "):
        _, _, name, kind = line.split(" ")
        assert name == current and families[name] is None, line
        assert (kind == "counter") == name.endswith("_total"), line
        families[name] = kind
    else:
        match = sample.match(line)
        assert match, line
        name, labels, value = match.groups()
        base = re.sub(r"_(bucket|sum|count)$", "", name) if families[current] == "histogram" else name
        assert base == current, line + " stands below " + current
        assert (name, labels) not in series, "twice: " + line
        series.add((name, labels))
        float(value)
        if name.endswith("_bucket"):
            key = re.sub(r',?le="[^"]*"', "", labels)
            assert float(value) >= below.get((name, key), 0), line
            below[(name, key)] = float(value)
assert len(families) > 40, families
PYTHON
}

@test "/metrics is what promtool and the format's grammar want, and counts what was asked" {
	needs promtool jq
	registry_start
	echo hello | head -c 5 >"$work/blob"
	put team/web "$work/blob"
	put_manifest team/web 1
	put_manifest team/web 2
	curl -sf -o "$work/got" "http://$registry/v2/team/web/manifests/1"
	curl -s -o "$work/got" "http://$registry/v2/team/web/manifests/none"
	curl -s -o "$work/got" "http://$registry/nowhere"
	wait_for 15 metric_is naru_registry_content_manifests 2
	promtool check metrics <"$work/metrics"
	exposition_valid "$work/metrics"
	[ "$(metric 'naru_registry_http_requests_total{route="/v2/{name}/manifests/{reference}",method="PUT",code="201"}')" = 2 ]
	[ "$(metric 'naru_registry_http_requests_total{route="/v2/{name}/manifests/{reference}",method="GET",code="200"}')" = 1 ]
	[ "$(metric 'naru_registry_http_requests_total{route="/v2/{name}/manifests/{reference}",method="GET",code="404"}')" = 1 ]
	[ "$(metric 'naru_registry_http_requests_total{route="none",method="GET",code="404"}')" = 1 ]
	[ "$(metric 'naru_registry_http_request_duration_seconds_count{route="/v2/{name}/manifests/{reference}",method="PUT"}')" = 2 ]
	[ "$(metric naru_registry_content_repositories)" = 1 ]
	[ "$(metric naru_registry_content_blobs)" = 3 ]
	[ "$(metric naru_registry_content_bytes)" = $((5 + 2 * $(stat -c %s "$work/manifest"))) ]
	[ "$(metric naru_registry_uploads_completed_total)" = 1 ]
	[ "$(metric 'naru_registry_ready{check="storage"}')" = 1 ]
	[ "$(metric process_open_fds)" -gt 5 ]

	# What is deleted is taken off at once, and the figures are the same after a restart.
	curl -sf -X DELETE "http://$registry/v2/team/web/manifests/$manifest_digest"
	wait_for 15 metric_is naru_registry_content_manifests 1
	registry_stop
	registry_restart
	wait_for 15 metric_is naru_registry_content_manifests 1
	[ "$(metric naru_registry_content_repositories)" = 1 ]
}

@test "no client makes the metrics grow: a thousand names, methods and paths are the same few series" {
	registry_start
	metrics # itself a series, from its second answer on
	local i
	for i in 1 2; do
		{
			for name in $(seq 1000); do
				printf 'url = "http://%s/v2/name%s/x/manifests/%s"\noutput = /dev/null\nurl = "http://%s/path%s"\noutput = /dev/null\n' \
					"$registry" "$name" "$name" "$registry" "$name"
			done
		} | curl -s -K -
		metrics
		cp "$work/metrics" "$work/metrics.$i"
	done
	[ "$(grep -c http_requests_total "$work/metrics.1")" -eq "$(grep -c http_requests_total "$work/metrics.2")" ]
	[ "$(grep -c http_requests_total "$work/metrics.2")" -lt 20 ]
	has_not "$work/metrics.2" 'name7'
	has_not "$work/metrics.2" 'path7'
}

@test "/readyz names the storage that is full, and is ready again when there is room" {
	needs_root
	mkdir "$work/registry"
	mount -t tmpfs -o size=160m naru-test "$work/registry"
	registry_start
	wait_for 10 ready_is 200
	[ "$(curl -s "http://$registry/healthz")" = ok ]
	head -c 110000000 /dev/zero >"$work/registry/filler"
	wait_for 10 ready_is 503
	jq -e '.ready == false and (.checks.storage | test("^[0-9]+ MiB are free")) and .checks.database == "ok" and .checks.writer == "ok"' "$work/ready"
	metrics
	[ "$(metric 'naru_registry_ready{check="storage"}')" = 0 ]
	[ "$(curl -s -o /dev/null -w '%{http_code}' "http://$registry/healthz")" = 200 ]
	rm "$work/registry/filler"
	wait_for 10 ready_is 200
}

@test "an answer's id is in the request's line and in the line that says why it failed" {
	registry_start
	head -c 100000 /dev/urandom >"$work/blob"
	put team/web "$work/blob"
	truncate -s 5 "$work/registry/blobs/sha256/${digest:7:2}/${digest:7}"
	id=$(curl -s -D - -o "$work/got" "http://$registry/v2/team/web/blobs/$digest" | tr -d '\r' | sed -n 's/^X-Request-Id: //p')
	[ ${#id} -eq 16 ]
	wait_for 5 log_has "msg=answered request=$id .*status=500"
	grep "level=error .* request=$id " "$work/registry.log"

	# As the guide says: the same bytes again take the damaged file's place.
	put team/web "$work/blob"
	curl -sf "http://$registry/v2/team/web/blobs/$digest" | cmp - "$work/blob"
	metric_is naru_registry_content_damaged_total 1
}

@test "as JSON each line of the log is an object, whatever a client sends; and no secret is in it" {
	printf 'log:\n  format: json\n' >"$work/registry.yml"
	registry_start --config "$work/registry.yml"
	curl -s -o "$work/got" -H 'Authorization: Basic Z2VoZWltZXM=' -H 'Cookie: geheimes' -A $'evil\x80"}\\ \x1b[2J' "http://$registry/v2/"
	curl -s -o "$work/got" -u user:geheimes "http://$registry/v2/?access_token=geheimes&n=1"
	curl -s -o "$work/got" -H 'Authorization: Bearer geheimes' "http://$registry/v2/a/manifests/b?token=geheimes&sig=geheimes"
	curl -s -o "$work/got" -X PUT -H 'Authorization: Bearer geheimes' --data geheimes "http://$registry/v2/a/manifests/b?geheimes"
	wait_for 5 log_has '"method":"PUT"'
	registry_stop
	jq -es 'length > 5 and all(.[]; has("time") and has("level") and has("msg"))' "$work/registry.log"
	jq -es 'map(select(.method != "" and (.agent // "" | test("^(curl|evil)")))) | length >= 4 and
		all(.[]; .msg == "answered" and (.status | type) == "number" and (.request | length) == 16)' "$work/registry.log"
	has_not "$work/registry.log" geheim
	has_not "$work/registry.log" Z2VoZWltZXM
}

# The registry with a standard error that is full as soon as a pipe is; descriptor 7 keeps the pipe open.
registry_start_unread() {
	mkfifo "$work/fifo"
	exec 7<>"$work/fifo"
	registry=127.0.0.1:$(port_free)
	"$naru_registry" serve --open --data "$work/registry" --listen "$registry" 2>"$work/fifo" 7>&- 3>&- </dev/null &
	echo $! >"$work/pids/registry"
	wait_for 20 http_answers "http://$registry/v2/"
}

@test "standard error that nobody reads stops no answer; what is lost is counted, and told when there is room again" {
	needs python3
	registry_start_unread
	timeout 60 python3 - "$registry" <<'PYTHON'
import socket, sys
host, port = sys.argv[1].split(":")
s = socket.create_connection((host, int(port)))
s.settimeout(20)
request = b"GET /v2/ HTTP/1.1\r\nHost: x\r\nUser-Agent: " + b"a" * 250 + b"\r\n\r\n"
for i in range(300):
    s.sendall(request * 100)
    seen = b""
    while seen.count(b"HTTP/1.1 200") < 100:
        got = s.recv(1 << 20)
        assert got
        seen += got
PYTHON
	metrics
	[ "$(metric naru_registry_log_lines_dropped_total)" -gt 1000 ]
	[ "$(metric 'naru_registry_http_requests_total{route="/v2/",method="GET",code="200"}')" -ge 30000 ]
	timeout 20 cat <&7 >"$work/registry.log" 3>&- &
	echo $! >"$work/pids/reader"
	wait_for 10 log_has 'lines of the log were dropped'
	process_end registry
	exec 7>&-
}

@test "a stop does not wait for standard error that nobody reads" {
	registry_start_unread
	yes "url = \"http://$registry/v2/\"
output = /dev/null" | head -n 2000 | curl -s -A "$(printf 'a%.0s' {1..250})" -K -
	kill "$(process_pid registry)"
	wait_for 10 process_gone "$(process_pid registry)"
	exec 7>&-
}

@test "the metrics say when the certificate ends, and after HUP when the new one does" {
	local days
	registry=127.0.0.1:$(port_free)
	for days in 30 60; do
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -days $days -keyout "$work/key" -out "$work/cert" 2>/dev/null
		if [ $days = 30 ]; then
			process_start registry "$naru_registry" serve --open --data "$work/registry" --listen "$registry" --tls-cert "$work/cert" --tls-key "$work/key"
			wait_for 20 log_has 'msg=listening'
		else
			kill -s HUP "$(process_pid registry)"
			wait_for 20 log_has 'were read again'
		fi
		curl -sfk "https://$registry/metrics" >"$work/metrics"
		exposition_valid "$work/metrics"
		[ "$(metric naru_registry_tls_certificate_not_after_timestamp_seconds)" = "$(date -d "$(openssl x509 -in "$work/cert" -noout -enddate | cut -d = -f 2)" +%s)" ]
	done
	[ "$(metric naru_registry_tls_handshakes_total)" -ge 2 ]
}

@test "the alert rules are valid, and each fires for what it is for and for nothing else" {
	needs promtool
	promtool check rules "$top/packaging/prometheus/naru-registry.rules.yml"
	promtool test rules "$top/tests/prometheus/rules.test.yml"
}

@test "every series that an alert asks for is one that the registry has, and every alert has its section in the guide" {
	registry_start
	metrics
	local name
	for name in $(grep -oE '(naru_registry|process)_[a-z_]+' "$top/packaging/prometheus/naru-registry.rules.yml" | sort -u); do
		# Of a certificate there is none to tell without TLS.
		[ "$name" = naru_registry_tls_certificate_not_after_timestamp_seconds ] || grep -q "^# TYPE ${name%_bucket} " "$work/metrics" ||
			{ echo "no $name" && return 1; }
	done
	for name in $(sed -n 's/.*- alert: //p' "$top/packaging/prometheus/naru-registry.rules.yml"); do
		grep -q "^### $name\$" "$top/docs/guide/monitoring.md" || { echo "no section $name" && return 1; }
	done
	for name in $(sed -n 's/^# TYPE \([a-z_]*\) .*/\1/p' "$work/metrics"); do
		grep -q "\`$name" "$top/docs/guide/monitoring.md" || { echo "$name is not in the guide" && return 1; }
	done
}
