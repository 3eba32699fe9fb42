# From the start of the process to its first answer, and memory at rest (Pss: shared pages counted once).

cold=127.0.0.1:$(port_free)

# started SERVER KIND: KIND is "empty" for a folder that is not there yet.
started() {
	local begun seconds
	[ "$2" != empty ] || rm -rf "$work/cold" "$work/peer-cold"
	begun=$EPOCHREALTIME
	case $1 in
	naru) naru_start cold "$cold" ;;
	*) peer_start cold "$cold" "$work/peer-cold" ;;
	esac
	"$load" WAIT "$cold" 1 10 /v2/
	seconds=$(calculate "$EPOCHREALTIME - $begun" %.3f)
	echo "s=$seconds pss_mb=$(awk '/^Pss:/ { printf "%.1f", $2 / 1024 }' "/proc/$(process_pid cold)/smaps_rollup")"
	process_end cold
}

unset 'pid_of[naru]' 'pid_of[docker-registry]' # they are others each time
turns "$rounds" naru docker-registry -- started empty
report "start on an empty folder, to the first answer" s s docker-registry
turns "$rounds" naru docker-registry -- started again
report "start again, to the first answer" s s docker-registry
report --below 16 "memory at rest" pss_mb MB docker-registry
