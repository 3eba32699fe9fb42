#!/usr/bin/env bats
# TLS with the real program and real clients: what docker's kind of client does, a certificate that changes, and who comes without TLS.

load lib/common

setup() {
	common_setup
	openssl version >/dev/null || skip "openssl is not installed"
	certificate_make
}

# A certificate of its own for 127.0.0.1; its key with it.
certificate_make() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test -addext subjectAltName=IP:127.0.0.1 \
		-keyout "$work/key.pem" -out "$work/cert.pem" 2>"$work/openssl.log" || { cat "$work/openssl.log" >&2 && return 1; }
}

# serve [OPTION...]: over TLS on a port of its own; sets $registry.
serve() {
	registry=127.0.0.1:$(port_free)
	process_start registry "$naru_registry" serve --open --data "$work/registry" --listen "$registry" --tls-cert "$work/cert.pem" \
		--tls-key "$work/key.pem" "$@"
	wait_for 20 answers || { cat "$work/registry.log" >&2 && return 1; }
}

answers() {
	get / >/dev/null
}

# get PATH [OPTION...]
get() {
	local path=$1
	shift
	curl -sf -m 30 --cacert "$work/cert.pem" "$@" "https://$registry/v2$path"
}

# handshake OPTION...: what openssl says of one request.
handshake() {
	printf 'GET /v2/ HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n' | openssl s_client -connect "$registry" -ign_eof "$@" 2>/dev/null
}

# The first certificate that the server shows.
shown() {
	handshake | openssl x509 -noout -fingerprint -sha256
}

@test "versions: 1.2 and 1.3, nothing older, and one alone where that is set" {
	serve
	handshake -tls1_2 | grep -q 'HTTP/1.1 200'
	handshake -tls1_3 | grep -q 'HTTP/1.1 200'
	run handshake -tls1_1 -cipher 'DEFAULT@SECLEVEL=0'
	[[ $output != *HTTP/1.1* ]]
	process_end registry
	printf 'tls:\n  minimum: "1.3"\n' >"$work/registry.yml"
	serve --config "$work/registry.yml"
	handshake -tls1_3 | grep -q 'HTTP/1.1 200'
	run handshake -tls1_2
	[[ $output != *HTTP/1.1* ]]
}

@test "sessions are resumed: in 1.2 and 1.3, on any loop, and behind a reload" {
	local version
	serve
	for version in 1_2 1_3; do
		handshake "-tls$version" -sess_out "$work/session" | grep -q '^New, '
		for _ in 1 2 3; do
			handshake "-tls$version" -sess_in "$work/session" | grep -q '^Reused, '
		done
		kill -HUP "$(process_pid registry)"
		wait_for 10 grep -q 'read again' "$work/registry.log"
		handshake "-tls$version" -sess_in "$work/session" | grep -q '^Reused, '
	done
	run handshake -tls1_2 -reconnect
	[ "$(grep -c '^Reused, ' <<<"$output")" -eq 5 ]
}

@test "a certificate is read again on HUP, and a transfer that runs goes on" {
	local before digest location
	serve
	before=$(shown)
	head -c 60000000 /dev/urandom >"$work/blob"
	digest=sha256:$(sha256sum "$work/blob" | cut -d ' ' -f 1)
	location=$(get /a/blobs/uploads/ -X POST -o /dev/null -D - | tr -d '\r' | sed -n 's/^Location: //Ip')
	get "${location#/v2}?digest=$digest" -o /dev/null -T "$work/blob"
	cp "$work/cert.pem" "$work/first.pem"
	curl -sf -m 60 --limit-rate 15M --cacert "$work/first.pem" -o "$work/got" "https://$registry/v2/a/blobs/$digest" &
	local transfer=$!
	wait_for 10 test -s "$work/got"

	# A key that is not the certificate's changes nothing.
	cp "$work/key.pem" "$work/key.first"
	certificate_make
	cp "$work/key.pem" "$work/key.second"
	cp "$work/key.first" "$work/key.pem"
	kill -HUP "$(process_pid registry)"
	wait_for 10 grep -q "$work/key.pem does not belong to the certificate $work/cert.pem" "$work/registry.log"
	[ "$(shown)" = "$before" ]

	cp "$work/key.second" "$work/key.pem"
	kill -HUP "$(process_pid registry)"
	wait_for 10 grep -q 'read again' "$work/registry.log"
	[ "$(shown)" != "$before" ]
	answers
	wait "$transfer"
	cmp "$work/blob" "$work/got"
}

@test "skopeo pushes and pulls over TLS, with the authority in its folder and not without" {
	needs skopeo
	serve
	mkdir "$work/certs"
	cp "$work/cert.pem" "$work/certs/ca.crt"
	skopeo copy -q --dest-cert-dir "$work/certs" "docker-archive:$(image layers)" "docker://$registry/team/app:1"
	skopeo copy -q --src-cert-dir "$work/certs" "docker://$registry/team/app:1" "dir:$work/pulled"
	[ -s "$work/pulled/manifest.json" ]
	fails_with 1 "x509: certificate" skopeo inspect "docker://$registry/team/app:1"
}

@test "who speaks plain HTTP to it is told so" {
	serve
	run curl -s -m 10 -w '\n%{http_code} %{content_type}' "http://$registry/v2/"
	[ "$status" -eq 0 ]
	[[ $output == *"https://"*"400 text/plain"* ]]
}

@test "it does not start with a certificate that cannot be, and names the file" {
	local arguments=(serve --open --data "$work/registry" --listen 127.0.0.1:0 --tls-cert "$work/cert.pem" --tls-key "$work/key.pem")
	cp "$work/cert.pem" "$work/good.pem"
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/key.pem" 2>/dev/null
	fails_with 1 "$work/key.pem does not belong to the certificate $work/cert.pem" "$naru_registry" "${arguments[@]}"
	printf 'hello\n' >"$work/cert.pem"
	fails_with 1 "TLS certificate $work/cert.pem" "$naru_registry" "${arguments[@]}"
	rm "$work/cert.pem"
	fails_with 1 "$work/cert.pem: No such file" "$naru_registry" "${arguments[@]}"
}

@test "a unix socket: what was left behind is replaced, what somebody serves is not, and it goes at the end" {
	local socket=$work/registry.sock
	process_start registry "$naru_registry" serve --open --data "$work/registry" --listen "unix:$socket"
	wait_for 20 curl -sf -o /dev/null --unix-socket "$socket" http://registry/v2/
	[ "$(stat -c %a "$socket")" = 660 ]
	fails_with 1 "unix:$socket: the address is in use" "$naru_registry" serve --open --data "$work/other" --listen "unix:$socket"
	process_end registry KILL
	[ -S "$socket" ]
	process_start registry "$naru_registry" serve --open --data "$work/registry" --listen "unix:$socket"
	wait_for 20 curl -sf -o /dev/null --unix-socket "$socket" http://registry/v2/
	process_end registry
	[ ! -e "$socket" ]
}
