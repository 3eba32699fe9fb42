# containerd of the test's own, of Debian 12 or of a later release, and its client ctr.

# containerd_start 1|2: what it and its shims put into /run stays in a mount namespace of its own.
containerd_start() {
	local programs=/usr/bin
	needs_root
	needs runc
	if [ "$1" = 2 ]; then
		needs_client containerd2 ctr
		programs=$(dirname "$client_program")
	else
		needs containerd ctr
	fi
	ctr_program=$programs/ctr
	cat >"$work/containerd.toml" <<-TOML
		version = 2
		root = "$work/containerd"
		state = "$work/containerd-run"
		disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime",
			"io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.nri.v1.nri"]
		[grpc]
		address = "$work/containerd.sock"
		[ttrpc]
		address = "$work/containerd.sock.ttrpc"
		[plugins."io.containerd.internal.v1.opt"]
		path = "$work/containerd-opt"
	TOML
	# shellcheck disable=SC2016 # the inner shell's
	process_start containerd "${host_enter[@]}" unshare --mount --propagation private sh -c 'mount -t tmpfs none /run && PATH=$1:$PATH && exec "$1/containerd" -c "$2"' \
		- "$programs" "$work/containerd.toml"
	wait_for 30 containerd_answers || { tail -n 20 "$work/containerd.log" >&2 && return 1; }
}

# ctr, where the other clients run too: it is the one that asks the registry.
ctr() {
	"${host_enter[@]}" "$ctr_program" -a "$work/containerd.sock" "$@"
}

containerd_answers() {
	ctr version >/dev/null 2>&1
}

# What ctr draws while it works is shown only when it fails.
ctr_quiet() {
	ctr "$@" >"$work/ctr.log" || { tail -n 5 "$work/ctr.log" && return 1; }
}

client_ctr_load() {
	ctr_quiet image import --no-unpack "$1"
}
client_ctr_tag() {
	ctr_quiet image tag "docker.io/$1" "$2"
}
client_ctr_push() {
	ctr_quiet image push "${ctr_flags[@]---plain-http}" "$1"
}
client_ctr_remove() {
	ctr_quiet image rm --sync "docker.io/$1" "$2"
}
client_ctr_pull() {
	ctr_quiet image pull "${ctr_flags[@]---plain-http}" "$1"
}
client_ctr_run() {
	ctr run --rm --fifo-dir "$work/fifo" "$1" "naru-$BATS_TEST_NUMBER-$RANDOM" "${@:2}"
}
# The configuration's digest, which the others call the image's.
client_ctr_id() {
	local digest
	digest=$(ctr image ls "name==$1" | awk 'NR == 2 { print $3 }')
	[ -n "$digest" ] && ctr content get "$digest" | jq -r .config.digest
}
