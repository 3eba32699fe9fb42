# naru run, ps, logs, stop, rm: a busybox image made here and loaded, in network and mount namespaces of the test's own, so that the host's rules,
# its /run/naru and its addresses are not touched.
bats_require_minimum_version 1.5.0
load lib/common

setup() {
	common_setup
	needs_root
	needs busybox crun conmon nft unshare nsenter ip
	# A namespace pair that lives as long as this sleeping process does.
	process_start space unshare --net --mount --propagation private sleep 600
	space=$(process_pid space)
	wait_for 5 space_ready
	inside mount -t tmpfs tmpfs /run
	inside ip link set lo up
}

teardown() {
	[ -z "${space-}" ] || containers_end
	common_teardown
}

space_ready() {
	[ "$(readlink "/proc/$space/ns/net")" != "$(readlink /proc/self/ns/net)" ] && [ "$(readlink "/proc/$space/ns/mnt")" != "$(readlink /proc/self/ns/mnt)" ]
}

inside() {
	nsenter --net --mount --target "$space" --wd="$PWD" "$@"
}

tool() {
	inside "$naru" "$@"
}

containers_end() {
	local all
	all=$(tool ps -aq 2>/dev/null) || return 0
	# shellcheck disable=SC2086
	[ -z "$all" ] || tool rm -f $all >/dev/null
}

# image_load NAME [SHELL]: busybox as an image; SHELL changes its root before it is packed, CONFIG is added to its configuration.
image_load() {
	local root=$work/root layer diff
	rm -rf "$root" && mkdir -p "$root/bin" "$root/etc" "$root/tmp" "$work/archive"
	cp "$(command -v busybox)" "$root/bin/busybox"
	for applet in sh true cat ls id env echo sleep httpd wget mkdir touch kill hostname test pwd stat ip head tail sed; do
		ln -s busybox "$root/bin/$applet"
	done
	printf 'root:x:0:0:root:/root:/bin/sh\nbob:x:1000:1000::/home/bob:/bin/sh\n' >"$root/etc/passwd"
	printf 'root:x:0:\nextra:x:2000:bob\n' >"$root/etc/group"
	[ -z "${2-}" ] || (cd "$root" && eval "$2")
	layer=$work/archive/layer.tar
	tar -C "$root" -cf "$layer" .
	diff=$(sha256sum "$layer" | cut -d' ' -f1)
	cat >"$work/archive/config.json" <<-END
		{"architecture":"$(case $(uname -m) in aarch64) echo arm64 ;; *) echo amd64 ;; esac)","os":"linux","created":"2026-01-01T00:00:00Z",
		"config":{"Cmd":["sh"],"Env":["PATH=/bin"]${CONFIG-}},"rootfs":{"type":"layers","diff_ids":["sha256:$diff"]},"history":[{"created_by":"test"}]}
	END
	printf '[{"Config":"config.json","RepoTags":["%s"],"Layers":["layer.tar"]}]' "$1" >"$work/archive/manifest.json"
	tar -C "$work/archive" -cf "$work/image.tar" manifest.json config.json layer.tar
	tool load -q -i "$work/image.tar" >/dev/null
}

page_is() {
	[ "$(inside curl -s --max-time 2 "$2")" = "$1" ]
}

@test "run: streams, exit codes, and nothing is left with --rm" {
	image_load bb:1
	run --separate-stderr tool run --rm --network none bb:1 sh -c 'echo out; echo err >&2; exit 3'
	[ "$status" -eq 3 ] && [ "$output" = out ] && [ "$stderr" = err ]
	run tool run --rm --network none -i bb:1 cat <<<"passed on"
	[ "$status" -eq 0 ] && [ "$output" = "passed on" ]
	fails_with 127 'exec: "nosuch": executable file not found in $PATH' tool run --rm bb:1 nosuch
	fails_with 127 'exec: "/nosuch": stat /nosuch: no such file or directory' tool run --rm bb:1 /nosuch
	fails_with 126 'exec: "/etc/passwd": permission denied' tool run --rm bb:1 /etc/passwd
	fails_with 126 'exec: "/etc": permission denied' tool run --rm bb:1 /etc
	fails_with 125 'unknown flag: --frob' tool run --frob bb:1
	fails_with 125 'unable to find user nosuch: no matching entries in passwd file' tool run --rm -u nosuch bb:1
	fails_with 1 'the input device is not a TTY' tool run --rm -it bb:1 </dev/null
	[ -z "$(tool ps -aq)" ]
	[ -z "$(ls "$NARU_HOME/containers")" ]
	[ -z "$(inside ls /run/naru/runtime)" ]
	run ! sh -c "nsenter --net --mount --target $space sh -c 'ls /run/naru/net-*' | grep -E '^(address|port)-'"
	run ! grep -q "$work" /proc/mounts
}

@test "run: a reader that goes away ends naru, not the container" {
	image_load bb:1
	[ "$(timeout 20 nsenter --net --mount --target "$space" "$naru" run --name talks bb:1 sh -c 'while echo y; do sleep 0.1; done' | head -n 1)" = y ]
	[ "$(tool ps --format '{{.Names}} {{.State}}')" = "talks running" ]
	tool rm -f talks
}

@test "run: what the container is given" {
	CONFIG=',"User":"bob","WorkingDir":"/srv","Volumes":{"/vol":{}}' image_load bb:1
	mkdir "$work/shared"
	run tool run --rm -e A=1 -h box -v "$work/shared:/data" --read-only bb:1 sh -c \
		'id; pwd; hostname; echo $A $HOME; touch /vol/x; touch /data/x; touch /x; sed -n /CapBnd/p /proc/self/status'
	[ "$status" -eq 0 ]
	[[ $output == *"uid=1000(bob) gid=1000 groups=2000(extra)"*/srv*box*"1 /home/bob"* ]]
	[[ $output == *"/vol/x: Permission denied"* && $output == *"/x: Read-only file system"* ]]
	[[ $output == *00000000a80425fb* ]]
	run tool run --rm -u 0 -v "$work/shared:/data:ro" bb:1 sh -c 'touch /data/y'
	[ "$status" -eq 1 ] && [[ $output == *"Read-only file system"* ]]
	tool run --rm -u 0 -v "$work/made/here:/data/deep" bb:1 touch /data/deep/z
	[ -e "$work/made/here/z" ]
}

@test "run -d, ps, logs, stop, rm" {
	image_load bb:1
	run tool run -d --name web bb:1 sh -c 'echo one; echo two >&2; trap "exit 5" TERM; while true; do sleep 1; done'
	[ "$status" -eq 0 ] && [[ $output =~ ^[0-9a-f]{64}$ ]]
	id=$output
	run tool ps
	[[ ${lines[1]} == "${id:0:12}   bb:1      \"sh -c"*"   web" ]]
	[[ ${lines[1]} == *" Up "* ]]
	wait_for 5 sh -c "[ \$(nsenter --net --mount --target $space $naru logs web 2>&1 | wc -l) = 2 ]"
	run --separate-stderr tool logs web
	[ "$output" = one ] && [ "$stderr" = two ]
	run tool logs -t -n 1 web
	[[ $output =~ ^20[0-9-]+T[0-9:.]+Z\ two$ ]]
	fails_with 125 "Conflict. The container name \"/web\" is already in use by container \"$id\"" tool run --name web bb:1 true
	fails_with 1 'cannot remove container "web": container is running' tool rm web
	fails_with 1 'using its referenced image' tool rmi bb:1
	run tool stop web
	[ "$status" -eq 0 ] && [ "$output" = web ]
	run tool ps -a --format '{{.State}} {{.Status}}'
	[[ $output == "exited Exited (5) "* ]]
	[ -z "$(tool ps -q)" ]
	[ "$(tool ps -aq -f name=we -f status=exited)" = "${id:0:12}" ]
	[ -z "$(tool ps -aq -f status=running)" ]
	run tool rm "${id:0:6}" nosuch
	[ "$status" -eq 1 ] && [ "${lines[0]}" = "${id:0:6}" ] && [ "${lines[1]}" = "Error: No such container: nosuch" ]
	run tool rm -f nosuch
	[ "$status" -eq 0 ]
}

@test "the bridge: a published port from the host and from a container, taken and given back" {
	image_load bb:1
	tool run -d --name web -p 18080:80 -p 127.0.0.1::80 bb:1 sh -c 'mkdir /www; echo hello >/www/index.html; httpd -f -p 80 -h /www' >/dev/null
	wait_for 5 page_is hello http://127.0.0.1:18080/
	[[ $(tool ps --format '{{.Ports}}') == "0.0.0.0:18080->80/tcp, "*"127.0.0.1:"*"->80/tcp"* ]]
	gateway=$(inside ip -4 -o address show naru0 | sed 's/.*inet \([0-9.]*\).*/\1/')
	[ "$(tool run --rm bb:1 wget -qO- "http://$gateway:18080/")" = hello ]
	fails_with 125 'Bind for 0.0.0.0:18080 failed: port is already allocated' tool run --rm -p 18080:80 bb:1 true
	# Every other program is kept from it too, and somebody who flushed the rules does not end it.
	run ! inside python3 -c 'import socket; s = socket.socket(); s.bind(("0.0.0.0", 18080))'
	inside nft flush ruleset
	run ! page_is hello http://127.0.0.1:18080/
	tool run --rm bb:1 true
	page_is hello http://127.0.0.1:18080/
	tool rm -f web
	run ! page_is hello http://127.0.0.1:18080/
	tool run -d --name web -p 18080:80 bb:1 sleep 100 >/dev/null
	[ "$(inside nft list map inet naru any4 | grep -c '18080')" -eq 1 ]
}

@test "an image whose links leave its root touches nothing there" {
	local outside=$work/outside change
	mkdir -p "$outside"
	for change in "mv etc old; ln -s $outside etc" "ln -s $outside dev" "ln -s $outside proc" "ln -s $outside sys" \
		"ln -s $outside/h etc/hosts; ln -s ../../../../../../../$outside/r etc/resolv.conf; ln -s $outside/n etc/hostname" \
		"ln -s $outside data" "ln -s ../../../../../../..$outside data" "mkdir dev; ln -s $outside dev/pts; ln -s $outside/null dev/null" \
		"rm etc/passwd; ln -s $outside/passwd etc/passwd"; do
		image_load hostile:1 "$change"
		run tool run --rm -v "$work:/data/sub:ro" hostile:1 sh -c 'test -s /etc/hosts && test -c /dev/null && test -e /proc/1/status && test -d /data/sub'
		[ "$status" -eq 0 ] || { echo "$change: $output" && false; }
		[ -z "$(ls -A "$outside")" ] || { echo "$change: $(ls -lA "$outside")" && false; }
	done
}

# killed_at SYSCALL N ARGUMENT...: naru, killed by SIGKILL when one of its threads makes that call for the Nth time. What it starts is not touched.
killed_at() {
	local call=$1 when=$2 code=0
	shift 2
	inside strace -qq -f -b execve -o /dev/null -e "trace=$call" -e "inject=$call:signal=KILL:when=$when" "$naru" "$@" >/dev/null 2>&1 || code=$?
	[ "$code" -eq 137 ]
}

nothing_is_left() {
	[ -z "$(tool ps -aq)" ] && [ -z "$(ls "$NARU_HOME/containers")" ] && [ -z "$(inside ls /run/naru/runtime)" ] &&
		! inside sh -c 'ls /run/naru/net-*' | grep -qE '^(address|port)-'
}

@test "run --rm killed at any step leaves nothing behind, and what it was given is free again" {
	needs strace
	image_load bb:1
	tool run --rm bb:1 true
	local call when killed=0
	for call in mkdirat flock sendto mount clone clone3 pidfd_open connect; do
		for when in $(seq 40); do
			killed_at $call "$when" run --rm -p 18083:80 bb:1 true || break
			killed=$((killed + 1))
			wait_for 20 nothing_is_left || { echo "$call $when: $(tool ps -a; find "$NARU_HOME/containers"; inside ls -R /run/naru)" && false; }
		done
		[ "$when" -gt 1 ] || { echo "never killed at $call" && false; }
	done
	[ "$killed" -gt 20 ]
	tool run --rm -p 18083:80 bb:1 true
}

@test "run killed between create and start: the container is as if created, or gone with --rm" {
	needs strace
	image_load bb:1
	killed_at connect 1 run --rm --name gone bb:1 sleep 1000
	tool run --rm --name gone bb:1 true
	killed_at connect 1 run --name kept -p 18084:80 bb:1 sleep 1000
	[ "$(tool ps -a --format '{{.Names}} {{.State}}')" = "kept created" ]
	tool run --rm -p 18084:80 bb:1 true
	tool rm kept
	killed_at pidfd_open 1 run --name kept bb:1 sleep 1000
	tool rm kept
	wait_for 20 nothing_is_left
	# Killed just behind the start, it is like any other that runs.
	killed_at poll 1 run --rm --name runs bb:1 sleep 1000
	[ "$(tool ps --format '{{.Names}} {{.State}}')" = "runs running" ]
	tool rm -f runs
}

@test "a supervisor that is killed: the container runs as long as its process does, and can be removed" {
	image_load bb:1
	id=$(tool run -d -p 18081:80 bb:1 sleep 1000)
	pid=$(cat "$NARU_HOME/containers/$id/pid")
	kill -9 "$(pgrep -f "conmon --sync .*--cid $id")"
	wait_for 5 supervisor_gone "$id"
	[ "$(tool ps --format '{{.State}}')" = running ]
	fails_with 1 'container is running' tool rm "$id"
	fails_with 1 'using its referenced image' tool rmi bb:1
	kill -0 "$pid"
	tool rm -f "$id"
	process_gone "$pid"
	[ -z "$(ls "$NARU_HOME/containers")" ]
	# One that ends by itself gives back what it had, and nobody saw its exit code.
	id=$(tool run -d -p 18081:80 bb:1 sleep 1000)
	kill -9 "$(pgrep -f "conmon --sync .*--cid $id")"
	wait_for 5 supervisor_gone "$id"
	kill -9 "$(cat "$NARU_HOME/containers/$id/pid")"
	state_is() { [[ $(tool ps -a --format '{{.State}} {{.Status}}') == "exited Exited (255)"* ]]; }
	wait_for 5 state_is
	tool run --rm -p 18081:80 bb:1 true
	tool rm "$id"
}

supervisor_gone() {
	! pgrep -f "conmon --sync .*--cid $1" >/dev/null
}

@test "output that cannot be written ends naru with docker's words, not the container" {
	image_load bb:1
	full() { inside "$naru" "$@" >/dev/full; }
	fails_with 1 'write /dev/stdout: no space left on device' full run --rm --network none bb:1 echo hi
	fails_with 1 'write /dev/stdout: no space left on device' full run --name talks --network none bb:1 sh -c 'while echo y; do sleep 0.1; done'
	[ "$(tool ps --format '{{.Names}} {{.State}}')" = "talks running" ]
	fails_with 1 'write /dev/stdout: no space left on device' full logs talks
	fails_with 1 'write /dev/stdout: no space left on device' full ps
	tool logs talks | head -n 1
	fails_with 125 "naru: invalid pull option: 'x': must be one of \"always\", \"missing\" or \"never\"" tool run --pull x bb:1 true
	tool run --rm --pull= --network none bb:1 true
}

@test "run --log-opt max-size bounds what is kept, and logs -f goes on over the bound" {
	image_load bb:1
	mkdir "$work/shared"
	id=$(tool run -d --network none --log-opt max-size=4k -v "$work/shared:/shared" bb:1 sh -c 'until test -e /shared/go; do sleep 0.05; done
		i=0; while test $i -lt 500; do echo line $i; i=$((i + 1)); done; echo the end')
	process_start follow nsenter --net --mount --target "$space" "$naru" logs -f "$id"
	touch "$work/shared/go"
	wait_for 20 process_gone "$(process_pid follow)"
	[ "$(tail -n 1 "$work/follow.log")" = "the end" ]
	[ "$(tool logs "$id" | tail -n 1)" = "the end" ]
	[ "$(stat -c %s "$NARU_HOME/containers/$id/log")" -le 4096 ]
	fails_with 125 "failed to initialize logging driver: invalid size: 'x'" tool run --rm --log-opt max-size=x bb:1 true
	tool rm "$id"
}

@test "the state of network namespaces that are gone goes with the next new one" {
	image_load bb:1
	tool run --rm bb:1 true
	mine=$(inside ls /run/naru | grep '^net-')
	inside unshare --net sh -c "ip link set lo up; $naru run --rm bb:1 true"
	[ "$(inside ls /run/naru | grep -c '^net-')" -eq 2 ]
	inside unshare --net sh -c "ip link set lo up; $naru run --rm bb:1 true"
	[ "$(inside ls /run/naru | grep -c '^net-')" -eq 2 ]
	inside ls -d "/run/naru/$mine"
	tool run --rm bb:1 true
}

terminal() {
	inside python3 "$BATS_TEST_DIRNAME/lib/terminal.py" "$@"
}

@test "run -it: size, interrupt and exit code; the detach keys leave it running" {
	image_load bb:1 "ln -s busybox bin/stty"
	run terminal 'see:/ # ' 'type:stty size; echo a$((1+1))\r' 'see:33 101' 'see:a2' 'see:/ # ' 'type:sh -c "echo now; exec sleep 100"\r' 'see:\nnow' 'type:\x03' 'see:/ # ' \
		'type:exit 7\r' -- "$naru" run --rm -it --network none bb:1 sh
	[ "$status" -eq 7 ] || { echo "$status: $output" && false; }
	run terminal 'see:/ # ' 'type:\x10\x11' -- "$naru" run -it --name kept --network none bb:1 sh
	[ "$status" -eq 0 ] || { echo "$status: $output" && false; }
	[ "$(tool ps --format '{{.Names}} {{.State}}')" = "kept running" ]
}
