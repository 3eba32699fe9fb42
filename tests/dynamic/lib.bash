# What the runs under Valgrind and the sanitizers share: a server of a build on a port of its own, asked for everything, and ended.
# A script sets $build and may set $wrapper, the command that the server runs under.
# shellcheck shell=bash disable=SC2154

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/naru-dynamic.XXXXXX")
server=
trap '[ -z "$server" ] || kill -KILL "$server" 2>/dev/null; rm -rf "$work"' EXIT

# server_start [OPTION...]: sets $address once it answers.
server_start() {
	# The wrapper may be several words or none.
	# shellcheck disable=SC2086
	${wrapper-} "$build/naru-registry" serve --open --data "$work/registry" --listen 127.0.0.1:0 "$@" 2>"$work/log" &
	server=$!
	local deadline=$((SECONDS + 60))
	until address=$(sed -n 's/.*msg=listening .*address=\(127[^ ]*\).*/\1/p' "$work/log") && [ -n "$address" ]; do
		kill -0 "$server" 2>/dev/null && [ $SECONDS -lt $deadline ] || { cat "$work/log" >&2 && return 1; }
		sleep 0.1
	done
}

# Asks it to end; its exit status is this one's.
server_end() {
	local status=0
	kill -TERM "$server"
	wait "$server" || status=$?
	server=
	return $status
}

# requests COUNT THREADS: of every kind.
requests() {
	"$top/tests/dynamic/requests" "$address" "$@"
}

# load SECONDS: 32 connections that ask for a manifest and for content, and push, side by side, while metrics are read. Sanitizers find races under it.
load() {
	local pids=() pid status=0 digest
	# The client ends without freeing; it is not what is looked at.
	local loader=(env ASAN_OPTIONS=detect_leaks=0 "$build/bench/load")
	digest=sha256:$(printf '{}' | sha256sum | cut -d ' ' -f 1)
	"${loader[@]}" GET "$address" 12 "$1" "/v2/team/r0/manifests/1" &
	pids+=($!)
	"${loader[@]}" HEAD "$address" 8 "$1" "/v2/team/r0/blobs/$digest" &
	pids+=($!)
	"${loader[@]}" PUSH "$address" 8 "$1" "/v2/team/load" &
	pids+=($!)
	"${loader[@]}" GET "$address" 4 "$1" /metrics &
	pids+=($!)
	for pid in "${pids[@]}"; do
		wait "$pid" || status=1
	done
	return $status
}
