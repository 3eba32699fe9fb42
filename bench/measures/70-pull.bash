# Pull with unpacking of an image of 7 layers, all from naru-registry, against making the same tree from memory; then the push of what was pulled.

archive=$(image big)
name=$registry/bench/big:1
client_skopeo_load "$archive"
client_skopeo_push "$name"
dockerd_start
mkdir -p "$work/tars"
tar -xf "$archive" -C "$work/tars"
mapfile -t tars < <(jq -r '.[0].Layers[]' "$work/tars/manifest.json" | sed "s|^|$work/tars/|")

# pulled CLIENT: "tree" makes the same files from memory.
pulled() {
	if [ "$1" = tree ]; then
		mkdir "$work/tree"
		echo "s=$("$floor" tree "$work/tree" "${tars[@]}")"
		rm -rf "$work/tree"
		return
	fi
	echo "s=$(timed "client_$1_pull" "$name")"
	"client_$1_remove" "$name" >/dev/null
}

turns "$slow_rounds" naru docker podman tree -- pulled
report "pull and unpack, 7 layers, $(du -m "$archive" | cut -f 1) MB unpacked" s s docker:1.5 podman tree

# Each to a docker-registry of its own that has none of it.
pushed_to_empty() {
	process_end peer-registry
	rm -rf "$work/peer-registry"
	peer_registry_start
	"client_$1_tag" "$name" "$peer_registry/bench/pushed:1"
	echo "s=$(timed "client_$1_push" "$peer_registry/bench/pushed:1")"
}
for client in naru docker podman; do
	"client_${client}_pull" "$name" >"$work/pull.log" 2>&1
done
turns 1 naru docker podman -- pushed_to_empty
report "push of what was pulled, 7 layers" s s docker podman
process_end dockerd
