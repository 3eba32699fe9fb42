# From the start of the process to its first answer; memory at rest (Pss: shared pages counted once).

pss() {
	awk '/^Pss:/ { printf "%.1f", $2 / 1024 }' "/proc/$1/smaps_rollup"
}
# A tight wait: the clock counts here.
answers_at() {
	until (exec 3<>"/dev/tcp/${1/://}") 2>/dev/null; do :; done
}
start_naru() {
	process_start registry-cold "$naru_registry" serve --open --data "$work/registry-cold" --listen "$1"
	answers_at "$1"
	curl -sf -o /dev/null "http://$1/v2/"
}
start_peer() {
	process_start peer-cold docker-registry serve "$work/peer-cold.yml"
	answers_at "$1"
	curl -sf -o /dev/null "http://$1/v2/"
}
sed "s|$work/peer-registry|$work/peer-cold|" "$work/peer-registry.yml" >"$work/peer-cold.yml"
for title in "start on an empty folder, to the first answer" "start again, to the first answer"; do
	at=127.0.0.1:$(port_free)
	naru_time=$(timed start_naru "$at")
	naru_pss=$(pss "$(process_pid registry-cold)")
	process_end registry-cold
	sed -i "s|addr: .*}|addr: $at}|" "$work/peer-cold.yml"
	peer_time=$(timed start_peer "$at")
	peer_pss=$(pss "$(process_pid peer-cold)")
	process_end peer-cold
	row "$title" s "$naru_time" docker-registry "$peer_time"
done
row "memory at rest" MB "$naru_pss" docker-registry "$peer_pss"
