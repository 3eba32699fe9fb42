# The distribution API where settings decide: limits of uploads and manifests, what may be missing, deletes; and the corners of each header.

load lib/common
load lib/api

index_type=application/vnd.oci.image.index.v1+json
manifest_type=application/vnd.oci.image.manifest.v1+json

setup() {
	common_setup
}

# serve [SETTINGS]: the registry with these lines of YAML.
serve() {
	printf 'access: {open: true}\n%s\n' "${1-}" >"$work/registry.yml"
	registry_start --config "$work/registry.yml"
	url=http://$registry
}

sha512_of() {
	echo "sha512:$(sha512sum "$1" | cut -d ' ' -f 1)"
}

# referrer ARTIFACT-TYPE SUBJECT: pushes a manifest of that type; $work/manifest is an image's. SUBJECT may be empty. Sets $referrer.
referrer() {
	jq -c --arg type "$1" --arg subject "$2" '.artifactType = $type | if $subject == "" then . else
		.subject = {mediaType: .mediaType, digest: $subject, size: 1} end' "$work/manifest" >"$work/referrer"
	referrer=$(digest_of "$work/referrer")
	put_manifest a "$referrer" "$work/referrer" && expect 201
}

# entry DIGEST: a descriptor of a manifest.
entry() {
	jq -nc --arg digest "$1" --arg type $manifest_type '{mediaType: $type, digest: $digest, size: 1}'
}

events() {
	python3 -c 'import sqlite3, sys
for row in sqlite3.connect("file:%s?mode=ro" % sys.argv[1], uri=True).execute("SELECT kind, repository, digest FROM events ORDER BY id"): print(*row)' \
		"$work/registry/registry.db"
}

@test "pieces: the least length is told, the last may be shorter, and no other" {
	serve 'limits: {chunk_min_bytes: 1000}'
	blob 2500
	head -c 1000 "$file" >"$work/1" && tail -c +1001 "$file" | head -c 1000 >"$work/2" && tail -c 500 "$file" >"$work/3"
	ask POST /v2/a/blobs/uploads/ && expect 202
	[ "$(header OCI-Chunk-Min-Length)" = 1000 ]
	location=$(header Location)
	ask PATCH "$location" --data-binary "@$work/1" -H 'Content-Range: 0-999' && expect 202
	ask PATCH "$location" --data-binary "@$work/2" -H 'Content-Range: 1000-1999' && expect 202
	ask PATCH "$location" --data-binary "@$work/3" -H 'Content-Range: 2000-2499' && expect 202
	[ "$(header Range)" = 0-2499 ]
	ask PATCH "$location" --data-binary "@$work/1" -H 'Content-Range: 2500-3499' && expect 400 SIZE_INVALID
	ask PUT "$location?digest=$digest" && expect 201
	# One that streams has no pieces
	ask POST /v2/a/blobs/uploads/ && location=$(header Location)
	ask PATCH "$location" --data-binary "@$work/3" && expect 202
	ask PATCH "$location" --data-binary "@$work/3" && expect 202
}

@test "uploads in flight are bounded: one more is told when to come again, and the others go on" {
	serve 'limits: {uploads: 1}'
	blob 600000 slow && slow_digest=$digest
	ask POST /v2/a/blobs/uploads/ && location=$(header Location)
	curl -s -o "$work/slow.body" -w '%{http_code}' --limit-rate 300k -T "$file" -X PUT "$url$location?digest=$slow_digest" >"$work/slow.status" &
	local slow=$!
	blob 70000
	limited() {
		ask POST /v2/a/blobs/uploads/
		[ "$status_code" = 429 ]
	}
	wait_for 5 limited && expect 429 TOOMANYREQUESTS
	[ "$(header Retry-After)" -ge 1 ]
	# Everything else is answered meanwhile
	ask GET /v2/ && expect 200
	ask POST "/v2/b/blobs/uploads/?mount=$digest&from=a" && expect 429 TOOMANYREQUESTS
	wait $slow
	[ "$(cat "$work/slow.status")" = 201 ]
	push_blob a
	ask POST "/v2/b/blobs/uploads/?mount=$digest&from=a" && expect 201
}

@test "a busy upload tells how far it is; another piece is refused with where to go on; canceled it is gone" {
	serve
	blob 400000
	ask POST /v2/a/blobs/uploads/ && location=$(header Location)
	curl -s -o /dev/null -w '%{http_code}' --limit-rate 200k -T "$file" -X PATCH "$url$location" >"$work/slow.status" &
	local slow=$!
	moves() {
		ask GET "$location" && expect 204
		[ "$(header Range)" != 0-0 ]
	}
	wait_for 5 moves
	ask PATCH "$location" --data-binary "@$file" && expect 416 RANGE_INVALID
	[ "$(header Location)" = "$location" ] && [[ $(header Range) == 0-* ]]
	ask DELETE "$location" && expect 204
	ask GET "$location" && expect 404 BLOB_UPLOAD_UNKNOWN
	wait $slow
	none_left() { [ -z "$(ls "$work/registry/uploads")" ]; }
	wait_for 5 none_left
	ask PUT "$location?digest=$digest" && expect 404 BLOB_UPLOAD_UNKNOWN
}

@test "uploads that nobody goes on with expire while it serves, in memory and of an earlier process; others do not" {
	serve 'limits: {upload_expiry: 2s}'
	blob 100000
	ask POST /v2/a/blobs/uploads/ && ask PATCH "$(header Location)" --data-binary "@$file" && expect 202
	first=$(header Location)
	registry_stop
	process_start registry "$naru_registry" serve --open --data "$work/registry" --listen "$registry" --config "$work/registry.yml"
	registry_ready
	ask POST /v2/a/blobs/uploads/ && ask PATCH "$(header Location)" --data-binary "@$file" && expect 202
	second=$(header Location)
	none_left() { [ -z "$(ls "$work/registry/uploads")" ]; }
	wait_for 20 none_left
	for location in "$first" "$second"; do ask GET "$location" && expect 404 BLOB_UPLOAD_UNKNOWN; done
	grep -q 'ended . uploads that nobody went on with' "$work/registry.log"
	# One that is used lives on
	ask POST /v2/a/blobs/uploads/ && location=$(header Location)
	for i in 1 2 3 4 5 6 7; do
		printf 12345 >"$work/piece"
		ask PATCH "$location" --data-binary "@$work/piece" && expect 202
		sleep 0.7
	done
	[ "$(header Range)" = 0-34 ]
}

@test "sha512: hashed on the way where it is told, again at the end up to a limit, and beyond it the way out is named" {
	serve 'limits: {rehash_bytes: 100000}'
	for size in 100000 100001; do
		blob $size && digest=$(sha512_of "$file")
		# Told by the PUT with all content in it, or by the POST
		ask POST "/v2/a/blobs/uploads/?digest=$digest" --data-binary "@$file" && expect 201
		ask POST /v2/b/blobs/uploads/ && ask PUT "$(header Location)?digest=$digest" --data-binary "@$file" && expect 201
		ask POST '/v2/c/blobs/uploads/?digest-algorithm=sha512' && ask PATCH "$(header Location)" --data-binary "@$file" && expect 202
		ask PUT "$(header Location)?digest=$digest" && expect 201 && [ "$(header Docker-Content-Digest)" = "$digest" ]
		ask GET "/v2/c/blobs/$digest" && expect 200 && cmp "$work/body" "$file"
	done
	ask POST /v2/d/blobs/uploads/ && ask PATCH "$(header Location)" --data-binary "@$file" && location=$(header Location)
	ask PUT "$location?digest=$digest" && expect 413 SIZE_INVALID
	grep -q 'digest-algorithm=sha512' "$work/body"
	# The upload lives, and can be closed by what it was hashed with
	ask PUT "$location?digest=$(digest_of "$file")" && expect 201
	# The other way round, and after a restart
	ask POST '/v2/e/blobs/uploads/?digest-algorithm=sha512' && ask PATCH "$(header Location)" --data-binary "@$file" && location=$(header Location)
	registry_stop
	process_start registry "$naru_registry" serve --open --data "$work/registry" --listen "$registry" --config "$work/registry.yml"
	registry_ready
	ask PUT "$location?digest=$(digest_of "$file")" && expect 413 SIZE_INVALID
	ask PUT "$location?digest=$digest" && expect 201
	ask POST '/v2/a/blobs/uploads/?digest-algorithm=md5' && expect 400 DIGEST_INVALID
}

@test "what may be missing is a setting: nothing, an index's children, or layers too; what comes later is found" {
	serve 'limits: {sparse: none}'
	push_image a 1
	local late=sha256:4444444444444444444444444444444444444444444444444444444444444444
	jq -nc --argjson entry "$(entry $late)" --arg type $index_type '{schemaVersion: 2, mediaType: $type, manifests: [$entry]}' >"$work/index"
	put_manifest a index "$work/index" $index_type && expect 404 MANIFEST_BLOB_UNKNOWN
	finds '.errors[0].detail' "{\"name\":\"a\",\"reference\":\"index\",\"digest\":\"$late\"}"
	ask GET /v2/a/manifests/index && expect 404 MANIFEST_UNKNOWN
	registry_stop
	sed -i 's/sparse: none/sparse: all/' "$work/registry.yml"
	process_start registry "$naru_registry" serve --open --data "$work/registry" --listen "$registry" --config "$work/registry.yml"
	registry_ready
	put_manifest a index "$work/index" $index_type && expect 201
	blob 70001 later
	jq -c --arg digest "$digest" '.layers += [{mediaType: "application/vnd.oci.image.layer.v1.tar", digest: $digest, size: 70001}]' "$work/manifest" >"$work/m"
	put_manifest a sparse "$work/m" && expect 201
	# It is known for missing until it comes; then a strict registry takes the same manifest again
	registry_stop
	sed -i 's/sparse: all/sparse: none/' "$work/registry.yml"
	process_start registry "$naru_registry" serve --open --data "$work/registry" --listen "$registry" --config "$work/registry.yml"
	registry_ready
	ask GET /v2/a/manifests/sparse && expect 200
	put_manifest a sparse "$work/m" && expect 404 MANIFEST_BLOB_UNKNOWN
	push_blob a
	put_manifest a sparse "$work/m" && expect 201
}

@test "a manifest may be as large as the setting says" {
	serve 'limits: {manifest_bytes: 4KiB}'
	push_image a 1
	jq -c '.annotations = {pad: ("x" * 3000)}' "$work/manifest" >"$work/m" && put_manifest a 2 "$work/m" && expect 201
	jq -c '.annotations = {pad: ("x" * 4000)}' "$work/manifest" >"$work/m" && put_manifest a 3 "$work/m" && expect 413 SIZE_INVALID
}

@test "a registry that does not delete says so, and cancels uploads all the same" {
	serve 'storage: {deletes: false}'
	push_image a 1
	for path in "blobs/$digest" manifests/1 "manifests/$(digest_of "$work/manifest")"; do
		ask DELETE "/v2/a/$path" && expect 405 UNSUPPORTED
		[[ $(header Allow) == *GET* ]]
		ask HEAD "/v2/a/$path" && expect 200
	done
	ask POST /v2/a/blobs/uploads/ && ask DELETE "$(header Location)" && expect 204
}

@test "Accept: weights, kinds and several headers decide between an index and its child for linux/amd64" {
	serve
	push_image a 1
	jq -nc --argjson entry "$(entry "$(digest_of "$work/manifest")")" --arg type $index_type '{schemaVersion: 2, mediaType: $type, manifests: [
		($entry | .digest = "sha256:" + "5" * 64 | .platform = {os: "linux", architecture: "arm64"}),
		($entry | .platform = {os: "linux", architecture: "amd64"})]}' >"$work/index"
	put_manifest a index "$work/index" $index_type && expect 201
	local child=$work/manifest index=$work/index
	gives() {
		local want=$1
		shift
		ask GET /v2/a/manifests/index "$@" && expect 200
		[ "$(header Vary)" = Accept ]
		cmp "$work/body" "$want"
	}
	gives "$index" -H 'Accept:'
	gives "$index" -H "Accept: $index_type"
	gives "$index" -H "Accept: $manifest_type, */*"
	gives "$index" -H "Accept: $manifest_type;q=1, application/*;q=0.1"
	gives "$index" -H "Accept: $manifest_type" -H "Accept: $index_type"
	gives "$child" -H "Accept: $manifest_type"
	gives "$child" -H "Accept: $index_type;q=0, $manifest_type"
	gives "$child" -H "Accept: */*;q=0.5, $index_type;q=0.0, $manifest_type"
	# Nothing fits: what is stored, and the client sees the type. By digest always what is stored
	gives "$index" -H 'Accept: text/html'
	ask GET "/v2/a/manifests/$(digest_of "$index")" -H "Accept: $manifest_type" && expect 200
	cmp "$work/body" "$index"
	[ -z "$(header Vary)" ]
}

@test "conditions: lists, weak ones and * are no news; If-Range takes one strong ETag" {
	serve
	push_image a 1
	local manifest path
	manifest=$(digest_of "$work/manifest")
	for path in "blobs/$digest" manifests/1 "manifests/$manifest"; do
		ask GET "/v2/a/$path" && expect 200
		local etag
		etag=$(header ETag)
		for condition in "$etag" "\"x\", $etag" "W/$etag" '*' "\"x\",W/$etag , \"y\""; do
			ask GET "/v2/a/$path" -H "If-None-Match: $condition" && expect 304
			[ ! -s "$work/body" ] && [ "$(header ETag)" = "$etag" ]
			ask HEAD "/v2/a/$path" -H "If-None-Match: $condition" && expect 304
		done
		for condition in '"x"' "${etag%\"}" '""'; do ask GET "/v2/a/$path" -H "If-None-Match: $condition" && expect 200; done
	done
	ask GET "/v2/a/blobs/$digest" -H 'Range: bytes=0-9' -H "If-Range: \"$digest\"" && expect 206
	for condition in "W/\"$digest\"" "\"$digest\", \"x\"" '*' 'Wed, 21 Oct 2015 07:28:00 GMT' "$digest"; do
		ask GET "/v2/a/blobs/$digest" -H 'Range: bytes=0-9' -H "If-Range: $condition" && expect 200
	done
	# Ranges are for GET alone (RFC 9110, 14.2)
	ask HEAD "/v2/a/blobs/$digest" -H 'Range: bytes=0-9' && expect 200 && [ "$(header Content-Length)" = 70000 ]
}

@test "several ranges come in the order asked for, unmerged, each with its place" {
	serve
	blob 200000 && push_blob a
	ask GET "/v2/a/blobs/$digest" -H 'Range: bytes=1000-1999, 0-99,100-199 ,-5' && expect 206
	python3 - "$work/body" "$(header Content-Type)" "$file" <<'EOF'
import re, sys
body, content = open(sys.argv[1], "rb").read(), open(sys.argv[3], "rb").read()
boundary = re.search("boundary=(.*)", sys.argv[2]).group(1).encode()
parts = body.split(b"--" + boundary)
assert parts[0] == b"" and parts[-1] == b"--\r\n", parts
places = []
for part in parts[1:-1]:
    head, data = part[2:-2].split(b"\r\n\r\n", 1)
    first, last, size = map(int, re.search(rb"Content-Range: bytes (\d+)-(\d+)/(\d+)", head).groups())
    assert data == content[first:last + 1] and size == len(content), places
    places.append((first, last))
assert places == [(1000, 1999), (0, 99), (100, 199), (199995, 199999)], places
EOF
	# As many as podman asks for at once; more are the whole
	ask GET "/v2/a/blobs/$digest" -H "Range: bytes=$(seq -s, 0 2 2046 | sed 's/[0-9][0-9]*/&-&/g')" && expect 206
	[ "$(grep -ac '^Content-Range: bytes' "$work/body")" -eq 1024 ]
	ask GET "/v2/a/blobs/$digest" -H "Range: bytes=$(seq -s, 0 2 2048 | sed 's/[0-9][0-9]*/&-&/g')" && expect 200
}

@test "referrers: several filters are or; the fallback tag's entries are in the list, in pages too, and only what is here" {
	serve
	push_image a 1
	local subject image
	subject=$(digest_of "$work/manifest") image=$work/image && cp "$work/manifest" "$image"
	referrer application/x.one "$subject" && one=$referrer
	referrer application/x.two "$subject" && two=$referrer
	ask GET "/v2/a/referrers/$subject?artifactType=application/x.one&artifactType=application/x.none" && expect 200
	finds '.manifests | map(.digest)' "[\"$one\"]"
	[ "$(header OCI-Filters-Applied)" = artifactType ]
	ask GET "/v2/a/referrers/$subject?artifactType=application/x.one&artifactType=application/x.two" && finds '.manifests | length' 2
	# A client without the API has put these under the tag: one without a subject, one that is in the list already, one that names another, one that is not here
	referrer application/x.tagged '' && tagged=$referrer
	referrer application/x.other sha256:6666666666666666666666666666666666666666666666666666666666666666 && other=$referrer
	jq -nc --arg type $index_type --argjson entries "[$(entry "$tagged"),$(entry "$one"),$(entry "$other"),$(entry "sha256:$(printf '7%.0s' {1..64})")]" \
		'{schemaVersion: 2, mediaType: $type, manifests: $entries}' >"$work/index"
	put_manifest a "${subject/:/-}" "$work/index" $index_type && expect 201
	ask GET "/v2/a/referrers/$subject" && expect 200
	finds '.manifests | map([.digest, .artifactType])' "[[\"$one\",\"application/x.one\"],[\"$two\",\"application/x.two\"],[\"$tagged\",\"application/x.tagged\"]]"
	ask GET "/v2/a/referrers/$subject?artifactType=application/x.tagged" && finds '.manifests | map(.digest)' "[\"$tagged\"]"
	# The tag is a plain tag
	ask GET "/v2/a/manifests/${subject/:/-}" && expect 200 && cmp "$work/body" "$work/index"
	# Deleted ones are gone at once
	ask DELETE "/v2/a/manifests/$tagged" && expect 202
	ask GET "/v2/a/referrers/$subject" && finds '.manifests | length' 2
	# Pages over both lists lose none and give none twice
	local entries=()
	for i in 1 2 3; do
		jq -c --arg i $i --arg subject "$subject" '.annotations = {i: ("s" + $i), pad: ("x" * 1000000)} |
			.subject = {mediaType: .mediaType, digest: $subject, size: 1}' "$image" >"$work/large"
		put_manifest a "$(digest_of "$work/large")" "$work/large" && expect 201
		jq -c --arg i $i '.annotations = {i: ("t" + $i), pad: ("x" * 1000000)}' "$image" >"$work/large"
		put_manifest a "$(digest_of "$work/large")" "$work/large" && expect 201
		entries+=("$(entry "$(digest_of "$work/large")")")
	done
	jq -nc --arg type $index_type --argjson entries "[$(IFS=, && echo "${entries[*]}")]" '{schemaVersion: 2, mediaType: $type, manifests: $entries}' >"$work/index"
	put_manifest a "${subject/:/-}" "$work/index" $index_type && expect 201
	local path=/v2/a/referrers/$subject found=
	while [ -n "$path" ]; do
		ask GET "$path" && expect 200
		found+=$(jq -r '.manifests[].annotations | values | .i' "$work/body")$'\n'
		path=$(header Link | sed -n 's/^<\(.*\)>; rel="next"$/\1/p')
	done
	[ "$(sort <<<"$found" | xargs)" = 's1 s2 s3 t1 t2 t3' ]
	[ "$(grep -v '^$' <<<"$found" | head -n 3 | xargs)" = 's1 s2 s3' ]
}

@test "artifacts: any media type, the empty configuration; docker's manifests and lists; a mixture is kept and warned of" {
	serve
	printf '{}' >"$work/empty" && file=$work/empty && digest=$(digest_of "$file") && push_blob a
	jq -nc --arg digest "$digest" --arg type $manifest_type '{schemaVersion: 2, mediaType: $type, artifactType: "application/vnd.example+type",
		config: {mediaType: "application/vnd.oci.empty.v1+json", digest: $digest, size: 2},
		layers: [{mediaType: "application/vnd.oci.empty.v1+json", digest: $digest, size: 2}]}' >"$work/m"
	put_manifest a artifact "$work/m" && expect 201 && [ -z "$(header Warning)" ]
	push_image a 1
	local docker=application/vnd.docker.distribution.manifest
	jq -c --arg type $docker.v2+json '.mediaType = $type | .config.mediaType = "application/vnd.docker.container.image.v1+json" |
		.layers[].mediaType = "application/vnd.docker.image.rootfs.diff.tar.gzip"' "$work/manifest" >"$work/m"
	put_manifest a docker "$work/m" $docker.v2+json && expect 201 && [ -z "$(header Warning)" ]
	jq -nc --arg digest "$(digest_of "$work/m")" --arg type $docker '{schemaVersion: 2, mediaType: ($type + ".list.v2+json"), manifests: [
		{mediaType: ($type + ".v2+json"), digest: $digest, size: 1, platform: {os: "linux", architecture: "amd64"}}]}' >"$work/list"
	put_manifest a list "$work/list" $docker.list.v2+json && expect 201
	ask GET /v2/a/manifests/list && [ "$(header Content-Type)" = $docker.list.v2+json ]
	ask GET /v2/a/manifests/list -H "Accept: $docker.v2+json" && cmp "$work/body" "$work/m"
	jq -c '.layers[].mediaType = "application/vnd.oci.image.layer.v1.tar+gzip"' "$work/m" >"$work/mixed"
	put_manifest a mixed "$work/mixed" $docker.v2+json && expect 201
	[[ $(header Warning) == '299 - "layer 1 is of type application/vnd.oci.image.layer.v1.tar+gzip'* ]]
	ask GET /v2/a/manifests/mixed && cmp "$work/body" "$work/mixed"
	put_manifest a old "$work/m" $docker.v1+prettyjws && expect 400 MANIFEST_INVALID
	grep -q 'schema 1' "$work/body"
}

@test "names of as many parts as fit; ns is let be; every error says what it is about" {
	serve
	local name
	name=$(printf 'a/%.0s' {1..127})b
	blob 100 && push_blob "$name"
	ask GET "/v2/$name/blobs/$digest?ns=docker.io" && expect 200
	ask GET "/v2/$name/blobs/uploads/00000000-0000-4000-8000-000000000000" && expect 404 BLOB_UPLOAD_UNKNOWN
	ask GET "/v2/$name/c/blobs/$digest" && expect 400 NAME_INVALID
	ask GET /v2/none/tags/list && expect 404 NAME_UNKNOWN && finds '.errors[0].detail' '{"name":"none"}'
	ask GET "/v2/$name/manifests/x" && expect 404 MANIFEST_UNKNOWN && finds '.errors[0].detail.reference' '"x"'
	ask GET "/v2/$name/blobs/sha256:12" && expect 400 DIGEST_INVALID && finds '.errors[0].detail.digest' '"sha256:12"'
	push_image blobs/uploads/manifests/tags x
	ask GET '/v2/blobs/uploads/manifests/tags/manifests/x?ns=quay.io' && expect 200
	ask GET /v2/blobs/uploads/manifests/tags/tags/list && finds .name '"blobs/uploads/manifests/tags"'
}

@test "content whose file is short, gone or no file is refused before its first byte, and told: log, event, counter" {
	serve
	local place damaged=0
	for damage in short gone folder; do
		blob 200000 && push_blob a
		place=$work/registry/blobs/sha256/${digest:7:2}/${digest:7}
		ask GET "/v2/a/blobs/$digest" && expect 200
		case $damage in
		short) truncate -s 199999 "$place" ;;
		gone) rm "$place" ;;
		folder) rm "$place" && mkdir "$place" ;;
		esac
		for method in GET HEAD GET; do
			ask $method "/v2/a/blobs/$digest"
			# HEAD is asked before a push, which heals it
			[ "$status_code" = "$([ $method = HEAD ] && echo 404 || echo 500)" ]
			damaged=$((damaged + 1))
		done
		ask GET "/v2/a/blobs/$digest" -H 'Range: bytes=0-9' && expect 500 UNKNOWN
		damaged=$((damaged + 1))
		grep -q damaged "$work/body"
		grep -q 'level=error.*content' "$work/registry.log"
		[ "$(events | grep -c "^blob.damaged a $digest\$")" -eq 1 ]
		[ $damage = folder ] && continue
		push_blob a
		ask GET "/v2/a/blobs/$digest" && expect 200 && cmp "$work/body" "$file"
	done
	curl -s "$url/metrics" >"$work/metrics"
	grep -q "damaged.* $damaged\$" "$work/metrics" || { grep -i damage "$work/metrics" && return 1; }
	# The same for a manifest that is too large for a row
	push_image a 1
	jq -c '.annotations = {pad: ("x" * 100000)}' "$work/manifest" >"$work/m" && put_manifest a large "$work/m" && expect 201
	digest=$(digest_of "$work/m")
	truncate -s 5 "$work/registry/blobs/sha256/${digest:7:2}/${digest:7}"
	ask GET "/v2/a/manifests/$digest" && expect 500 UNKNOWN
	[ "$(events | grep -c "^blob.damaged a $digest\$")" -eq 1 ]
}

@test "content that breaks while it is sent ends the connection before its last byte" {
	serve
	blob 30000000 && push_blob a
	curl -s --limit-rate 2M -o "$work/got" "$url/v2/a/blobs/$digest" &
	local reader=$! status=0
	begun() { [ "$(stat -c %s "$work/got" 2>/dev/null || echo 0)" -gt 0 ]; }
	wait_for 10 begun
	truncate -s 20000000 "$work/registry/blobs/sha256/${digest:7:2}/${digest:7}"
	wait $reader || status=$?
	[ $status -eq 18 ] # curl: transfer closed with bytes remaining
	[ "$(stat -c %s "$work/got")" -lt 30000000 ]
	ask GET /v2/ && expect 200
}
