# The distribution API by curl: asks $url, and says what came.

# ask METHOD PATH [CURL-OPTION...]: sets $status_code, and the answer's head and body in $work/head and $work/body.
ask() {
	local method=$1 path=$2
	shift 2
	[ "$method" != HEAD ] || set -- --head "$@"
	[ "$method" = HEAD ] || set -- -X "$method" "$@"
	status_code=$(curl -s --path-as-is -m 20 -o "$work/body" -D "$work/head" -w '%{http_code}' "$@" "$url$path")
}

# expect STATUS [CODE]: of the last answer; an error has this code, and a detail.
expect() {
	if [ "$status_code" != "$1" ]; then
		echo "answered $status_code instead of $1:" && cat "$work/head" "$work/body"
		return 1
	fi
	[ $# -lt 2 ] || [ "$(jq -r '.errors[0] | select(.detail != null and .message != "") | .code' "$work/body")" = "$2" ] ||
		{ cat "$work/body" && return 1; }
}

header() {
	tr -d '\r' <"$work/head" | sed -n "s/^$1: //Ip" | tail -n 1
}

digest_of() {
	echo "sha256:$(sha256sum "$1" | cut -d ' ' -f 1)"
}

# blob SIZE [NAME]: a file of random bytes; sets $file and $digest.
blob() {
	file=$work/${2-blob}
	head -c "$1" /dev/urandom >"$file"
	digest=$(digest_of "$file")
}

push_blob() {
	ask POST "/v2/$1/blobs/uploads/?digest=$digest" --data-binary "@$file" -H 'Content-Type: application/octet-stream'
	expect 201
}

# image REPOSITORY TAG: pushes a small image; its manifest in $work/manifest.
push_image() {
	local config_digest
	blob 100 config && config_digest=$digest && push_blob "$1"
	blob 70000 layer && push_blob "$1"
	jq -nc --arg config "$config_digest" --arg layer "$digest" '{schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json",
		config: {mediaType: "application/vnd.oci.image.config.v1+json", digest: $config, size: 100},
		layers: [{mediaType: "application/vnd.oci.image.layer.v1.tar", digest: $layer, size: 70000}], "unknown": [1, 2]}' >"$work/manifest"
	put_manifest "$1" "$2"
	expect 201
}

put_manifest() {
	ask PUT "/v2/$1/manifests/$2" --data-binary "@${3-$work/manifest}" -H "Content-Type: ${4-application/vnd.oci.image.manifest.v1+json}"
}

# finds JQ WANT: in the answer, as compact JSON.
finds() {
	local found
	found=$(jq -c "$1" "$work/body")
	[ "$found" = "$2" ] || { echo "$1 is $found instead of $2" && return 1; }
}
