# run --rm of busybox true: without network, on the default bridge, with a published port.

archive=$(image layers)
name=naru-test/layers:1
runs=10
for client in naru podman; do
	"client_${client}_load" "$archive" >"$work/load.log" 2>&1
done
dockerd_start --bip=172.30.0.1/16
client_docker_load "$archive" >/dev/null

# ran COMMAND...: the median of its times.
ran() {
	local times=() _
	for _ in $(seq $runs); do
		times+=("$(timed "$@")")
	done
	median "${times[@]}"
}

port=$(port_free)
for kind in none bridge port; do
	case $kind in
	none) title="run --rm true, no network" options=(--network none) ;;
	bridge) title="run --rm true, default network" options=() ;;
	port) title="run --rm true, a published port" options=(-p "$port:80") ;;
	esac
	row "$title" s "$(ran "$naru" run --rm "${options[@]}" "$name" /bin/true)" docker "$(ran docker run --rm "${options[@]}" "$name" /bin/true)" \
		podman "$(ran podman_run "${options[@]}" "$name" /bin/true)"
done
process_end dockerd
