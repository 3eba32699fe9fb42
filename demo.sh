#!/bin/bash
# The whole round on this machine: installs what is needed, builds, starts a registry, makes a web image, and pulls, tags, pushes, removes and runs it.
# usage: ./demo.sh        again: the same round, quick
#        ./demo.sh stop   ends the container and the registry; the data stays in ./demo-data
set -euo pipefail
cd "$(dirname "$0")"

data=$PWD/demo-data
as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo)

# naru runs containers, so it is root's; its images and containers are in the demo's folder.
naru() {
	"${as_root[@]}" env NARU_HOME="$data/naru" "$PWD/build/naru" "$@"
}

begun=$EPOCHREALTIME

# seconds SINCE: with a digit behind the point, without a program that may be absent.
seconds() {
	local tenths=$(((${EPOCHREALTIME/./} - ${1/./}) / 100000))
	printf '%d.%d s' $((tenths / 10)) $((tenths % 10))
}

# step TITLE COMMAND...: runs the command and tells its time; what it said is shown when it failed.
step() {
	local title=$1 started=$EPOCHREALTIME log=$data/last-step.log
	shift
	printf '%-58s ' "$title"
	if "$@" >"$log" 2>&1; then
		seconds "$started" && echo
	else
		echo 'failed'
		tail -n 40 "$log"
		exit 1
	fi
}

# shown COMMAND...: a naru command as one would type it, with what it prints, and its time.
shown() {
	local started=$EPOCHREALTIME
	printf '\n$ naru %s\n' "$*"
	naru "$@"
	printf '  (%s)\n' "$(seconds "$started")"
}

# free_port FIRST: the first port from there on that can be bound: one that is held may have no listener yet.
free_port() {
	python3 -c 'import socket, sys
for port in range(int(sys.argv[1]), 65536):
    try:
        socket.socket().bind(("0.0.0.0", port))
    except OSError:
        continue
    print(port)
    break' "$1"
}

registry_answers() {
	curl -sf -o /dev/null "http://$registry/v2/"
}

# wait_for COMMAND...: up to 20 seconds.
wait_for() {
	local tries=200
	until "$@"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.1
	done
}

# The process that the last run noted, if it is still that one.
registry_pid() {
	local pid
	[ -e "$data/registry.pid" ] || return 1
	pid=$(cat "$data/registry.pid")
	tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF "naru-registry serve --open --data $data/registry " || return 1
	echo "$pid"
}

registry_gone() {
	! registry_pid >/dev/null
}

stop() {
	local pid
	if [ -e "$data/container" ]; then
		naru rm -f "$(cat "$data/container")" >/dev/null 2>&1 || true # it may have been removed by hand
		rm -f "$data/container"
	fi
	if pid=$(registry_pid); then
		kill "$pid"
		wait_for registry_gone
	fi
	rm -f "$data/registry.pid"
}

build() {
	[ -e build/build.ninja ] || meson setup build
	ninja -C build naru naru-registry
}

registry_start() {
	setsid "$PWD/build/naru-registry" serve --open --data "$data/registry" --listen "$registry" </dev/null >>"$data/registry.log" 2>&1 &
	echo $! >"$data/registry.pid"
	wait_for registry_answers
}

# The image is made once; its packages and itself are kept.
image_make() {
	[ -e "$data/simple-web.tar" ] || scripts/image-web "$data/simple-web.tar" devwikirepo/simple-web:1.0
}

# There may be no hub in reach: the registry first gets what a hub would have, and this machine forgets it.
hub_fill() {
	naru load -i "$data/simple-web.tar"
	naru tag devwikirepo/simple-web:1.0 "$registry/devwikirepo/simple-web:1.0"
	naru push "$registry/devwikirepo/simple-web:1.0"
	naru image rm devwikirepo/simple-web:1.0 "$registry/devwikirepo/simple-web:1.0"
}

# What an earlier round left in the demo's local storage, so that this one downloads again.
local_forget() {
	local images
	mapfile -t images < <(naru images -q | sort -u)
	[ ${#images[@]} -eq 0 ] || naru image rm -f "${images[@]}" >"$data/last-step.log"
}

page_fetch() {
	curl -sf "http://127.0.0.1:$web_port/" >"$data/page.html"
}

round() {
	shown pull "$registry/devwikirepo/simple-web:1.0"
	shown tag "$registry/devwikirepo/simple-web:1.0" "$registry/team/web:1.0"
	shown image ls
	shown push "$registry/team/web:1.0"
	shown image rm "$registry/devwikirepo/simple-web:1.0" "$registry/team/web:1.0"
	shown run -d --name "$container" -p "$web_port:80" "$registry/team/web:1.0"
	shown ps
}

case ${1-} in
'') ;;
stop)
	stop
	echo "Stopped. The data is in $data; remove the folder to forget it."
	exit 0
	;;
*)
	echo "usage: ./demo.sh [stop]" >&2
	exit 2
	;;
esac

mkdir -p "$data"
step "Debian packages that naru needs" scripts/deps
step "naru and naru-registry, built" build
stop
registry=127.0.0.1:$(free_port 5000)
web_port=$(free_port 8080)
container=naru-demo
step "naru-registry serve --open --listen $registry" registry_start
step "A web image, made of Debian packages (nginx)" image_make
local_forget
step "The registry filled with devwikirepo/simple-web:1.0" hub_fill
echo "$container" >"$data/container"
round
printf '\n'
step "The page, from the running container" wait_for page_fetch
echo
cat "$data/page.html"
cat <<TEXT

The page came from http://127.0.0.1:$web_port/ (container $container); the registry is at http://$registry/v2/.
All of it took $(seconds "$begun"). To stop it: ./demo.sh stop
TEXT
