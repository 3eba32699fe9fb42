# Pull with unpacking of an image of 7 layers, all from naru-registry, against making the same tree from memory.

archive=$(image big)
name=$registry/bench/big:1
client_skopeo_load "$archive"
client_skopeo_push "$name"
dockerd_start
mkdir -p "$work/tars"
tar -xf "$archive" -C "$work/tars"
mapfile -t tars < <(jq -r '.[0].Layers[]' "$work/tars/manifest.json" | sed "s|^|$work/tars/|")

naru_times=() docker_times=() podman_times=() floor_times=()
for _ in $(seq "$rounds"); do
	naru_times+=("$(timed client_naru_pull "$name")")
	client_naru_remove "$name" >/dev/null
	docker_times+=("$(timed client_docker_pull "$name")")
	client_docker_remove "$name" >/dev/null
	podman_times+=("$(timed client_podman_pull "$name")")
	client_podman_remove "$name" >/dev/null
	mkdir "$work/tree"
	floor_times+=("$("$floor" tree "$work/tree" "${tars[@]}")")
	rm -rf "$work/tree"
done
row "pull and unpack, 7 layers, $(du -m "$archive" | cut -f 1) MB unpacked" s "$(median "${naru_times[@]}")" docker "$(median "${docker_times[@]}")" \
	podman "$(median "${podman_times[@]}")" "same tree from memory" "$(median "${floor_times[@]}")"

# Push of what was pulled, each to a docker-registry of its own that has none of it.
times=()
for client in naru docker podman; do
	"client_${client}_pull" "$name" >"$work/pull.log" 2>&1
	process_end peer-registry
	rm -rf "$work/peer-registry"
	peer_registry_start
	"client_${client}_tag" "$name" "$peer_registry/bench/pushed:1"
	times+=("$(timed "client_${client}_push" "$peer_registry/bench/pushed:1")")
done
row "push of what was pulled, 7 layers" s "${times[0]}" docker "${times[1]}" podman "${times[2]}"
process_end dockerd
