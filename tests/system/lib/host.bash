# A host of the test's own: a network with one address that is not loopback (docker trusts whatever is there), a name for it, and an /etc and a /run in
# which anything may be written. Its processes are this machine's, its files too.

host_name=registry.test
host_address=192.0.2.1 # of those that are kept for documents

# host_start: makes it; host_enter runs a command on it, in $work. What is in $work/etc lies over its /etc.
host_start() {
	needs_root
	needs unshare nsenter ip
	mkdir -p "$work/etc" "$work/etc-work"
	{
		cat /etc/hosts
		echo "$host_address $host_name"
	} >"$work/etc/hosts"
	# shellcheck disable=SC2016 # the inner shell's
	process_start host unshare --mount --net --propagation private sh -ec '
		mount -t overlay -o "lowerdir=/etc,upperdir=$1/etc,workdir=$1/etc-work" none /etc
		mount -t tmpfs none /run
		ip link set lo up
		ip address add "$2/32" dev lo
		touch "$1/host-is-up"
		exec sleep infinity' - "$work" "$host_address"
	wait_for 10 test -e "$work/host-is-up" || { cat "$work/host.log" >&2 && return 1; }
	host_enter=(nsenter --mount --net -t "$(process_pid host)" -- env -C "$work")
}

# host_answers URL: any answer will do, whoever signed for it.
host_answers() {
	"${host_enter[@]}" curl -sk -o /dev/null --max-time 5 "$1"
}
