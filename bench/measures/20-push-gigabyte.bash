# A 1 GiB blob in one PUT, against hashing and synced writing of the same bytes at once, with the server's CPU time.

gigabyte_make
naru_times=() peer_times=() floor_times=() naru_cpus=() peer_cpus=()

# pushed ADDRESS PID: "seconds cpu_seconds"; the blob is deleted again.
pushed() {
	local cpu seconds
	cpu=$(cpu_seconds "$2")
	seconds=$(timed blob_put "$1" bench/gigabyte "$gigabyte" "$gigabyte_digest")
	echo "$seconds $(calculate "$(cpu_seconds "$2") - $cpu")"
	blob_delete "$1" bench/gigabyte "$gigabyte_digest"
}

for _ in $(seq "$rounds"); do
	floor_times+=("$("$floor" write "$gigabyte" "$work")")
	result=$(pushed "$registry" "$(process_pid registry)")
	naru_times+=("$(field 1 "$result")") naru_cpus+=("$(field 2 "$result")")
	result=$(pushed "$peer_registry" "$(process_pid peer-registry)")
	peer_times+=("$(field 1 "$result")") peer_cpus+=("$(field 2 "$result")")
done
row "push of 1 GiB, one PUT" s "$(median "${naru_times[@]}")" docker-registry "$(median "${peer_times[@]}")" floor "$(median "${floor_times[@]}")"
row "  server CPU" s "$(median "${naru_cpus[@]}")" docker-registry "$(median "${peer_cpus[@]}")"
