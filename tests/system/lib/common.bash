# What every system test uses: a folder, ports and servers of its own, waits that end, and a clean end.
# A test file says "load lib/common" and gets setup and teardown from here; one with a setup of its own calls common_setup and common_teardown in it.
# NARU_BUILD names the folder of the built programs ("build" beside the tests when unset).

top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
NARU_BUILD=${NARU_BUILD:-$top/build}
naru=$NARU_BUILD/naru
naru_registry=$NARU_BUILD/naru-registry

common_setup() {
	work=$(mktemp -d "${TMPDIR:-/tmp}/naru-test.XXXXXX")
	mkdir -p "$work/pids"
	export NARU_HOME=$work/naru DOCKER_CONFIG=$work/docker XDG_CONFIG_HOME=$work/config
	unset DOCKER_HOST DOCKER_CONTEXT
	mkdir -p "$DOCKER_CONFIG" && echo '{}' >"$DOCKER_CONFIG/config.json"
}

# Ends what the test started, newest first, undoes its mounts and removes its folder.
common_teardown() {
	local file
	naru_containers_end
	while read -r file; do
		process_end "$(basename "$file")"
	done < <(ls -t "$work/pids")
	mounts_end
	rm -rf "$work"
}

setup() {
	common_setup
}

teardown() {
	common_teardown
}

# process_start NAME COMMAND...: in the background, what it says in $work/NAME.log.
process_start() {
	local name=$1
	shift
	"$@" >"$work/$name.log" 2>&1 3>&- </dev/null &
	echo $! >"$work/pids/$name"
}

process_pid() {
	cat "$work/pids/$1"
}

# process_end NAME [SIGNAL]: asks it to end (TERM) and waits; kills it when it does not.
process_end() {
	local pid
	[ -e "$work/pids/$1" ] || return 0
	pid=$(cat "$work/pids/$1")
	rm -f "$work/pids/$1"
	kill -s "${2:-TERM}" "$pid" 2>/dev/null || return 0
	wait_for 20 process_gone "$pid" || { kill -s KILL "$pid" && wait_for 5 process_gone "$pid"; }
}

# A process that nobody has waited for yet is gone too.
process_gone() {
	case $(ps -o stat= -p "$1" 2>/dev/null) in
	'' | Z*) return 0 ;;
	*) return 1 ;;
	esac
}

# wait_for SECONDS COMMAND...: until it succeeds.
wait_for() {
	local deadline=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $deadline ] || return 1
		sleep 0.05
	done
}

# A port of 127.0.0.1 that nothing listened on a moment ago.
port_free() {
	python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

# http_answers URL: any answer will do.
http_answers() {
	curl -s -o /dev/null --max-time 5 "$1"
}

# Containers that a test left: they would hold their mounts.
naru_containers_end() {
	local containers
	[ -d "$NARU_HOME" ] || return 0
	containers=$("$naru" ps -aq 2>/dev/null) || return 0
	# shellcheck disable=SC2086
	[ -z "$containers" ] || "$naru" rm -f $containers >/dev/null
}

mounts_end() {
	local mounted
	while read -r mounted; do
		umount -l "$mounted"
	done < <(awk -v work="$work/" 'index($2, work) == 1 { print $2 }' /proc/mounts | sort -r)
}

# registry_start [OPTION...]: naru-registry on a port of its own; sets $registry (ADDR:PORT). Its folder is $work/registry.
registry_start() {
	registry=127.0.0.1:$(port_free)
	process_start registry "$naru_registry" serve --open --data "$work/registry" --listen "$registry" "$@"
	registry_ready
}

registry_ready() {
	wait_for 20 http_answers "http://$registry/v2/" || { cat "$work/registry.log" >&2 && return 1; }
}

# Leaves the data and the port for registry_restart.
registry_stop() {
	process_end registry "$@"
}

registry_restart() {
	process_start registry "$naru_registry" serve --open --data "$work/registry" --listen "$registry" "$@"
	registry_ready
}

# image NAME: the path of one of tests/images' images.
image() {
	"$top/tests/images/make" "$1"
}

# needs COMMAND...: skips the test, saying so, where one is not installed.
needs() {
	local command
	for command in "$@"; do
		command -v "$command" >/dev/null || skip "$command is not installed"
	done
}

needs_root() {
	[ "$(id -u)" = 0 ] || skip "needs root"
}

# fails_with STATUS TEXT COMMAND...: the command's status, and a part of what it printed.
fails_with() {
	local status_wanted=$1 text=$2
	shift 2
	run "$@"
	[ "$status" -eq "$status_wanted" ] || { echo "status $status instead of $status_wanted: $output" && return 1; }
	[[ $output == *"$text"* ]] || { echo "no \"$text\" in: $output" && return 1; }
}
