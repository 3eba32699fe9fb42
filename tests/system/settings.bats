#!/usr/bin/env bats
# The configuration file with the real program: its mistakes, what wins, reload on HUP, sockets and word to and from systemd, what stops a start.

load lib/common

# serve_with [OPTION...]: with the configuration on standard input; waits until it answers and sets $registry.
serve_with() {
	cat >"$work/registry.yml"
	process_start registry "$naru_registry" serve --config "$work/registry.yml" "$@"
	wait_for 20 grep -q msg=listening "$work/registry.log" || { cat "$work/registry.log" >&2 && return 1; }
	registry=$(sed -n '/msg=listening/{s/.* address=\([^ ]*\).*/\1/p;q}' "$work/registry.log")
}

logged() {
	grep -q -- "$1" "$work/registry.log"
}

# hup: sends it, and waits until the log has one more line about it.
hup() {
	local before
	before=$(grep -c 'read again\|stays as it was' "$work/registry.log" || [ $? -eq 1 ])
	kill -HUP "$(process_pid registry)"
	wait_for 10 more_than "$before"
}

more_than() {
	[ "$(grep -c 'read again\|stays as it was' "$work/registry.log")" -gt "$1" ]
}

status_of() {
	curl -s -o "$work/body" -w '%{http_code}' "$@"
}

@test "config check: ok with 0, each mistake with its place and 1" {
	printf 'access: {open: true}\n' >"$work/good.yml"
	run "$naru_registry" config check --config "$work/good.yml"
	[ "$status" -eq 0 ] && [ "$output" = ok ]
	printf 'access:\n  open: true\nlimits:\n  sparse: most\n  sparze: all\naccess: {}\n' >"$work/bad.yml"
	fails_with 1 "$work/bad.yml:6:1: access: it stands here twice, first in line 1" "$naru_registry" config check --config "$work/bad.yml"
	sed -i '$d' "$work/bad.yml"
	fails_with 1 "$work/bad.yml:4:11: limits.sparse: \"most\" is not none, indexes or all" "$naru_registry" config check --config "$work/bad.yml"
	[[ $output == *"$work/bad.yml:5:3: limits.sparze: there is no such setting"* ]]
	fails_with 1 "/nonexistent.yml: No such file" "$naru_registry" config check --config /nonexistent.yml
	fails_with 125 "Usage:" "$naru_registry" config
}

@test "config show: every setting with where it came from, as a file that means the same" {
	printf 'access:\n  open: true\nlimits:\n  uploads: ${UPLOADS}\n  idle_timeout: 90s\n' >"$work/a.yml"
	UPLOADS=77 "$naru_registry" config show --config "$work/a.yml" --data "$work/data" >"$work/b.yml"
	grep -qx "  uploads: 77  # environment UPLOADS, $work/a.yml:4" "$work/b.yml"
	grep -qx "  idle_timeout: 90s  # file $work/a.yml:5" "$work/b.yml"
	grep -qx "data: $work/data  # argument --data" "$work/b.yml"
	grep -qx "  head_timeout: 20s  # default" "$work/b.yml"
	"$naru_registry" config show --config "$work/b.yml" >"$work/c.yml"
	diff <(sed 's/  # .*//' "$work/b.yml") <(sed 's/  # .*//' "$work/c.yml")
}

@test "serve refuses a wrong configuration with 125 and the line, and an argument wins over the file" {
	printf 'data: %s\nlisten: 127.0.0.1:0\nport: 5000\n' "$work/data" >"$work/a.yml"
	fails_with 125 "$work/a.yml:3:1: port: there is no such setting" "$naru_registry" serve --config "$work/a.yml" --open
	fails_with 125 "access.trusted_proxies" "$naru_registry" serve --open --listen 0.0.0.0:0
	printf 'listen: 0.0.0.0:0\naccess: {open: true}\n' >"$work/b.yml"
	fails_with 125 "$work/b.yml:1:1: listen: 0.0.0.0:0 is not on loopback: set tls.cert and tls.key" "$naru_registry" serve --config "$work/b.yml"
	printf 'access: {trusted_proxies: 10.0.0.0/8}\n' >"$work/c.yml"
	fails_with 125 "the configuration file has to say access.open: true" "$naru_registry" serve --config "$work/c.yml" --open --listen 0.0.0.0:0
	serve_with --data "$work/other" --open < <(sed 3d "$work/a.yml")
	[ -e "$work/other/VERSION" ] && [ ! -e "$work/data" ]
	[ "$(status_of "http://$registry/v2/")" = 200 ]
}

@test "limits, log and deletes of the file are in force" {
	serve_with <<-EOF
		data: $work/data
		listen: 127.0.0.1:0
		access: {open: true}
		storage: {folder: "$work/content", deletes: false}
		limits: {header_bytes: 2KiB, manifest_bytes: 1KiB}
		log: {requests: false}
	EOF
	[ "$(status_of -H "X: $(head -c 3000 /dev/zero | tr '\0' x)" "http://$registry/v2/")" = 431 ]
	[ "$(status_of -X DELETE "http://$registry/v2/a/manifests/x")" = 405 ]
	head -c 2000 /dev/zero | tr '\0' x >"$work/big"
	[ "$(status_of -X PUT -H 'Content-Type: application/vnd.oci.image.manifest.v1+json' --data-binary "@$work/big" "http://$registry/v2/a/manifests/x")" = 413 ]
	[ -d "$work/content/blobs" ] && [ -e "$work/data/registry.db" ] && [ ! -e "$work/data/blobs" ]
	! logged msg=answered
}

@test "HUP takes the file again, keeps connections, and names what has to wait" {
	serve_with <<-EOF
		data: $work/data
		listen: 127.0.0.1:0
		access: {open: true}
		limits: {header_bytes: 2KiB}
	EOF
	mkfifo "$work/go"
	cat >"$work/client.py" <<-'EOF'
		import http.client, sys
		connection = http.client.HTTPConnection(sys.argv[1])
		connection.connect()
		def ask(header):
		    connection.request("GET", "/v2/", headers={"X": "x" * header})
		    answer = connection.getresponse()
		    answer.read()
		    return answer.status
		mine = connection.sock
		print(ask(10), flush=True)
		open(sys.argv[2]).read()
		print(ask(10), connection.sock is mine, flush=True)
	EOF
	process_start client python3 "$work/client.py" "$registry" "$work/go"
	wait_for 10 grep -qx 200 "$work/client.log"
	sed -i "s|data: .*|data: $work/elsewhere|; s/2KiB/8KiB/" "$work/registry.yml"
	echo 'log: {requests: false}' >>"$work/registry.yml"
	hup
	logged 'msg="configuration and certificates were read again"'
	logged 'kept as before until the next start: data'
	[ ! -e "$work/elsewhere" ]
	echo >"$work/go"
	wait_for 10 grep -qx '200 True' "$work/client.log"
	[ "$(status_of -H "X: $(head -c 3000 /dev/zero | tr '\0' x)" "http://$registry/v2/")" = 200 ]

	# A mistake, several even, leaves all as it is.
	printf 'limits: {header_bytes: 1KiB, sparse: x}\nfoo: 1\n' >>"$work/registry.yml"
	hup
	logged 'stays as it was.*limits: it stands here twice'
	sed -i '/^limits/d' "$work/registry.yml"
	hup
	logged "stays as it was.*registry.yml:[0-9]*:1: foo: there is no such setting"
	[ "$(status_of -H "X: $(head -c 3000 /dev/zero | tr '\0' x)" "http://$registry/v2/")" = 200 ]
	registry_stop
}

@test "a proxy is believed when the file names it, and no longer when HUP takes the name away" {
	serve_with <<-EOF
		data: $work/data
		listen: 127.0.0.1:0
		access: {open: true}
	EOF
	status_of -H 'X-Forwarded-For: 203.0.113.1' "http://$registry/v2/"
	wait_for 10 logged 'peer=127.0.0.1:.*target=/v2/ '
	echo 'access: {open: true, trusted_proxies: [127.0.0.0/8]}' >"$work/access"
	sed -i "/^access/{r $work/access
		d}" "$work/registry.yml"
	hup
	status_of -H 'X-Forwarded-For: 203.0.113.2' "http://$registry/v2/"
	wait_for 10 logged 'peer=203.0.113.2'
	sed -i '/^access/s/127.0.0.0/10.0.0.0/' "$work/registry.yml"
	hup
	status_of -H 'X-Forwarded-For: 203.0.113.3' "http://$registry/v2/last"
	wait_for 10 logged 'peer=127.0.0.1:.*target=/v2/last '
	! logged 'peer=203.0.113.[13]'
}

@test "requests of one address over the rate of the file are told to wait" {
	serve_with <<-EOF
		data: $work/data
		listen: 127.0.0.1:0
		access: {open: true}
		limits: {requests_per_second: 1, requests_burst: 3}
	EOF
	local i
	for i in 1 2 3 4 5 6 7 8; do
		status_of -D "$work/head$i" "http://$registry/v2/" >>"$work/codes"
		echo >>"$work/codes"
	done
	grep -qx 200 "$work/codes" && grep -qx 429 "$work/codes"
	grep -qi '^retry-after: [0-9]' "$work/head8"
}

listens_on_web() {
	local address
	address=$(sed -n 's/^web //p' "$work/registry.log")
	[ -n "$address" ] && logged "msg=listening address=$address "
}

@test "systemd's sockets take the place of the default, or are named by listen" {
	process_start registry "$top/tests/system/lib/pass-socket" web=127.0.0.1:0 local="$work/local.sock" -- "$naru_registry" serve --open --data "$work/data"
	wait_for 20 logged 'msg=listening address=unix:'
	registry=$(sed -n 's/^web //p' "$work/registry.log")
	[ "$(status_of "http://$registry/v2/")" = 200 ]
	[ "$(status_of --unix-socket "$work/local.sock" http://registry/v2/)" = 200 ]
	registry_stop

	printf 'listen: ["fd:web", "127.0.0.1:0"]\naccess: {open: true}\ndata: %s\n' "$work/data" >"$work/registry.yml"
	process_start registry "$top/tests/system/lib/pass-socket" web=127.0.0.1:0 spare=127.0.0.1:0 -- "$naru_registry" serve --config "$work/registry.yml"
	wait_for 20 listens_on_web
	logged 'nobody answers on the socket \\"spare\\"'
	registry_stop

	fails_with 1 'fd:web: no socket of that name was passed' "$naru_registry" serve --config "$work/registry.yml"
	fails_with 1 'the socket "web" (descriptor 3) is not on loopback' "$top/tests/system/lib/pass-socket" web=0.0.0.0:0 -- "$naru_registry" serve --open --data "$work/data"
}

@test "who started it is told: ready, reloading, stopping" {
	local kind
	for kind in path abstract; do
		cat >"$work/listen.py" <<-'EOF'
			import socket, sys
			s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
			s.bind(sys.argv[1])
			print("bound", flush=True)
			while True:
			    print(s.recv(4096).decode().replace("\n", "|"), flush=True)
		EOF
		local name=$work/notify.sock
		[ $kind = path ] || name=@naru-test-$$-$BATS_TEST_NUMBER
		process_start notify python3 -c "import sys; sys.argv[1] = sys.argv[1].replace('@', '\0', 1); exec(open('$work/listen.py').read())" "$name"
		wait_for 10 grep -q bound "$work/notify.log"
		printf 'access: {open: true}\ndata: %s\nlisten: 127.0.0.1:0\n' "$work/data" >"$work/registry.yml"
		process_start registry env NOTIFY_SOCKET="$name" "$naru_registry" serve --config "$work/registry.yml"
		wait_for 10 grep -q "^READY=1|STATUS=Serving $work/data on 127.0.0.1:" "$work/notify.log"
		kill -HUP "$(process_pid registry)"
		wait_for 10 grep -q '^RELOADING=1|MONOTONIC_USEC=[0-9]*$' "$work/notify.log"
		wait_for 10 two_readies
		registry_stop
		wait_for 10 grep -q '^STOPPING=1|' "$work/notify.log"
		process_end notify
	done
}

two_readies() {
	[ "$(grep -c '^READY=1' "$work/notify.log")" -eq 2 ]
}

@test "a unix socket serves, and goes with its process" {
	serve_with <<-EOF
		data: $work/data
		listen: unix:$work/registry.sock
		access: {open: true}
	EOF
	[ "$registry" = "unix:$work/registry.sock" ]
	[ "$(status_of --unix-socket "$work/registry.sock" http://registry/v2/)" = 200 ]
	registry_stop
	[ ! -e "$work/registry.sock" ]
}

@test "TLS of the file; HUP brings a new certificate, and a bad one changes nothing" {
	certificate one
	serve_with <<-EOF
		data: $work/data
		listen: 127.0.0.1:0
		access: {open: true}
		tls: {cert: "$work/cert.pem", key: "$work/key.pem"}
	EOF
	[ "$(status_of --cacert "$work/cert.pem" --connect-to "one.test:443:$registry" https://one.test/v2/)" = 200 ]
	certificate two
	hup
	[ "$(status_of --cacert "$work/cert.pem" --connect-to "two.test:443:$registry" https://two.test/v2/)" = 200 ]
	cp "$work/cert.pem" "$work/two.pem"
	echo nonsense >"$work/cert.pem"
	hup
	logged "stays as it was.*cert.pem"
	[ "$(status_of --cacert "$work/two.pem" --connect-to "two.test:443:$registry" https://two.test/v2/)" = 200 ]
}

# certificate NAME: for NAME.test, as cert.pem and key.pem.
certificate() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=$1.test" -addext "subjectAltName=DNS:$1.test" \
		-keyout "$work/key.pem" -out "$work/cert.pem" 2>/dev/null
}

@test "a folder or database that is newer, or in use, stops the start with one line and 1" {
	serve_with <<-EOF
		data: $work/data
		listen: 127.0.0.1:0
		access: {open: true}
	EOF
	fails_with 1 "$work/data is served by another naru-registry" "$naru_registry" serve --config "$work/registry.yml"
	registry_stop
	python3 -c 'import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("INSERT INTO migrations (number, name, applied_at) VALUES (999, ?, 0)", ("later",))
db.commit()' "$work/data/registry.db"
	sha256sum "$work/data/registry.db" >"$work/before"
	fails_with 1 "registry.db: the database is at version 999, and this program knows" "$naru_registry" serve --config "$work/registry.yml"
	[ "${#lines[@]}" -eq 1 ]
	sha256sum -c --quiet "$work/before"
	echo 7 >"$work/data/VERSION"
	fails_with 1 "$work/data has version 7, and this program knows 1: use a newer naru-registry" "$naru_registry" serve --config "$work/registry.yml"
	[ "${#lines[@]}" -eq 1 ]
}
