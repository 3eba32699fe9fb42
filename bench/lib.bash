# What the measures share: the servers side by side, clocks, medians and the table's lines.

top=$PWD
BATS_TEST_DIRNAME=$top/tests/system
rounds=${BENCH_ROUNDS:-3}
load_seconds=${BENCH_SECONDS:-5}
load=$top/build/bench/load
floor=$top/build/bench/floor
manifest_types=application/vnd.docker.distribution.manifest.v2+json,application/vnd.oci.image.manifest.v1+json

# What the tests' library asks of bats.
skip() {
	echo "bench: skipped: $*"
	exit 0
}

# shellcheck source=tests/system/lib/common.bash
. tests/system/lib/common.bash
# shellcheck source=tests/system/lib/peers.bash
. tests/system/lib/peers.bash

# Both registries hold the same image and the same 1 GiB blob is at hand; nginx serves files of the same sizes.
bench_setup() {
	ip link set lo up
	image layers >/dev/null
	common_setup
	registry_start
	peer_registry_start
	client_skopeo_load "$(image layers)"
	for at in "$registry" "$peer_registry"; do
		client_skopeo_push "$at/bench/layers:1"
	done
	curl -sf -H "Accept: ${manifest_types/,/, }" "http://$registry/v2/bench/layers/manifests/1" >"$work/manifest"
	layer_digest=$(jq -r '.layers[0].digest' "$work/manifest")
}

bench_teardown() {
	common_teardown
}

bench_head() {
	local disk
	disk=$(df --output=fstype "$work" | tail -n 1)
	printf 'naru %s; %d cores, %s, Linux %s, %s; %s\n' "$("$naru_registry" version 2>/dev/null | head -n 1 | grep -oE '[0-9.]+' | head -n 1)" \
		"$(nproc)" "$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)" "$(uname -r)" "$disk" "$(date -u +%F)"
	printf 'docker-registry %s, nginx %s, docker %s, podman %s\n\n' "$(docker-registry --version | grep -oE '[0-9]+\.[0-9.]+' | head -n 1)" \
		"$(nginx -v 2>&1 | grep -oE '[0-9.]+$')" "$(/usr/bin/docker --version | grep -oE '[0-9]+\.[0-9.]+' | head -n 1)" \
		"$(command podman --version | grep -oE '[0-9.]+$')"
}

# row TITLE UNIT NARU [PEER VALUE]...: UNIT "/s" and "MB/s": more is better; any other: less is better.
row() {
	local title=$1 unit=$2 value=$3 ratio
	shift 3
	printf '%-52s %10s %-4s' "$title" "$value" "$unit"
	while [ $# -ge 2 ]; do
		case $unit in
		*/s) ratio=$(calculate "$value / $2") ;;
		*) ratio=$(calculate "$2 / $value") ;;
		esac
		printf '  %s %s (x%s)' "$1" "$2" "$ratio"
		shift 2
	done
	printf '\n'
}

# calculate EXPRESSION [FORMAT]
calculate() {
	awk "BEGIN { printf \"${2:-%.2f}\", $1 }" 2>/dev/null || printf '?'
}

median() {
	printf '%s\n' "$@" | sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

# timed COMMAND...: the seconds it took; what it says goes to a log.
timed() {
	local begun=$EPOCHREALTIME
	"$@" >"$work/timed.log" 2>&1 3>&- || { cat "$work/timed.log" >&2 && return 1; }
	awk -v begun="$begun" -v ended="$EPOCHREALTIME" 'BEGIN { printf "%.3f", ended - begun }'
}

# The CPU seconds that a process has used, all its threads together.
cpu_seconds() {
	awk -v hertz="$(getconf CLK_TCK)" '{ sub(/^.*\) /, ""); printf "%.2f", ($12 + $13) / hertz }' "/proc/$1/stat"
}

# field N TEXT
field() {
	awk -v n="$1" '{ print $n }' <<<"$2"
}

# nginx_start: serves $work/www with sendfile; sets $nginx_address.
nginx_start() {
	nginx_address=127.0.0.1:$(port_free)
	mkdir -p "$work/www" "$work/nginx"
	cat >"$work/nginx.conf" <<-CONF
		daemon off; worker_processes 2; pid $work/nginx/pid; error_log stderr; user root;
		events { worker_connections 1024; }
		http { access_log off; sendfile on; client_body_temp_path $work/nginx; proxy_temp_path $work/nginx; fastcgi_temp_path $work/nginx;
		uwsgi_temp_path $work/nginx; scgi_temp_path $work/nginx; keepalive_requests 1000000; server { listen $nginx_address; root $work/www; } }
	CONF
	process_start nginx nginx -c "$work/nginx.conf"
	wait_for 10 http_answers "http://$nginx_address/"
}

# A file of 1 GiB that does not compress, in $gigabyte, its digest in $gigabyte_digest.
gigabyte_make() {
	local layout
	layout=$(image gigabyte)
	gigabyte_digest=$(jq -r '.manifests[0].digest' "$layout/index.json")
	gigabyte_digest=$(jq -r '.layers[0].digest' "$layout/blobs/sha256/${gigabyte_digest#sha256:}")
	gigabyte=$layout/blobs/sha256/${gigabyte_digest#sha256:}
	cat "$gigabyte" >/dev/null # into the page cache
}

# blob_put ADDRESS NAME FILE DIGEST: POST, then one PUT.
blob_put() {
	local location
	location=$(curl -sf -X POST -o /dev/null -D - "http://$1/v2/$2/blobs/uploads/" | tr -d '\r' | sed -n 's/^[Ll]ocation: //p')
	case $location in
	http*) ;;
	*) location=http://$1$location ;;
	esac
	case $location in
	*\?*) location+="&digest=$4" ;;
	*) location+="?digest=$4" ;;
	esac
	[ "$(curl -s -o "$work/put.answer" -w '%{http_code}' -H 'Content-Type: application/octet-stream' -H 'Expect:' -T "$3" "$location")" = 201 ] ||
		{ cat "$work/put.answer" >&2 && return 1; }
}

blob_delete() {
	curl -sf -X DELETE -o /dev/null "http://$1/v2/$2/blobs/$3"
}
