# What made real clients fail against other registries, one test each: the symptom, and the client that has it. Those that need accounts (a first
# answer of 401, tokens) come with them; those with a test beside their feature are in registry_api, registry_wire, clients_resume and clients_tls.

load lib/common
load lib/api

index_type=application/vnd.oci.image.index.v1+json

setup() {
	common_setup
	registry_start
	url=http://$registry
}

# raw TEXT: sends it as it is (with printf's escapes) over one connection, waits for the end, and prints what came.
raw() {
	python3 -c 'import socket, sys
host, port = sys.argv[1].rsplit(":", 1)
s = socket.create_connection((host, int(port)), 10)
s.sendall(sys.argv[2].encode().decode("unicode_escape").encode("latin-1"))
s.shutdown(socket.SHUT_WR)
while data := s.recv(65536): sys.stdout.buffer.write(data)' "$registry" "$1"
}

# cut_off METHOD PATH SENT [HEADER]: begins a body of a million bytes, sends SENT of them and goes away.
cut_off() {
	python3 -c 'import socket, struct, sys
host, port = sys.argv[1].rsplit(":", 1)
s = socket.create_connection((host, int(port)), 10)
head = "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: 1000000\r\n\r\n" % (sys.argv[2], sys.argv[3], sys.argv[1])
s.sendall(head.encode() + open(sys.argv[5], "rb").read(int(sys.argv[4])))
s.shutdown(socket.SHUT_WR)
while s.recv(65536): pass' "$registry" "$1" "$2" "$3" "$file"
}

@test "docker, no version header on some answer: it asks a registry of version 1 then. Every answer has it, errors of the HTTP room too" {
	local request
	push_image a 1
	for request in 'GET /v2/ HTTP/1.1\r\nHost: a' 'GET /v2/none/tags/list HTTP/1.1\r\nHost: a' 'POST /v2/ HTTP/1.1\r\nHost: a\r\nContent-Length: 0' \
		'GET /v2/A/tags/list HTTP/1.1\r\nHost: a' 'GET /v2/a/blobs/sha256:1 HTTP/1.1\r\nHost: a' 'HEAD /v2/a/manifests/none HTTP/1.1\r\nHost: a' \
		'PUT /v2/a/manifests/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000' 'GET /v2/_catalog?n=x HTTP/1.0'; do
		raw "$request\\r\\nConnection: close\\r\\n\\r\\n" >"$work/answer"
		grep -qi '^docker-distribution-api-version: registry/2.0' "$work/answer" || { echo "$request" && cat "$work/answer" && return 1; }
	done
}

@test "docker, containerd: a manifest's HEAD without length or type, or unlike GET. They are the same for every kind, tag, digest, encoding" {
	local path kind list
	push_image a 1
	jq -nc --arg digest "$(digest_of "$work/manifest")" --arg type $index_type '{schemaVersion: 2, mediaType: $type,
		manifests: [{mediaType: "application/vnd.oci.image.manifest.v1+json", digest: $digest, size: 1}]}' >"$work/index"
	put_manifest a index "$work/index" $index_type && expect 201
	for path in manifests/1 "manifests/$(digest_of "$work/manifest")" manifests/index "manifests/$(digest_of "$work/index")" "blobs/$digest"; do
		for kind in '*/*' "$index_type, application/vnd.oci.image.manifest.v1+json, */*"; do
			ask GET "/v2/a/$path" -H "Accept: $kind" -H 'Accept-Encoding: zstd, gzip, deflate' && expect 200
			list=$(for name in Content-Type Content-Length Docker-Content-Digest ETag; do echo "$name=$(header $name)"; done)
			[ "$(header Content-Length)" = "$(stat -c %s "$work/body")" ] && [ "$(header Docker-Content-Digest)" = "$(digest_of "$work/body")" ]
			[ -z "$(header Content-Encoding)$(header Transfer-Encoding)" ]
			ask HEAD "/v2/a/$path" -H "Accept: $kind" -H 'Accept-Encoding: zstd, gzip, deflate' && expect 200
			[ "$list" = "$(for name in Content-Type Content-Length Docker-Content-Digest ETag; do echo "$name=$(header $name)"; done)" ]
		done
	done
}

@test "containerd 2: several connections read from an offset to the end and are closed early. No answer of another suffers" {
	local offset readers=()
	blob 20000000 && push_blob a
	for offset in 0 5000000 10000000 15000000; do
		# A piece of each, then the reader goes: no error of the registry's.
		curl -s -H "Range: bytes=$offset-" "$url/v2/a/blobs/$digest" 2>/dev/null | head -c 100000 | cmp - <(tail -c +$((offset + 1)) "$file" | head -c 100000) &
		readers+=($!)
	done
	curl -sf "$url/v2/a/blobs/$digest" | cmp - "$file"
	wait "${readers[@]}"
	ask GET "/v2/a/blobs/$digest" -H 'Range: bytes=19999990-' && expect 206
	[ "$(header Content-Range)" = "bytes 19999990-19999999/20000000" ]
	! grep -q 'level=error' "$work/registry.log"
}

@test "containerd, crane: a mount that is refused ends their push. It is an upload whatever is asked; origin and escapes are let be" {
	blob 70000 && push_blob deep/source
	local query
	for query in "mount=$digest&from=deep/source" "mount=${digest/:/%3A}&from=deep%2Fsource" "from=deep%2Fsource&mount=$digest" \
		"mount=$digest&from=deep/source&origin=hub.example"; do
		ask POST "/v2/b/blobs/uploads/?$query" -H 'Content-Type: application/json' && expect 201
		[ "$(header Docker-Content-Digest)" = "$digest" ]
		ask DELETE "/v2/b/blobs/$digest" && expect 202
	done
	for query in "mount=$digest&from=elsewhere" "mount=$digest&from=../x" "mount=sha256:${digest//[a-f0-9]/0}&from=deep/source" \
		"from=deep/source" "mount=" "mount=$digest&from=b"; do
		ask POST "/v2/b/blobs/uploads/?$query" && expect 202
		[[ $(header Location) == /v2/b/blobs/uploads/* ]]
	done
}

@test "oras, cosign: the listing of referrers answers anything but 200. It is an index for every digest, in every repository" {
	local none=sha256:0000000000000000000000000000000000000000000000000000000000000000
	push_image a 1
	for name in a none/at/all; do
		ask GET "/v2/$name/referrers/$none" && expect 200 && finds '[.schemaVersion, .mediaType, .manifests]' "[2,\"$index_type\",[]]"
		[ "$(header Content-Type)" = $index_type ]
		ask GET "/v2/$name/referrers/$none?artifactType=application%2Fvnd.x%2Bjson" && expect 200 && [ "$(header OCI-Filters-Applied)" = artifactType ]
		ask GET "/v2/$name/referrers/sha256:12" && expect 400 DIGEST_INVALID
		ask GET "/v2/$name/referrers/1" && expect 400 DIGEST_INVALID
	done
}

@test "oras: a tag that looks like a digest is taken for one. It is pushed, listed, pulled and deleted as the tag that it is" {
	push_image a 1
	local tag=sha256-${digest#sha256:} image
	image=$(digest_of "$work/manifest")
	for name in "$tag" "$tag.sig" "$tag.att" sha256 sha256-1; do
		put_manifest a "$name" && expect 201
		ask GET "/v2/a/manifests/$name" && expect 200 && cmp "$work/body" "$work/manifest"
	done
	ask DELETE "/v2/a/manifests/$tag" && expect 202
	ask GET "/v2/a/manifests/$tag" && expect 404 MANIFEST_UNKNOWN
	ask GET "/v2/a/manifests/$image" && expect 200
}

@test "BuildKit: its cache, an index of plain blobs with a configuration of its own type, is refused. It is kept" {
	push_image a 1
	local layer=$digest
	blob 200 cacheconfig && push_blob a
	jq -nc --arg layer "$layer" --arg config "$digest" --arg type $index_type '{schemaVersion: 2, mediaType: $type, manifests: [
		{mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest: $layer, size: 70000, annotations: {"buildkit/createdat": "2026"}},
		{mediaType: "application/vnd.buildkit.cacheconfig.v0", digest: $config, size: 200}]}' >"$work/cache"
	put_manifest a cache "$work/cache" $index_type && expect 201
	ask GET /v2/a/manifests/cache -H "Accept: $index_type" && cmp "$work/body" "$work/cache"
	# What the index names stays.
	ask DELETE "/v2/a/blobs/$digest" && expect 405 UNSUPPORTED
}

@test "regctl: a session is lost with its connection, or tells wrong. A cut PATCH keeps what came; a cut PUT is as if it had not been" {
	local location
	blob 1000000
	ask POST /v2/a/blobs/uploads/ && location=$(header Location)
	cut_off PATCH "$location" 400000
	ask GET "$location" && expect 204
	local held
	held=$(header Range) && held=${held#0-}
	[ "$held" -lt 400000 ]
	tail -c +$((held + 2)) "$file" >"$work/rest"
	ask PATCH "$location" --data-binary "@$work/rest" -H "Content-Range: 0-$((1000000 - held - 2))" && expect 416 RANGE_INVALID
	[ "$(header Range)" = "0-$held" ] && [ "$(header Location)" = "$location" ]
	ask PATCH "$location" --data-binary "@$work/rest" -H "Content-Range: $((held + 1))-999999" && expect 202
	[ "$(header Range)" = 0-999999 ]
	ask PUT "$location?digest=$digest" && expect 201
	curl -sf "$url/v2/a/blobs/$digest" | cmp - "$file"
	# The whole in one PUT that is cut, then in pieces from the start over the same session.
	blob 1000000
	ask POST /v2/a/blobs/uploads/ && location=$(header Location)
	cut_off PUT "$location?digest=$digest" 400000
	ask GET "$location" && expect 204 && [ "$(header Range)" = 0-0 ]
	ask PATCH "$location" --data-binary "@$file" -H 'Content-Range: 0-999999' && expect 202
	ask PUT "$location?digest=$digest" && expect 201
}

@test "podman: an answer without Location once in a while. Each of two hundred at once has its own" {
	seq 200 | xargs -P 16 -I N curl -s -m 20 -o /dev/null -D - -X POST "$url/v2/race/N/blobs/uploads/" | tr -d '\r' >"$work/heads"
	[ "$(grep -c '^HTTP/1.1 202' "$work/heads")" = 200 ]
	[ "$(sed -n 's/^location: //Ip' "$work/heads" | sort -u | wc -l)" = 200 ]
}

@test "all: what a proxy says in HTML. Every refusal is JSON with its code, and its type says so" {
	push_image a 1
	head -c 5000000 /dev/zero >"$work/large"
	put_manifest a large "$work/large" && expect 413 SIZE_INVALID && [ "$(header Content-Type)" = application/json ]
	ask GET /v2/a/manifests/none && expect 404 MANIFEST_UNKNOWN && [ "$(header Content-Type)" = application/json ]
	ask PATCH /v2/a/manifests/1 && expect 405 UNSUPPORTED && [ "$(header Content-Type)" = application/json ]
	ask GET "/v2/a/blobs/$digest" -H 'Range: bytes=70000-' && expect 416 && [ "$(header Content-Range)" = 'bytes */70000' ]
	ask GET "/v2/a/manifests/$(head -c 200 /dev/zero | tr '\0' t)" && expect 400 TAG_INVALID
	ask GET /v2/nowhere && expect 404
}

@test "scripts, pages: null instead of an empty list. A repository without tags, and a registry without repositories, have lists" {
	ask GET /v2/_catalog && finds . '{"repositories":[]}'
	push_image a 1
	ask DELETE /v2/a/manifests/1 && expect 202
	ask GET /v2/a/tags/list && finds . '{"name":"a","tags":[]}'
}

@test "OPA, renovate, docker: a redirect to another server carries the token there. Content comes from the registry itself" {
	push_image a 1
	blob 3000000 && push_blob a
	for path in manifests/1 "blobs/$digest"; do
		ask GET "/v2/a/$path" && expect 200 && [ -z "$(header Location)" ]
	done
}

@test "curl, go: a body is sent for nothing. Who waits to be asked for it is told no first, and yes only where it will be kept" {
	local location head='Host: a\r\nExpect: 100-continue\r\nContent-Length: 1000000\r\nConnection: close\r\n\r\n'
	for path in "/v2/a/blobs/uploads/00000000-0000-4000-8000-000000000000?digest=sha256:$(printf '%064d' 1)" "/v2/A/blobs/uploads/x"; do
		raw "PUT $path HTTP/1.1\\r\\n$head" >"$work/answer"
		head -n 1 "$work/answer" | grep -q '^HTTP/1.1 4' || { echo "$path" && cat "$work/answer" && return 1; }
	done
	blob 1000000
	ask POST /v2/a/blobs/uploads/ && location=$(header Location)
	[ "$(curl -s -m 20 -o /dev/null -w '%{http_code}' -T "$file" -H 'Expect: 100-continue' --expect100-timeout 15 "$url$location?digest=$digest")" = 201 ]
}
