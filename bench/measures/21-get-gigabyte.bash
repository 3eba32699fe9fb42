# A 1 GiB blob fetched, one and eight at once; nginx sends the same file.

gigabyte_make
nginx_start
ln -sf "$gigabyte" "$work/www/gigabyte"
for at in "$registry" "$peer_registry"; do
	blob_put "$at" bench/gigabyte "$gigabyte" "$gigabyte_digest"
done

# fetched URL COUNT: seconds for COUNT at once.
fetched() {
	local pids=() count
	for count in $(seq "$2"); do
		curl -sf -o /dev/null "$1" &
		pids+=($!)
	done
	for count in "${pids[@]}"; do
		wait "$count"
	done
}

for count in 1 8; do
	naru_times=() peer_times=() nginx_times=()
	for _ in $(seq "$rounds"); do
		naru_times+=("$(timed fetched "http://$registry/v2/bench/gigabyte/blobs/$gigabyte_digest" $count)")
		peer_times+=("$(timed fetched "http://$peer_registry/v2/bench/gigabyte/blobs/$gigabyte_digest" $count)")
		nginx_times+=("$(timed fetched "http://$nginx_address/gigabyte" $count)")
	done
	row "GET of 1 GiB, $count at once" s "$(median "${naru_times[@]}")" docker-registry "$(median "${peer_times[@]}")" \
		nginx "$(median "${nginx_times[@]}")"
done
process_end nginx
