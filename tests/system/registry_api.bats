# The distribution API by curl: each request of the specification and its answer; what is refused, with which code.

load lib/common
load lib/api

setup() {
	common_setup
	registry_start
	url=http://$registry
}

@test "the version answers, and every answer says which API it is" {
	ask GET /v2/ && expect 200
	[ "$(header Docker-Distribution-Api-Version)" = registry/2.0 ]
	ask GET /v2/none/tags/list && expect 404 NAME_UNKNOWN
	[ "$(header Docker-Distribution-Api-Version)" = registry/2.0 ]
	[ "$(header Content-Type)" = application/json ]
}

@test "an upload in one POST" {
	blob 100000
	push_blob a/b
	[ "$(header Location)" = "/v2/a/b/blobs/$digest" ]
	[ "$(header Docker-Content-Digest)" = "$digest" ]
	ask GET "$(header Location)" && expect 200
	cmp "$work/body" "$file"
}

@test "an upload by POST and PUT" {
	blob 5000
	ask POST /v2/a/blobs/uploads/ && expect 202
	[ "$(header Range)" = 0-0 ] && [ -n "$(header Docker-Upload-UUID)" ]
	ask PUT "$(header Location)?digest=$digest" --data-binary "@$file" && expect 201
	ask GET "/v2/a/blobs/$digest" && expect 200
	cmp "$work/body" "$file"
}

@test "an upload in a streamed PATCH, and closed by an empty PUT" {
	blob 3000000
	ask POST /v2/a/blobs/uploads/ && expect 202
	ask PATCH "$(header Location)" -H 'Transfer-Encoding: chunked' --data-binary "@$file" && expect 202
	[ "$(header Range)" = 0-2999999 ]
	ask PUT "$(header Location)?digest=${digest/:/%3A}" && expect 201
	ask GET "/v2/a/blobs/$digest" && expect 200
	cmp "$work/body" "$file"
}

@test "an upload in pieces: out of order is 416 and the upload lives on; its status; the last piece by PUT" {
	blob 3000
	ask POST /v2/a/blobs/uploads/ && expect 202
	location=$(header Location)
	head -c 1000 "$file" >"$work/1" && tail -c +1001 "$file" | head -c 1000 >"$work/2" && tail -c 1000 "$file" >"$work/3"
	ask PATCH "$location" --data-binary "@$work/2" -H 'Content-Range: 1000-1999' && expect 416 RANGE_INVALID
	ask PATCH "$location" --data-binary "@$work/1" -H 'Content-Range: 0-999' && expect 202
	[ "$(header Range)" = 0-999 ]
	ask PATCH "$location" --data-binary "@$work/1" -H 'Content-Range: 0-999' && expect 416 RANGE_INVALID
	[ "$(header Range)" = 0-999 ] && [ "$(header Location)" = "$location" ]
	ask PATCH "$location" --data-binary "@$work/2" -H 'Content-Range: 1000-1998' && expect 400 SIZE_INVALID
	ask PATCH "$location" --data-binary "@$work/2" -H 'Content-Range: 1000-1999' && expect 202
	ask PATCH "$location" --data-binary "@$work/3" -H 'Content-Range: 2000-2998' -H 'Transfer-Encoding: chunked' && expect 400 SIZE_INVALID
	[ "$(header Range)" = 0-1999 ]
	ask GET "$location" && expect 204
	[ "$(header Range)" = 0-1999 ]
	ask PUT "$location?digest=$digest" --data-binary "@$work/3" -H 'Content-Range: 2000-2999' && expect 201
	ask GET "/v2/a/blobs/$digest" && expect 200
	cmp "$work/body" "$file"
	ask GET "$location" && expect 404 BLOB_UPLOAD_UNKNOWN
}

@test "an upload goes on after the server was stopped, and after it was killed" {
	blob 200000
	ask POST /v2/a/blobs/uploads/ && expect 202
	location=$(header Location)
	head -c 100000 "$file" >"$work/1" && tail -c +100001 "$file" | head -c 50000 >"$work/2" && tail -c 50000 "$file" >"$work/3"
	ask PATCH "$location" --data-binary "@$work/1" && expect 202
	registry_stop
	registry_restart
	ask GET "$location" && expect 204
	[ "$(header Range)" = 0-99999 ]
	ask PATCH "$location" --data-binary "@$work/2" && expect 202
	registry_stop KILL
	registry_restart
	ask PUT "$location?digest=$digest" --data-binary "@$work/3" && expect 201
	ask GET "/v2/a/blobs/$digest" && expect 200
	cmp "$work/body" "$file"
}

@test "a canceled upload is gone, and leaves no file" {
	blob 200000
	ask POST /v2/a/blobs/uploads/ && location=$(header Location)
	ask PATCH "$location" --data-binary "@$file" && expect 202
	ask DELETE "$location" && expect 204
	ask DELETE "$location" && expect 404 BLOB_UPLOAD_UNKNOWN
	ask PATCH "$location" --data-binary "@$file" && expect 404 BLOB_UPLOAD_UNKNOWN
	[ -z "$(ls "$work/registry/uploads")" ]
	ask GET /v2/other/blobs/uploads/00000000-0000-4000-8000-000000000000 && expect 404 BLOB_UPLOAD_UNKNOWN
}

@test "wrong and malformed digests are refused, and nothing is stored" {
	blob 70000
	local wrong=sha256:0000000000000000000000000000000000000000000000000000000000000000
	ask POST "/v2/a/blobs/uploads/?digest=$wrong" --data-binary "@$file" && expect 400 DIGEST_INVALID
	ask POST "/v2/a/blobs/uploads/?digest=sha256:12" --data-binary "@$file" && expect 400 DIGEST_INVALID
	ask POST "/v2/a/blobs/uploads/?digest=md5:d41d8cd98f00b204e9800998ecf8427e" --data-binary "@$file" && expect 400 DIGEST_INVALID
	ask POST /v2/a/blobs/uploads/ && location=$(header Location)
	ask PUT "$location" --data-binary "@$file" && expect 400 DIGEST_INVALID
	ask PUT "$location?digest=$wrong" --data-binary "@$file" && expect 400 DIGEST_INVALID
	ask GET "/v2/a/blobs/$wrong" && expect 404 BLOB_UNKNOWN
	ask GET "/v2/a/blobs/$digest" && expect 404 BLOB_UNKNOWN
	[ -z "$(find "$work/registry/blobs" "$work/registry/uploads" -type f)" ]
}

@test "sha512 is known by the closing PUT" {
	blob 100000
	digest=sha512:$(sha512sum "$file" | cut -d ' ' -f 1)
	ask POST /v2/a/blobs/uploads/ && location=$(header Location)
	ask PATCH "$location" --data-binary "@$file" && expect 202
	ask PUT "$location?digest=$digest" && expect 201
	ask GET "/v2/a/blobs/$digest" && expect 200
	cmp "$work/body" "$file"
}

@test "mounts: from a repository, from anywhere, and what is not there becomes an upload" {
	blob 70000
	push_blob a
	ask POST "/v2/b/blobs/uploads/?mount=$digest&from=a" && expect 201
	[ "$(header Location)" = "/v2/b/blobs/$digest" ]
	ask HEAD "/v2/b/blobs/$digest" && expect 200
	ask POST "/v2/c/blobs/uploads/?mount=$digest" && expect 201
	ask POST "/v2/d/blobs/uploads/?mount=$digest&from=none" && expect 202
	ask POST "/v2/d/blobs/uploads/?mount=$digest&from=BAD//" && expect 202
	ask POST "/v2/d/blobs/uploads/?mount=sha256:12&from=a" && expect 202
	ask HEAD "/v2/d/blobs/$digest" && expect 404
}

@test "content: HEAD is as GET; ranges; conditions" {
	for size in 2048 200000; do
		blob $size && push_blob a
		ask HEAD "/v2/a/blobs/$digest" && expect 200
		[ "$(header Content-Length)" = $size ] && [ "$(header Docker-Content-Digest)" = "$digest" ] && [ "$(header Accept-Ranges)" = bytes ]
		for range in 500-1499 500- -500 2000-5000000 0-0; do
			ask GET "/v2/a/blobs/$digest" -r "$range" && expect 206
			case $range in
			500-1499) want=$(tail -c +501 "$file" | head -c 1000 | sha256sum) && [ "$(header Content-Range)" = "bytes 500-1499/$size" ] ;;
			500-) want=$(tail -c +501 "$file" | sha256sum) ;;
			-500) want=$(tail -c 500 "$file" | sha256sum) ;;
			2000-*) want=$(tail -c +2001 "$file" | sha256sum) && [ "$(header Content-Range)" = "bytes 2000-$((size - 1))/$size" ] ;;
			0-0) want=$(head -c 1 "$file" | sha256sum) ;;
			esac
			[ "$(sha256sum <"$work/body")" = "$want" ]
		done
		for range in 500-0 "$size-" 9999999-; do
			ask GET "/v2/a/blobs/$digest" -H "Range: bytes=$range" && expect 416 RANGE_INVALID
			[ "$(header Content-Range)" = "bytes */$size" ]
		done
		ask GET "/v2/a/blobs/$digest" -H 'Range: bytes=0-9,20-29' && expect 206
		[[ $(header Content-Type) == multipart/byteranges\;* ]]
		[ "$(grep -ac '^Content-Range: bytes' "$work/body")" -eq 2 ]
		ask GET "/v2/a/blobs/$digest" -H "Range: bytes=0-$(printf ',0-%.0s' {1..100})" && expect 200
		cmp "$work/body" "$file"
		ask GET "/v2/a/blobs/$digest" -H "If-None-Match: \"$digest\"" && expect 304
		ask GET "/v2/a/blobs/$digest" -H 'Range: bytes=0-9' -H 'If-Range: "other"' && expect 200
		ask GET "/v2/a/blobs/$digest" -H 'Range: lines=0-9' && expect 200
	done
}

@test "manifests come back to the byte, by tag and by digest, HEAD as GET" {
	push_image team/web 1.0
	digest=$(digest_of "$work/manifest")
	[ "$(header Docker-Content-Digest)" = "$digest" ]
	for reference in 1.0 "$digest" 1.0; do
		ask GET "/v2/team/web/manifests/$reference" && expect 200
		cmp "$work/body" "$work/manifest"
		[ "$(header Content-Type)" = application/vnd.oci.image.manifest.v1+json ]
		ask HEAD "/v2/team/web/manifests/$reference" && expect 200
		[ "$(header Content-Length)" = "$(stat -c %s "$work/manifest")" ] && [ "$(header Docker-Content-Digest)" = "$digest" ]
	done
	ask GET /v2/team/web/manifests/2.0 && expect 404 MANIFEST_UNKNOWN
	ask GET /v2/none/manifests/1.0 && expect 404
}

@test "a moved tag is seen by the very next request" {
	push_image a 1 && cp "$work/manifest" "$work/first"
	for i in 1 2 3 4 5 6 7 8 9 10; do
		ask GET /v2/a/manifests/1 && expect 200
		push_image a 1
		ask GET /v2/a/manifests/1 && expect 200
		cmp "$work/body" "$work/manifest"
	done
	ask GET "/v2/a/manifests/$(digest_of "$work/first")" && expect 200
	ask DELETE /v2/a/manifests/1 && expect 202
	ask GET /v2/a/manifests/1 && expect 404 MANIFEST_UNKNOWN
	ask DELETE /v2/a/manifests/1 && expect 404 MANIFEST_UNKNOWN
	digest=$(digest_of "$work/manifest")
	put_manifest a again && expect 201
	ask GET /v2/a/manifests/again && expect 200
	ask DELETE "/v2/a/manifests/$digest" && expect 202
	ask GET /v2/a/manifests/again && expect 404 MANIFEST_UNKNOWN
	ask GET "/v2/a/manifests/$digest" && expect 404 MANIFEST_UNKNOWN
}

@test "a manifest is refused while its configuration or a layer is missing, and names it" {
	push_image a 1
	missing=sha256:1111111111111111111111111111111111111111111111111111111111111111
	jq -c --arg digest $missing '.layers += [{mediaType: "application/vnd.oci.image.layer.v1.tar", digest: $digest, size: 5}]' "$work/manifest" >"$work/m"
	put_manifest a 2 "$work/m" && expect 404 MANIFEST_BLOB_UNKNOWN
	[ "$(jq -r '.errors[0].detail.digest' "$work/body")" = $missing ]
	jq -c --arg digest $missing '.config.digest = $digest' "$work/manifest" >"$work/m"
	put_manifest a 2 "$work/m" && expect 404 MANIFEST_BLOB_UNKNOWN
	put_manifest other 1 && expect 404 MANIFEST_BLOB_UNKNOWN
	ask GET /v2/a/manifests/2 && expect 404 MANIFEST_UNKNOWN
	jq -c --arg digest $missing '.layers += [{mediaType: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", digest: $digest, size: 5,
		urls: ["https://example.com/x"]}]' "$work/manifest" >"$work/m"
	put_manifest a foreign "$work/m" && expect 201
}

@test "a push by digest sets the tags that it names, and says which" {
	push_image a 1
	digest=$(digest_of "$work/manifest")
	put_manifest a "$digest?tag=x&tag=y.1" && expect 201
	[ "$(tr -d '\r' <"$work/head" | grep -i '^OCI-Tag: ' | cut -d ' ' -f 2 | xargs)" = "x y.1" ]
	for tag in x y.1; do ask HEAD /v2/a/manifests/$tag && [ "$(header Docker-Content-Digest)" = "$digest" ]; done
	put_manifest a "$digest?tag=z&tag=.bad" && expect 400 TAG_INVALID
	put_manifest a "$digest?$(printf 'tag=t%d&' {1..25})" && expect 414 TAG_INVALID
	put_manifest a "$digest?$(printf 'tag=t%d&' {1..24})" && expect 201
	put_manifest a 2 && expect 201 && [ -z "$(header OCI-Tag)" ]
	# A tag that moves so is seen by the next request, and a tag may point to a sha512 digest
	jq -c '.annotations = {a: "b"}' "$work/manifest" >"$work/m"
	digest=sha512:$(sha512sum "$work/m" | cut -d ' ' -f 1)
	put_manifest a "$digest?tag=x" "$work/m" && expect 201
	ask GET /v2/a/manifests/x && expect 200 && [ "$(header Docker-Content-Digest)" = "$digest" ]
	cmp "$work/body" "$work/m"
	ask GET /v2/a/tags/list && [ "$(jq -r '.tags | length' "$work/body")" -eq 28 ] && [ "$(jq 'any(.tags[]; . == "z")' "$work/body")" = false ]
}

@test "an index may name children that come later" {
	push_image a 1
	jq -nc --arg digest "$(digest_of "$work/manifest")" '{schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests: [
		{mediaType: "application/vnd.oci.image.manifest.v1+json", digest: $digest, size: 1, platform: {os: "linux", architecture: "amd64"}},
		{mediaType: "application/vnd.oci.image.manifest.v1+json", digest: ("sha256:" + "2" * 64), size: 1}]}' >"$work/index"
	put_manifest a index "$work/index" application/vnd.oci.image.index.v1+json && expect 201
	ask GET /v2/a/manifests/index && expect 200
	cmp "$work/body" "$work/index"
	ask GET /v2/a/manifests/index -H 'Accept: application/vnd.oci.image.manifest.v1+json' && expect 200
	cmp "$work/body" "$work/manifest"
}

@test "malformed manifests, names, tags and targets are refused with their code" {
	push_image a 1
	local type=application/vnd.oci.image.manifest.v1+json
	for text in '' '{' '[]' '{"schemaVersion":1}' '{"schemaVersion":2}' '{"schemaVersion":2,"config":{}}' "$(jq -c '.manifests = []' "$work/manifest")" \
		"$(jq -c '.mediaType = "application/vnd.docker.distribution.manifest.v2+json"' "$work/manifest")" \
		"$(jq -c '.layers[0].size = -1' "$work/manifest")" "$(jq -c '.layers[0].digest = "sha256:xyz"' "$work/manifest")" \
		"$(jq -c '.layers = {}' "$work/manifest")"; do
		printf %s "$text" >"$work/bad"
		put_manifest a 9 "$work/bad" && expect 400 MANIFEST_INVALID
	done
	put_manifest a 9 "$work/manifest" application/vnd.docker.distribution.manifest.v1+prettyjws && expect 400 MANIFEST_INVALID
	put_manifest a sha256:3333333333333333333333333333333333333333333333333333333333333333 && expect 400 DIGEST_INVALID
	put_manifest a sha256:33 && expect 400 DIGEST_INVALID
	put_manifest a .bad && expect 400 TAG_INVALID
	put_manifest a "$(printf 'a%.0s' {1..129})" && expect 400 TAG_INVALID
	put_manifest A 1 && expect 400 NAME_INVALID
	put_manifest "$(printf 'a%.0s' {1..256})" 1 && expect 400 NAME_INVALID
	head -c 5000000 /dev/zero >"$work/bad"
	put_manifest a 9 "$work/bad" && expect 413 SIZE_INVALID
	ask GET '/v2/a/../../etc/passwd'
	[ "$status_code" = 404 ] || [ "$status_code" = 400 ]
	ask GET '/v2/%2e%2e/manifests/1'
	[ "$status_code" = 400 ]
	ask POST /v2/a/manifests/1 && expect 405 UNSUPPORTED
	ask GET /v2/a/tags/list && [ "$(jq -c .tags "$work/body")" = '["1"]' ]
}

@test "lists: byte order, pages with Link, bad numbers" {
	push_image b 1
	for tag in b a C 10 2; do put_manifest b $tag && expect 201; done
	push_image a 1
	push_image c/d/e 1
	ask GET /v2/b/tags/list && [ "$(jq -c . "$work/body")" = '{"name":"b","tags":["1","10","2","C","a","b"]}' ]
	ask GET '/v2/b/tags/list?n=2' && [ "$(jq -c .tags "$work/body")" = '["1","10"]' ]
	[ "$(header Link)" = '</v2/b/tags/list?last=10&n=2>; rel="next"' ]
	ask GET '/v2/b/tags/list?last=10&n=4' && [ "$(jq -c .tags "$work/body")" = '["2","C","a","b"]' ] && [ -z "$(header Link)" ]
	ask GET '/v2/b/tags/list?last=C' && [ "$(jq -c .tags "$work/body")" = '["a","b"]' ]
	ask GET '/v2/b/tags/list?n=0' && [ "$(jq -c .tags "$work/body")" = '[]' ] && [ -z "$(header Link)" ]
	ask GET '/v2/b/tags/list?n=1000000' && expect 200
	for n in -1 x 1e3 99999999999999999999999; do ask GET "/v2/b/tags/list?n=$n" && expect 400 PAGINATION_NUMBER_INVALID; done
	ask GET /v2/_catalog && [ "$(jq -c . "$work/body")" = '{"repositories":["a","b","c/d/e"]}' ]
	ask GET '/v2/_catalog?n=2' && [ "$(header Link)" = '</v2/_catalog?last=b&n=2>; rel="next"' ]
	ask GET '/v2/_catalog?n=2&last=b' && [ "$(jq -c .repositories "$work/body")" = '["c/d/e"]' ]
}

@test "content that a manifest names cannot be deleted; other content can" {
	push_image a 1
	ask DELETE "/v2/a/blobs/$digest" && expect 405 UNSUPPORTED
	[ "$(header Allow)" = "GET, HEAD" ]
	blob 70000 && push_blob a
	ask DELETE "/v2/a/blobs/$digest" && expect 202
	ask GET "/v2/a/blobs/$digest" && expect 404 BLOB_UNKNOWN
	ask DELETE "/v2/a/blobs/$digest" && expect 404 BLOB_UNKNOWN
}

@test "referrers: filtered, empty for what nobody names" {
	push_image a 1
	subject=$(digest_of "$work/manifest")
	jq -c --arg digest "$subject" '.subject = {mediaType: .mediaType, digest: $digest, size: 1} | .artifactType = "application/x.sbom" | .annotations = {"a": "b"}' \
		"$work/manifest" >"$work/m"
	put_manifest a "$(digest_of "$work/m")" "$work/m" && expect 201
	[ "$(header OCI-Subject)" = "$subject" ]
	ask GET "/v2/a/referrers/$subject" && expect 200
	[ "$(header Content-Type)" = application/vnd.oci.image.index.v1+json ]
	[ "$(jq -c '.manifests | map([.digest, .artifactType, .annotations.a])' "$work/body")" = "[[\"$(digest_of "$work/m")\",\"application/x.sbom\",\"b\"]]" ]
	ask GET "/v2/a/referrers/$subject?artifactType=x/y" && [ "$(jq -c .manifests "$work/body")" = '[]' ] && [ "$(header OCI-Filters-Applied)" = artifactType ]
	ask GET "/v2/none/referrers/$subject" && expect 200
	ask GET /v2/a/referrers/sha256:12 && expect 400 DIGEST_INVALID
	# Five with a megabyte of annotations each are given in pages that keep the filter
	for i in 1 2 3 4 5; do
		jq -c --arg i $i '.annotations = {i: $i, pad: ("x" * 1000000)}' "$work/m" >"$work/large"
		put_manifest a "$(digest_of "$work/large")" "$work/large" && expect 201
	done
	local path="/v2/a/referrers/$subject?artifactType=application/x.sbom" pages=0 entries=
	while [ -n "$path" ]; do
		ask GET "$path" && expect 200
		[ "$(stat -c %s "$work/body")" -lt 2500000 ]
		entries+=$(jq -r '.manifests[].annotations | .i // .a' "$work/body")
		path=$(header Link | sed -n 's/^<\(.*\)>; rel="next"$/\1/p')
		pages=$((pages + 1))
	done
	[ "$(tr -d '\n' <<<"$entries")" = b12345 ] && [ $pages -ge 3 ]
	ask GET "/v2/a/referrers/$subject?last=x" && expect 400 PAGINATION_NUMBER_INVALID
}

@test "a full disk fails that request alone; with room a second try succeeds" {
	needs_root
	registry_stop
	mkdir "$work/small" && mount -t tmpfs -o size=24m tmpfs "$work/small"
	process_start registry "$naru_registry" serve --open --data "$work/small/registry" --listen "$registry"
	registry_ready
	push_image a 1
	# The disk is filled until no byte more goes in
	! cat /dev/zero >"$work/small/filler" 2>/dev/null
	blob 3000000
	ask POST "/v2/a/blobs/uploads/?digest=$digest" --data-binary "@$file" && expect 503 UNAVAILABLE
	ask GET /v2/a/manifests/1 && expect 200
	ask HEAD "/v2/a/blobs/$digest" && expect 404
	rm "$work/small/filler"
	push_blob a
	ask GET "/v2/a/blobs/$digest" && expect 200
	cmp "$work/body" "$file"
	registry_stop
	umount "$work/small"
}

@test "a push whose change fails leaves the same content of another push whole" {
	blob 3000000 && push_blob a
	# Another process holds the database's write lock until its input ends
	mkfifo "$work/held"
	python3 -c 'import sqlite3, sys
sqlite3.connect(sys.argv[1], isolation_level=None).execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()' "$work/registry/registry.db" <"$work/held" >"$work/locker.log" 3>&- &
	local locker=$!
	exec 8>"$work/held"
	wait_for 10 grep -q locked "$work/locker.log"
	ask POST "/v2/b/blobs/uploads/?digest=$digest" --data-binary "@$file" && expect 503 UNAVAILABLE
	exec 8>&-
	wait $locker
	ask GET "/v2/a/blobs/$digest" && expect 200
	cmp "$work/body" "$file"
	push_blob b
}

@test "uploads that nobody goes on with take no descriptor from others, and can be gone on with" {
	registry_stop
	blob 5000
	( ulimit -n 64 && exec "$naru_registry" serve --open --data "$work/registry" --listen "$registry" ) >"$work/registry.log" 2>&1 3>&- </dev/null &
	echo $! >"$work/pids/registry"
	registry_ready
	for i in {1..100}; do
		ask POST /v2/a/blobs/uploads/ && expect 202
		ask PATCH "$(header Location)" --data-binary "@$file" && expect 202
		[ "$i" -ne 1 ] || location=$(header Location)
	done
	ask PUT "$location?digest=$digest" && expect 201
	ask GET "/v2/a/blobs/$digest" && expect 200
	cmp "$work/body" "$file"
}

@test "one folder has one owner, and TERM ends it with 0" {
	run "$naru_registry" serve --open --data "$work/registry" --listen 127.0.0.1:0
	[ "$status" -eq 1 ]
	[[ $output == *"is served by another naru-registry"* ]]
	local pid
	pid=$(process_pid registry)
	kill -TERM "$pid"
	wait "$pid"
	rm "$work/pids/registry"
}

@test "the command line: what is wrong is named, with the way out" {
	run "$naru_registry" serve
	[ "$status" -eq 125 ] && [[ $output == *--open* ]]
	run "$naru_registry" serve --open --listen 0.0.0.0:5000
	[ "$status" -eq 125 ] && [[ $output == *"not on loopback"* ]]
	run "$naru_registry" serve --open --frob
	[ "$status" -eq 125 ] && [[ $output == *--frob* ]]
	run "$naru_registry" frob
	[ "$status" -eq 1 ]
}
