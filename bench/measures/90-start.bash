# From the start of the process to its first answer, and memory at rest (Pss: shared pages counted once).

cold=127.0.0.1:$(port_free)
sed "s|$work/peer-registry|$work/peer-cold|; s|addr: .*}|addr: $cold}|" "$work/peer-registry.yml" >"$work/peer-cold.yml"

# started SERVER KIND: KIND is "empty" for a folder that is not there yet.
started() {
	local begun=$EPOCHREALTIME seconds
	[ "$2" != empty ] || rm -rf "$work/registry-cold" "$work/peer-cold"
	begun=$EPOCHREALTIME
	case $1 in
	naru) process_start cold "$naru_registry" serve "${naru_options[@]}" --data "$work/registry-cold" --listen "$cold" ;;
	*) process_start cold docker-registry serve "$work/peer-cold.yml" ;;
	esac
	"$load" WAIT "$cold" 1 10 /v2/
	seconds=$(calculate "$EPOCHREALTIME - $begun" %.3f)
	echo "s=$seconds pss_mb=$(awk '/^Pss:/ { printf "%.1f", $2 / 1024 }' "/proc/$(process_pid cold)/smaps_rollup")"
	process_end cold
}

turns "$rounds" naru docker-registry -- started empty
report "start on an empty folder, to the first answer" s s docker-registry
turns "$rounds" naru docker-registry -- started again
report "start again, to the first answer" s s docker-registry
report --below 16 "memory at rest" pss_mb MB docker-registry
