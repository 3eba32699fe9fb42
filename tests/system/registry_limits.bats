# What the registry holds its clients to, with the built program: limits from the file, framing that can be read in one way only, and many who mean no good.

load lib/common

setup() {
	common_setup
}

# limited LIMITS: a registry with these limits, as YAML in one line.
limited() {
	echo "limits: {$1}" >"$work/registry.yml"
	registry_start --config "$work/registry.yml"
}

# client: Python with what raw sockets need; its program is standard input.
client() {
	cat >"$work/client.py" <<-'PYTHON'
		import hashlib, http.client, os, random, re, socket, sys, time
		where = (sys.argv[1].split(":")[0], int(sys.argv[1].split(":")[1]))
		def connect():
		    connection = socket.create_connection(where)
		    connection.settimeout(15)
		    return connection
		def rest(connection):
		    """All that comes until the server ends the connection."""
		    came = b""
		    try:
		        while piece := connection.recv(65536):
		            came += piece
		    except ConnectionResetError:
		        pass
		    return came
		def statuses(came):
		    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", came)]
	PYTHON
	cat >>"$work/client.py"
	python3 "$work/client.py" "$registry"
}

@test "connections of one address, heads and bodies have their limits" {
	limited 'connections_per_address: 4, header_bytes: 2KiB, head_timeout: 1s, idle_timeout: 1s, body_timeout: 1s, body_rate_min: 10KiB'
	client <<-'PYTHON'
		def drip(start, drop):
		    connection = connect()
		    connection.sendall(start)
		    begun = time.monotonic()
		    connection.settimeout(0.02)
		    while time.monotonic() < begun + 10:
		        try:
		            connection.sendall(drop)
		            came = connection.recv(65536)
		            break
		        except TimeoutError:
		            pass
		    assert came.startswith(b"HTTP/1.1 408"), came
		    assert b'"errors"' in came, came

		four = [connect() for _ in range(4)]
		for connection in four:
		    connection.sendall(b"GET /v2/ HTTP/1.1\r\nHost: r\r\n\r\n")
		    assert connection.recv(12) == b"HTTP/1.1 200"
		assert rest(connect()) == b"", "a fifth connection is served"
		assert all(statuses(rest(connection)) == [] for connection in four), "an idle one is not ended"

		connection = connect()
		connection.sendall(b"GET /v2/ HTTP/1.1\r\nHost: r\r\nX: " + b"a" * 3000)
		assert statuses(rest(connection)) == [431]
		drip(b"GET /v2/ HTTP/1.1\r\nX: ", b"a")
		drip(b"POST /v2/a/blobs/uploads/?digest=sha256:" + b"0" * 64 + b" HTTP/1.1\r\nHost: r\r\nContent-Length: 100000\r\n\r\n", b"a")
		drip(b"PUT /v2/a/manifests/x HTTP/1.1\r\nHost: r\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n{\r\n")
	PYTHON
}

@test "requests over their rate are told when to come again, and the connection stays" {
	limited 'requests_per_second: 1, requests_burst: 2'
	client <<-'PYTHON'
		time.sleep(3) # the start asked too
		connection = connect()
		connection.sendall(b"GET /v2/ HTTP/1.1\r\nHost: r\r\n\r\n" * 4 + b"GET /v2/ HTTP/1.1\r\nHost: r\r\nConnection: close\r\n\r\n")
		came = rest(connection)
		assert statuses(came) == [200, 200, 200, 429, 429], came
		assert b"\r\nRetry-After: 1\r\n" in came and b"TOOMANYREQUESTS" in came, came
	PYTHON
}

@test "what could be framed in two ways is refused, and what stands behind it gets no answer" {
	registry_start
	client <<-'PYTHON'
		behind = b"GET /v2/ HTTP/1.1\r\nHost: r\r\n\r\n"
		post = b"POST /v2/a/blobs/uploads/ HTTP/1.1\r\nHost: r\r\n"
		chunked = post + b"Transfer-Encoding: chunked\r\n\r\n"
		rows = [
		    (400, post + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"),
		    (400, post + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
		    (400, post + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n"),
		    (400, post + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
		    (501, post + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
		    (501, post + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
		    (400, post + b"X: a\r\n Content-Length: 5\r\n\r\nhello"),
		    (400, post + b"X:\rContent-Length: 5\r\n\r\nhello"),
		    (400, post + b"X: a\nContent-Length: 5\r\n\r\nhello"),
		    (400, post + b"X: \0\r\n\r\n"),
		    (400, post + b"Content-Length: +5\r\n\r\nhello"),
		    (417, post + b"Expect: what\r\nContent-Length: 5\r\n\r\nhello"),
		    (400, b"GET /v2/ HTTP/1.1\r\n\r\n"),
		    (400, b"GET /v2/ HTTP/1.1\r\nHost: r\r\nHost: s\r\n\r\n"),
		    (400, b"GET /v2/ HTTP/1.1\r\nHost: r/s\r\n\r\n"),
		    (400, b"GET http://user@r/v2/ HTTP/1.1\r\nHost: r\r\n\r\n"),
		    (400, b"GET /v2/../x HTTP/1.1\r\nHost: r\r\n\r\n"),
		    (400, b"GET /v2/%2e%2e/x HTTP/1.1\r\nHost: r\r\n\r\n"),
		    (400, b"GET /v2/%00 HTTP/1.1\r\nHost: r\r\n\r\n"),
		    (505, b"GET /v2/ HTTP/1.2\r\nHost: r\r\n\r\n"),
		    (501, b"BREW /v2/ HTTP/1.1\r\nHost: r\r\n\r\n"),
		    (400, chunked + b"5;a\nb\r\nhello\r\n0\r\n\r\n"),
		    (400, chunked + b"ffffffffffffffff\r\nhello\r\n0\r\n\r\n"),
		    (400, chunked + b"0\r\nContent-Length: 5\r\n\r\nhello"),
		    (400, chunked + b"0\r\nA: b\r\n c\r\n\r\n"),
		]
		for status, sent in rows:
		    connection = connect()
		    connection.sendall(sent + behind)
		    came = rest(connection)
		    assert statuses(came) == [status], (sent, came)

		# These are served, or refused with their connection kept.
		rows = [
		    (200, b"GET http://other.example:81/v2/ HTTP/1.1\r\nHost: r\r\n\r\n"),
		    (200, b"\r\nGET /v2/ HTTP/1.1\r\nHost: r\r\n\r\n"),
		    (404, b"GET //v2/ HTTP/1.1\r\nHost: r\r\n\r\n"),
		    (404, b"GET /v2/a%2Fb/tags/list HTTP/1.1\r\nHost: r\r\n\r\n"),
		    (400, b"GET /v2/%252e%252e/tags/list HTTP/1.1\r\nHost: r\r\n\r\n"),
		    (405, b"DELETE /v2/ HTTP/1.1\r\nHost: r\r\n\r\n"),
		]
		for status, sent in rows:
		    connection = connect()
		    connection.sendall(sent + behind.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
		    came = rest(connection)
		    assert statuses(came) == [status, 200], (sent, came)
	PYTHON
}

@test "hundreds who mean no good cost nobody else an answer" {
	registry_start
	client <<-'PYTHON'
		body = os.urandom(3000000)
		digest = "sha256:" + hashlib.sha256(body).hexdigest()
		def ask(method, path, body=None):
		    connection = http.client.HTTPConnection(sys.argv[1], timeout=30)
		    connection.request(method, path, body)
		    answer = connection.getresponse()
		    content = answer.read()
		    connection.close()
		    return answer.status, content
		assert ask("POST", "/v2/a/blobs/uploads/?digest=" + digest, body)[0] == 201
		get = b"GET /v2/a/blobs/" + digest.encode() + b" HTTP/1.1\r\nHost: r\r\n\r\n"
		kinds = [
		    b"", get[:40], get, b"\x16\x03\x01\0garbage", get * 20,
		    b"POST /v2/a/blobs/uploads/?digest=sha256:" + b"0" * 64 + b" HTTP/1.1\r\nHost: r\r\nContent-Length: 100000\r\n\r\nabc",
		    b"PUT /v2/a/manifests/x HTTP/1.1\r\nHost: r\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
		]
		hostile = []
		for number in range(420):
		    connection = connect()
		    connection.sendall(kinds[number % len(kinds)])
		    if number % 3 == 0:
		        connection.shutdown(socket.SHUT_WR)
		    hostile.append(connection)
		    if number % 5 == 0:
		        hostile.pop(random.randrange(len(hostile))).close()
		for number in range(60):
		    begun = time.monotonic()
		    assert ask("GET", "/v2/") == (200, b"{}")
		    assert ask("GET", "/v2/a/blobs/" + digest) == (200, body), "another's answer"
		    other = os.urandom(70000)
		    assert ask("POST", "/v2/b/blobs/uploads/?digest=sha256:" + hashlib.sha256(other).hexdigest(), other)[0] == 201
		    assert time.monotonic() < begun + 10, "it takes too long"
	PYTHON
	# Those who have gone hold nothing.
	held_little() {
		[ "$(ls "/proc/$(process_pid registry)/fd" | wc -l)" -lt 100 ] && [ -z "$(ls "$work/registry/uploads")" ]
	}
	wait_for 20 held_little
}
