# Transfers of real clients are cut in their middle, several at once: they go on, or begin again, by what the registry tells them; it holds no half.

load lib/common
load lib/peers
load lib/artifacts
load lib/containerd

setup() {
	common_setup
	artifacts_setup
	needs_root
	needs skopeo
	docker_program_of 20
	registry_or_peer_start
	archive=$(image layers)
	id=sha256:$(tar -xOf "$archive" manifest.json | jq -r '.[0].Config' | cut -d . -f 1)
	# A port of its own: a client that knows the repository by another name would mount.
	front=127.0.0.1:$(port_free)
	name=$front/team/layers:1
	dockerd_start
	containerd_start 1
}

# stalling BYTES [up]: the proxy, which lets that many bytes of an answer (or request) through and cuts when $work/stall goes.
stalling() {
	touch "$work/stall"
	process_start stall-proxy "$top/tests/system/lib/stall-proxy" "$front" "$registry" "$1" "$work/stall" "${@:2}"
	wait_for 10 http_answers "http://$front/v2/"
}

stopped() {
	[ -e "$work/stall.stopped" ] && [ "$(wc -l <"$work/stall.stopped")" -ge "$1" ]
}

# all ACTION CLIENT...: client_X_ACTION "$name" of each, at once. One that gives up is asked once more; $work/X.again then tells of it.
all() {
	local action=$1 client bad=0
	local -A job
	shift
	for client in "$@"; do
		twice "$client" "$action" >"$work/$client-$action.log" 2>&1 3>&- &
		job[$client]=$!
	done
	# Two of its layers at least stand still for each.
	wait_for 60 stopped $(($# * 2)) || bad=1
	rm "$work/stall"
	for client in "$@"; do
		wait "${job[$client]}" || { echo "$client:" && head -n 5 "$work/$client-$action.log" && bad=1; }
	done
	return $bad
}

twice() {
	"client_$1_$2" "$name" || { touch "$work/$1.again" && "client_$1_$2" "$name"; }
}

@test "pulls of docker, skopeo, containerd and naru that are cut at once: all end whole, three of them from where they were" {
	skopeo copy -q --dest-tls-verify=false "docker-archive:$archive" "docker://$registry/team/layers:1"
	stalling 1000000
	all pull docker skopeo ctr naru
	for client in docker skopeo ctr naru; do
		[ "$("client_${client}_id" "$name")" = "$id" ]
	done
	for client in docker ctr naru; do
		[ ! -e "$work/$client.again" ]
	done
	for agent in docker/ containerd/ naru/; do
		[ "${TEST_REGISTRY-}" = peer ] || grep -q "status=206 .*agent=\"\?$agent" "$work/registry.log"
	done
}

@test "pushes of docker, skopeo, containerd and naru that are cut at once: the layers come whole, and two go on by themselves" {
	local client layer layers
	for client in docker skopeo ctr naru; do
		"client_${client}_load" "$archive"
		"client_${client}_tag" naru-test/layers:1 "$name"
	done
	stalling 1000000 up
	all push docker skopeo ctr naru
	for client in docker naru; do
		[ ! -e "$work/$client.again" ]
	done
	layers=$(curl -sf "http://$registry/v2/team/layers/manifests/1" -H 'Accept: application/vnd.docker.distribution.manifest.v2+json,*/*' |
		jq -r '.config.digest, .layers[].digest')
	for layer in $layers; do
		[ "$(curl -sf "http://$registry/v2/team/layers/blobs/$layer" | sha256sum | cut -d ' ' -f 1)" = "${layer#sha256:}" ]
	done
}
