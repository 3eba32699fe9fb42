# run --rm of busybox true: without network, on the default bridge, with a published port.

archive=$(image layers)
for client in naru podman; do
	"client_${client}_load" "$archive" >"$work/load.log" 2>&1
done
dockerd_start --bip=172.30.0.1/16
client_docker_load "$archive" >/dev/null
# What three clients have just unpacked would else be written during the first measure alone.
sync

# ran CLIENT OPTION...
ran() {
	local client=$1
	shift
	case $client in
	naru) set -- "$naru" run --rm "$@" ;;
	docker) set -- docker run --rm "$@" ;;
	podman) set -- podman_run "$@" ;;
	esac
	echo "s=$(timed "$@" naru-test/layers:1 /bin/true)"
}

turns "$rounds" naru docker podman -- ran --network none
report "run --rm true, no network" s s docker:4 podman
turns "$rounds" naru docker podman -- ran
report "run --rm true, default network" s s docker podman
turns "$rounds" naru docker podman -- ran -p "$(port_free):80"
report "run --rm true, a published port" s s docker:4 podman
process_end dockerd
