# What the measures share: the servers side by side, and what they hold.

top=$PWD
BATS_TEST_DIRNAME=$top/tests/system
rounds=${BENCH_ROUNDS:-9}
slow_rounds=${BENCH_ROUNDS:-3}
load_seconds=${BENCH_SECONDS:-2}
load=$top/build/bench/load
floor=$top/build/bench/floor
naru_options=() # of each naru-registry here; bench_setup knows them
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
# shellcheck source=bench/turns.bash
. bench/turns.bash
# shellcheck source=bench/clients.bash
. bench/clients.bash

# The registries hold the same image; nginx serves its manifest and a layer as files at the same paths.
bench_setup() {
	local at
	ip link set lo up
	image layers >/dev/null
	common_setup
	echo "log: {requests: false}" >"$work/naru.yml"
	naru_options=(--open --config "$work/naru.yml")
	registry_start "${naru_options[@]}"
	address_of[naru]=http://$registry pid_of[naru]=$(process_pid registry)
	peer_registry_start
	address_of[docker-registry]=http://$peer_registry pid_of[docker-registry]=$(process_pid peer-registry)
	client_skopeo_load "$(image layers)"
	for at in "$registry" "$peer_registry"; do
		client_skopeo_push "$at/bench/layers:1"
	done
	nginx_fill
	nginx_start
}

# naru_start NAME [ADDRESS]: one more naru-registry, its folder $work/NAME.
naru_start() {
	local address=${2:-127.0.0.1:$(port_free)}
	process_start "$1" "$naru_registry" serve "${naru_options[@]}" --data "$work/$1" --listen "$address"
	address_of[$1]=http://$address pid_of[$1]=$(process_pid "$1")
}

# seeded_start NAME KIND COUNT: one more naru-registry that holds COUNT tags or repositories (bench/seed.py).
seeded_start() {
	local address
	naru_start "$1"
	address=${address_of[$1]#http://}
	"$load" WAIT "$address" 1 20 /v2/
	client_skopeo_push "$address/bench/many:1"
	process_end "$1"
	bench/seed.py "$2" "$work/$1/registry.db" "$3"
	sync
	naru_start "$1" "$address"
	"$load" WAIT "$address" 1 20 /v2/
}

bench_teardown() {
	common_teardown
}

bench_head() {
	printf 'naru %s; %d cores, %s, Linux %s, %s; %s\n' "$("$naru_registry" version 2>/dev/null | head -n 1 | grep -oE '[0-9.]+' | head -n 1)" \
		"$(nproc)" "$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)" "$(uname -r)" "$(df --output=fstype "$work" | tail -n 1)" "$(date +'%F %R')"
	printf 'docker-registry %s, nginx %s, docker %s, podman %s\n' "$(docker-registry --version | grep -oE '[0-9]+\.[0-9.]+' | head -n 1)" \
		"$(nginx -v 2>&1 | grep -oE '[0-9.]+$')" "$(/usr/bin/docker --version | grep -oE '[0-9]+\.[0-9.]+' | head -n 1)" \
		"$(command podman --version | grep -oE '[0-9.]+$')"
	printf 'load average before: %s\n' "$(load_average)"
	! awk -v load="$(load_average)" 'BEGIN { exit !(load + 0 > 1) }' || echo "WARNING: the machine is not quiet: these figures mean little"
	echo
}

load_average() {
	cut -d ' ' -f 1-3 /proc/loadavg
}

# calculate EXPRESSION [FORMAT]
calculate() {
	awk "BEGIN { printf \"${2:-%.2f}\", $1 }" 2>/dev/null || printf '?'
}

# timed COMMAND...: the seconds it took; what it says goes to a log.
timed() {
	local begun=$EPOCHREALTIME
	"$@" >"$work/timed.log" 2>&1 3>&- || { cat "$work/timed.log" >&2 && return 1; }
	calculate "$EPOCHREALTIME - $begun" %.3f
}

# What nginx serves, at the paths that registries have it at.
nginx_fill() {
	local root=$work/www/v2/bench/layers
	mkdir -p "$root/manifests" "$root/blobs"
	curl -sf -H "Accept: ${manifest_types/,/, }" "http://$registry/v2/bench/layers/manifests/1" >"$root/manifests/1"
	manifest_digest=sha256:$(sha256sum "$root/manifests/1" | cut -d ' ' -f 1)
	cp "$root/manifests/1" "$root/manifests/$manifest_digest"
	layer_digest=$(jq -r '.layers[0].digest' "$root/manifests/1")
	curl -sf "http://$registry/v2/bench/layers/blobs/$layer_digest" >"$root/blobs/$layer_digest"
}

nginx_start() {
	local address
	address=127.0.0.1:$(port_free)
	mkdir -p "$work/nginx"
	cat >"$work/nginx.conf" <<-CONF
		daemon off; worker_processes 2; pid $work/nginx/pid; error_log stderr; user root;
		events { worker_connections 1024; }
		http { access_log off; sendfile on; client_body_temp_path $work/nginx; proxy_temp_path $work/nginx; fastcgi_temp_path $work/nginx;
		uwsgi_temp_path $work/nginx; scgi_temp_path $work/nginx; keepalive_requests 1000000; server { listen $address; root $work/www; } }
	CONF
	process_start nginx nginx -c "$work/nginx.conf"
	wait_for 10 http_answers "http://$address/"
	address_of[nginx]=http://$address pid_of[nginx]=$(process_pid nginx)
}

# The 1 GiB layer of tests/images, in $gigabyte, its digest in $gigabyte_digest; in the page cache.
gigabyte_make() {
	local layout
	layout=$(image gigabyte)
	gigabyte_digest=$(jq -r '.manifests[0].digest' "$layout/index.json")
	gigabyte_digest=$(jq -r '.layers[0].digest' "$layout/blobs/sha256/${gigabyte_digest#sha256:}")
	gigabyte=$layout/blobs/sha256/${gigabyte_digest#sha256:}
	cat "$gigabyte" >/dev/null
}
