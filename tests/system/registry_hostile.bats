# What hostile and unlucky clients do to the registry: it stays up, keeps its bounds, and forgets nothing that it promised.

load lib/common

setup() {
	common_setup
	registry_start
	url=http://$registry
}

# start_upload REPOSITORY: prints the path of a new upload.
start_upload() {
	curl -s -m 20 -o /dev/null -D - -X POST "$url/v2/$1/blobs/uploads/" | tr -d '\r' | sed -n 's/^Location: //Ip'
}

status_of() {
	curl -s -m 20 -o /dev/null -w '%{http_code}' "$@"
}

# blob SIZE: a file of random bytes; sets $file and $digest.
blob() {
	file=$work/blob
	head -c "$1" /dev/urandom >"$file"
	digest=sha256:$(sha256sum "$file" | cut -d ' ' -f 1)
}

descriptors() {
	ls "/proc/$(process_pid registry)/fd" | wc -l
}

uploads_hold_a_file() {
	[ -n "$(ls "$work/registry/uploads")" ]
}

@test "a start removes files that no row names, rows without a file, and uploads of last week; others go on" {
	blob 1000
	local goes_on old lost
	goes_on=$(start_upload a) && old=$(start_upload a) && lost=$(start_upload a)
	for location in "$goes_on" "$old" "$lost"; do
		[ "$(status_of -X PATCH --data-binary "@$file" "$url$location")" = 202 ]
	done
	registry_stop KILL
	touch -d '8 days ago' "$work/registry/uploads/${old##*/}"
	rm "$work/registry/uploads/${lost##*/}"
	echo leftover >"$work/registry/uploads/01234567-89ab-4cde-8f01-23456789abcd"
	registry_restart
	[ "$(ls "$work/registry/uploads")" = "${goes_on##*/}" ]
	[ "$(python3 -c 'import sqlite3, sys
print([name for name, in sqlite3.connect(sys.argv[1]).execute("SELECT name FROM uploads")])' "$work/registry/registry.db")" = "['${goes_on##*/}']" ]
	[ "$(status_of "$url$old")" = 404 ] && [ "$(status_of "$url$lost")" = 404 ]
	[ "$(status_of -X PUT "$url$goes_on?digest=$digest")" = 201 ]
	curl -sf "$url/v2/a/blobs/$digest" | cmp - "$file"
}

@test "hundreds of idle uploads leave descriptors to others, and each goes on" {
	blob 1000
	registry_stop
	(ulimit -n 200 && registry_restart)
	local location first
	first=$(start_upload a)
	[ "$(status_of -X PATCH --data-binary "@$file" "$url$first")" = 202 ]
	for _ in $(seq 300); do
		location=$(start_upload a)
		[ "$(status_of -X PATCH --data-binary "@$file" "$url$location")" = 202 ]
	done
	[ "$(descriptors)" -lt 120 ]
	[ "$(status_of -X PUT "$url$first?digest=$digest")" = 201 ]
}

@test "more connections than descriptors: those that fit are served, and all when the others go" {
	registry_stop
	(ulimit -n 100 && registry_restart)
	python3 - "${registry%:*}" "${registry#*:}" <<-'PYTHON'
		import socket, sys
		idle = [socket.create_connection((sys.argv[1], int(sys.argv[2]))) for _ in range(200)]
		idle[0].settimeout(10)
		idle[0].sendall(b"GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n")
		assert idle[0].recv(100).startswith(b"HTTP/1.1 200"), "the first connection is not served"
	PYTHON
	[ "$(descriptors)" -lt 100 ]
	[ "$(status_of "$url/v2/")" = 200 ]
	run grep 'Too many open files' "$work/registry.log"
	[ "$status" -eq 1 ]
}

@test "requests that race on one upload: nothing is stored that was not sent whole" {
	python3 - "$registry" <<-'PYTHON'
		import hashlib, http.client, os, random, sys, threading
		def ask(method, path, body=None):
		    connection = http.client.HTTPConnection(sys.argv[1], timeout=30)
		    connection.request(method, path, body)
		    answer = connection.getresponse()
		    content = answer.read()
		    connection.close()
		    assert answer.status < 500, (method, path, answer.status, content)
		    return answer, content
		for turn in range(30):
		    location = ask("POST", "/v2/race/blobs/uploads/")[0].headers["Location"]
		    body = os.urandom(random.choice([10, 70000, 400000]))
		    digest = "sha256:" + hashlib.sha256(body).hexdigest()
		    asks = [("PATCH", location, body), ("PUT", location + "?digest=" + digest, body), ("PUT", location + "?digest=" + digest), ("GET", location),
		            ("PATCH", location, body)] + [("DELETE", location)] * (turn % 2)
		    failed = []
		    def run(one):
		        try:
		            ask(*one)
		        except AssertionError as error:
		            failed.append(error)
		    threads = [threading.Thread(target=run, args=(one,)) for one in asks]
		    [thread.start() for thread in threads]
		    [thread.join() for thread in threads]
		    assert not failed, failed
		    answer, content = ask("GET", "/v2/race/blobs/" + digest)
		    assert answer.status == 404 or content == body, (answer.status, len(content), len(body))
	PYTHON
}

@test "an upload of an earlier process that many take at once goes to one of them" {
	blob 30000000
	local location
	location=$(start_upload a)
	[ "$(status_of -X PATCH --data-binary "@$file" "$url$location")" = 202 ]
	registry_stop KILL
	registry_restart
	local pids=()
	for number in 1 2 3 4 5 6; do
		status_of -X PUT "$url$location?digest=$digest" >"$work/put.$number" 3>&- &
		pids+=($!)
		status_of -X PATCH --data-binary more "$url$location" >"$work/patch.$number" 3>&- &
		pids+=($!)
	done
	wait "${pids[@]}"
	[ "$(status_of -X POST --data-binary "@$file" "$url/v2/a/blobs/uploads/?digest=$digest")" = 201 ]
	curl -sf "$url/v2/a/blobs/$digest" | cmp - "$file"
}

@test "ranges that overlap do not multiply the answer, and a start past any number is past the end" {
	blob 100000
	[ "$(status_of --data-binary "@$file" "$url/v2/a/blobs/uploads/?digest=$digest")" = 201 ]
	[ "$(curl -s -o /dev/null -w '%{http_code} %{size_download}' -H "Range: bytes=$(printf '0-,%.0s' $(seq 200))" "$url/v2/a/blobs/$digest")" = "200 100000" ]
	[ "$(status_of -H 'Range: bytes=99999999999999999999-' "$url/v2/a/blobs/$digest")" = 416 ]
}

@test "TERM in the middle of uploads ends it with 0 in time, and nothing half is visible" {
	blob 3000000
	local location pid started
	location=$(start_upload a)
	curl -s -m 60 --limit-rate 50k -o /dev/null -X PUT -T "$file" "$url$location?digest=$digest" 3>&- &
	local client=$!
	wait_for 10 uploads_hold_a_file
	pid=$(process_pid registry) && started=$SECONDS
	kill -TERM "$pid"
	wait "$pid"
	[ $((SECONDS - started)) -le 32 ]
	run wait $client
	[ "$status" -ne 0 ]
	registry_restart
	[ "$(status_of "$url/v2/a/blobs/$digest")" = 404 ]
	[ -z "$(ls "$work/registry/uploads")" ]
}
