# What the measures share: the servers side by side, and what they hold.

top=$PWD
BATS_TEST_DIRNAME=$top/tests/system
rounds=${BENCH_ROUNDS:-9}
slow_rounds=${BENCH_ROUNDS:-3}
load_seconds=${BENCH_SECONDS:-2}
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
# shellcheck source=bench/turns.bash
. bench/turns.bash
# shellcheck source=bench/clients.bash
. bench/clients.bash

# The registries hold the same image; nginx serves its manifest and a layer as files at the same paths. All of them speak TLS at a second address.
bench_setup() {
	local at
	ip link set lo up
	image layers >/dev/null
	common_setup
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=127.0.0.1 -keyout "$work/tls.key" -out "$work/tls.crt" 2>/dev/null
	registry=127.0.0.1:$(port_free)
	naru_tls=127.0.0.1:$(port_free)
	naru_start registry "$registry" "$naru_tls"
	wait_for 20 http_answers "http://$registry/v2/" || { cat "$work/registry.log" >&2 && return 1; }
	address_of[naru]=http://$registry pid_of[naru]=$(process_pid registry)
	peer_registry_start
	address_of[docker-registry]=http://$peer_registry pid_of[docker-registry]=$(process_pid peer-registry)
	peer_tls=127.0.0.1:$(port_free)
	peer_start peer-tls "$peer_tls" "$work/peer-registry" ", tls: {certificate: $work/tls.crt, key: $work/tls.key}"
	client_skopeo_load "$(image layers)"
	for at in "$registry" "$peer_registry"; do
		client_skopeo_push "$at/bench/layers:1"
	done
	nginx_fill
	nginx_start
}

# use_tls: what follows in this measure asks the TLS addresses.
use_tls() {
	address_of[naru]=https://$naru_tls
	address_of[docker-registry]=https://$peer_tls pid_of[docker-registry]=$(process_pid peer-tls)
	address_of[nginx]=https://$nginx_tls
}

# naru_start NAME ADDRESS [TLS_ADDRESS]: a naru-registry, its folder $work/NAME.
naru_start() {
	cat >"$work/$1.yml" <<-YAML
		data: $work/$1
		access: {open: true}
		log: {requests: false}
		listen: [{address: "$2", tls: false}${3:+, {address: "$3", tls: true\}}]
		${3:+tls: {cert: $work/tls.crt, key: $work/tls.key\}}
	YAML
	process_start "$1" "$naru_registry" serve --config "$work/$1.yml"
	address_of[$1]=http://$2 pid_of[$1]=$(process_pid "$1")
}

# peer_start NAME ADDRESS FOLDER [HTTP_SETTINGS]: one more docker-registry, with the settings of the first.
peer_start() {
	sed "s|$work/peer-registry|$3|; s|addr: .*}|addr: $2${4-}}|" "$work/peer-registry.yml" >"$work/$1.yml"
	process_start "$1" docker-registry serve "$work/$1.yml"
}

# seeded_start NAME KIND COUNT: one more naru-registry that holds COUNT tags or repositories (bench/seed.py).
seeded_start() {
	local address
	address=127.0.0.1:$(port_free)
	naru_start "$1" "$address"
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
	nginx_tls=127.0.0.1:$(port_free)
	mkdir -p "$work/nginx"
	cat >"$work/nginx.conf" <<-CONF
		daemon off; worker_processes 2; pid $work/nginx/pid; error_log stderr; user root;
		events { worker_connections 1024; }
		http { access_log off; sendfile on; client_body_temp_path $work/nginx; proxy_temp_path $work/nginx; fastcgi_temp_path $work/nginx;
		uwsgi_temp_path $work/nginx; scgi_temp_path $work/nginx; keepalive_requests 1000000; ssl_certificate $work/tls.crt; ssl_certificate_key $work/tls.key;
		server { listen $address; listen $nginx_tls ssl; root $work/www; } }
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

# The same in the registries and, as the file that it is, behind nginx; its path in $gigabyte_path.
gigabyte_serve() {
	local server
	gigabyte_make
	gigabyte_path=/v2/bench/gigabyte/blobs/$gigabyte_digest
	mkdir -p "$work/www/v2/bench/gigabyte/blobs"
	ln -sf "$gigabyte" "$work/www$gigabyte_path"
	for server in naru docker-registry; do
		blob_put "${address_of[$server]}" bench/gigabyte "$gigabyte" "$gigabyte_digest"
	done
	sync
}

# answers_measure TITLE SUFFIX MEASURER ARGUMENT...: what is wanted of small answers; over TLS (a suffix) only the rate has a bar.
answers_measure() {
	local title=$1 suffix=$2 below=(--below 5) rate=25 cpu=25 nginx=0.5
	shift 2
	[ -z "$suffix" ] || below=() rate=20 cpu='' nginx=''
	turns "$rounds" naru docker-registry nginx -- "$@"
	report "$title$suffix, 64 connections" rate /s "docker-registry:$rate" "nginx:$nginx"
	report "${below[@]}" "  p99 ($title$suffix)" p99_ms ms docker-registry nginx
	report "  server CPU a request ($title$suffix)" cpu_us us "docker-registry:$cpu" nginx
	report --highest "  highest resident ($title$suffix)" peak_mb MB docker-registry:2
}

# gigabyte_measure COUNT TIMES SUFFIX: within 20 % of nginx is as fast as 0.8 of it, for as much CPU as 1.2 times its.
gigabyte_measure() {
	turns "$rounds" naru nginx docker-registry -- fetched "$1" "$2" "$gigabyte_path"
	report "GET of 1 GiB$3, $1 at once" s s nginx:0.8 docker-registry
	report "  server CPU a GiB (GET$3, $1 at once)" cpu_s s nginx:0.83 docker-registry
	report --highest "  highest resident (GET$3, $1 at once)" peak_mb MB docker-registry:2
}
