# Manifest GET by tag at 64 connections; nginx serves the same bytes as a file.
# The rate is wrk's; CPU time a request is the server's own.

nginx_start
cp "$work/manifest" "$work/www/manifest"

# wrk_rate URL PID: "rate cpu_us"
wrk_rate() {
	local cpu report rate
	cpu=$(cpu_seconds "$2")
	report=$(wrk -t 2 -c 64 -d "${load_seconds}s" -H "Accept: $manifest_types" "$1")
	! grep -q 'Non-2xx' <<<"$report" || { echo "$report" >&2 && return 1; }
	rate=$(awk '/^Requests\/sec/ { printf "%.0f", $2 }' <<<"$report")
	echo "$rate $(calculate "($(cpu_seconds "$2") - $cpu) / ($rate * $load_seconds) * 1000000" %.0f)"
}

naru_tag=$(wrk_rate "http://$registry/v2/bench/layers/manifests/1" "$(process_pid registry)")
peer_tag=$(wrk_rate "http://$peer_registry/v2/bench/layers/manifests/1" "$(process_pid peer-registry)")
nginx_file=$(wrk_rate "http://$nginx_address/manifest" "$(process_pid nginx)")
row "manifest by tag, 64 connections" /s "$(field 1 "$naru_tag")" docker-registry "$(field 1 "$peer_tag")" nginx "$(field 1 "$nginx_file")"
row "  server CPU a request" us "$(field 2 "$naru_tag")" docker-registry "$(field 2 "$peer_tag")"

digest=sha256:$(sha256sum "$work/manifest" | cut -d ' ' -f 1)
naru_digest=$(wrk_rate "http://$registry/v2/bench/layers/manifests/$digest" "$(process_pid registry)")
peer_digest=$(wrk_rate "http://$peer_registry/v2/bench/layers/manifests/$digest" "$(process_pid peer-registry)")
row "manifest by digest, 64 connections" /s "$(field 1 "$naru_digest")" docker-registry "$(field 1 "$peer_digest")"

naru_ping=$(wrk_rate "http://$registry/v2/" "$(process_pid registry)")
peer_ping=$(wrk_rate "http://$peer_registry/v2/" "$(process_pid peer-registry)")
row "/v2/, 64 connections" /s "$(field 1 "$naru_ping")" docker-registry "$(field 1 "$peer_ping")"
process_end nginx
