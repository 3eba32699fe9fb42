# Turns and the table. A measure takes turns: each server in turn does the same work, again and again, and beside one another, so that what the machine
# does meanwhile meets them all. What is printed are medians over the turns, and ratios that are medians of each turn's own ratio.

declare -A address_of=() pid_of=() # of each server: "http://127.0.0.1:5000", and its process where there is one

# turns COUNT SERVER... -- MEASURER ARGUMENT...: runs "MEASURER SERVER ARGUMENT..." for each server COUNT times, beginning with another one each time.
# It prints fields, "rate=1200 p99_ms=3.1"; those of CPU and memory are added here. The first server is the one that is compared with the others.
turns() {
	local turn i
	turn_count=$1
	shift
	turn_servers=()
	for (( ; $# > 0; )); do
		[ "$1" != -- ] || break
		turn_servers+=("$1")
		shift
	done
	shift
	rm -rf "$work/turns" && mkdir "$work/turns"
	for ((turn = 0; turn < turn_count; turn++)); do
		"${turn_begin:-:}"
		for ((i = 0; i < ${#turn_servers[@]}; i++)); do
			turn_take "${turn_servers[(turn + i) % ${#turn_servers[@]}]}" "$@"
		done
	done
}

# One turn. Where the measurer says how much "work" it was, CPU is that of a piece of it. peak_mb is the highest resident memory since the turn began.
turn_take() {
	local server=$1 measurer=$2 pid=${pid_of[$1]-} fields cpu=0 amount=1
	shift 2
	if [ -n "$pid" ]; then
		echo 5 >"/proc/$pid/clear_refs"
		cpu=$(cpu_seconds "$pid")
	fi
	fields=$("$measurer" "$server" "$@")
	[[ ! $fields =~ work=([0-9]+) ]] || amount=${BASH_REMATCH[1]}
	[ -z "$pid" ] || fields+=$(awk -v used="$(calculate "$(cpu_seconds "$pid") - $cpu")" -v work="$amount" '
		/^VmHWM:/ { printf " cpu_s=%.3f cpu_us=%.1f peak_mb=%.1f", used / work, used / work * 1e6, $2 / 1024 }' "/proc/$pid/status")
	echo "$fields" >>"$work/turns/$server"
}

# The CPU seconds that a process and its children have used, all their threads together.
cpu_seconds() {
	local pids="$1 $(cat "/proc/$1/task/"*/children)" pid
	for pid in $pids; do
		cat "/proc/$pid/stat"
	done | awk -v hertz="$(getconf CLK_TCK)" '{ sub(/^.*\) /, ""); ticks += $12 + $13 } END { printf "%.2f", ticks / hertz }'
}

# values SERVER FIELD: one a turn.
values() {
	grep -oP "\b$2=\K\S+" "$work/turns/$1"
}

# From standard input; nothing where there is nothing.
median() {
	sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

highest() {
	sort -g | tail -n 1
}

# ratio PEER FIELD UNIT STATISTIC: how many times as good the first server is as PEER; over 1 is better.
ratio() {
	if [ "$4" = highest ]; then
		paste <(values "${turn_servers[0]}" "$2" | highest) <(values "$1" "$2" | highest)
	else
		paste <(values "${turn_servers[0]}" "$2") <(values "$1" "$2")
	fi | awk -v unit="$3" '{ own = unit ~ /\/s$/ ? $1 : $2; other = unit ~ /\/s$/ ? $2 : $1 } other > 0 { print own / other }' | median
}

# report [--highest] [--below LIMIT] TITLE FIELD UNIT [PEER[:BAR]]...: a line of the table. UNIT "/s" and "MB/s": more is better; any other: less is
# better. BAR is the least ratio to that peer, LIMIT the most that the figure itself may be; whether they are met stands behind them.
report() {
	local statistic=median limit='' title field unit value peer other bar
	[ "$1" != --highest ] || { statistic=highest && shift; }
	[ "$1" != --below ] || { limit=$2 && shift 2; }
	title=$1 field=$2 unit=$3
	shift 3
	value=$(values "${turn_servers[0]}" "$field" | "$statistic")
	printf '%-50s %9s %-3s' "$title" "$value" "$unit"
	[ -z "$limit" ] || printf ' (%s)' "$(bar_told "$title" "$value" '<=' "$limit")"
	for peer in "$@"; do
		bar=${peer#"${peer%%:*}"} peer=${peer%%:*}
		bar=${bar#:}
		other=$(ratio "$peer" "$field" "$unit" "$statistic")
		printf '  %s %s (x%.2f%s)' "$peer" "$(values "$peer" "$field" | "$statistic")" "$other" "${bar:+$(bar_told "$title" "$other" '>=' "$bar")}"
	done
	printf '  [turns: %s]\n' "$turn_count"
}

# bar_told TITLE VALUE OPERATOR BAR: the words for it; bench/run counts them at its end.
bar_told() {
	local met=MISSED sign=x
	! awk "BEGIN { exit !($2 $3 $4) }" || met=met
	[ "$3" = '>=' ] || sign='at most '
	echo "$met ${1#"${1%%[! ]*}"}" >>"$work/bars"
	[ "$sign" = x ] && printf ', '
	printf 'bar %s%s: %s' "$sign" "$4" "$met"
}

bars_summary() {
	[ -e "$work/bars" ] || return 0
	printf '\nbars: %s met, %s missed\n' "$(grep -c '^met' "$work/bars")" "$(grep -c '^MISSED' "$work/bars")"
	sed -n 's/^MISSED /  missed: /p' "$work/bars"
}
