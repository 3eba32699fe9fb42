# 1,000,000 manifests, each with a tag: how much slower they are to read than 1,000, how long a start with them takes, and memory at rest then.

million=${BENCH_MILLION:-1000000}
seeded_start thousand tags 1000
seeded_start million tags "$million"

# drawn SERVER: tags drawn evenly.
drawn() {
	local tags=1000
	[ "$1" = thousand ] || tags=$million
	BENCH_TAGS=$tags asked "$1" "" bench/tags.lua
}
turns "$rounds" million thousand -- drawn
report "manifest by tag, one of $million" rate /s thousand:0.8
report "  p99 (one of $million)" p99_ms ms thousand
report "  server CPU a request (one of $million)" cpu_us us thousand
report --highest "  highest resident (one of $million)" peak_mb MB thousand
process_end thousand
process_end million

# started SERVER: to its first manifest.
started() {
	local begun=$EPOCHREALTIME seconds
	naru_start "$1" "${address_of[$1]#http://}"
	"$load" WAIT "${address_of[$1]}" 1 20 "/v2/bench/many/manifests/t0000777" "$manifest_types"
	seconds=$(calculate "$EPOCHREALTIME - $begun" %.3f)
	echo "s=$seconds pss_mb=$(awk '/^Pss:/ { printf "%.1f", $2 / 1024 }' "/proc/$(process_pid "$1")/smaps_rollup")"
	process_end "$1"
}
unset 'pid_of[million]'
turns "$rounds" million -- started
report --below 0.1 "start with $million manifests, to the first answer" s s
report --below 16 "memory at rest with $million manifests" pss_mb MB
rm -rf "$work/million" "$work/thousand"
