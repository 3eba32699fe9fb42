# containerd with its ctr, of Debian 12 and of a later release, whose way to fetch is another one.

load lib/common
load lib/peers
load lib/artifacts
load lib/containerd

setup() {
	common_setup
	registry_or_peer_start
	name=$registry/team/layers:1.0
}

# The round of clients.bats; what it pulled runs.
round() {
	local archive
	archive=$(image layers)
	client_ctr_load "$archive"
	client_ctr_tag naru-test/layers:1 "$name"
	client_ctr_push "$name"
	client_ctr_remove naru-test/layers:1 "$name"
	fails_with 1 "" client_ctr_id "$name"
	client_ctr_pull "$name"
	[ "$(client_ctr_id "$name")" = "sha256:$(tar -xOf "$archive" manifest.json | jq -r '.[0].Config' | cut -d . -f 1)" ]
	[ "$(client_ctr_run "$name" /usr/bin/python3.11 -S -c 'print(6*7)')" = 42 ]
	# Into another repository: what it is made of is mounted, not sent again.
	ctr_quiet image tag "$name" "$registry/team/mounted:1"
	client_ctr_push "$registry/team/mounted:1"
	[ "$(curl -sf "http://$registry/v2/team/mounted/tags/list" | jq -c .tags)" = '["1"]' ]
	[ "${TEST_REGISTRY-}" = peer ] || [ "$(grep -c 'method=POST target="\?/v2/team/mounted/blobs/uploads/?.*mount=.* status=201' "$work/registry.log")" -eq 5 ]
}

# Both platforms go out and in; one can be had alone, and the index is then sent as it was.
platforms() {
	local layout digest arm ctr_flags=(--plain-http)
	layout=$(image platforms)
	digest=$(jq -r '.manifests[0].digest' "$layout/index.json")
	arm=$(jq -r '.manifests[] | select(.platform.architecture == "arm64") | .digest' "$layout/blobs/sha256/${digest#sha256:}")
	tar -C "$layout" -cf "$work/platforms.tar" .
	ctr_quiet image import --all-platforms --no-unpack --index-name "$registry/team/platforms:1" "$work/platforms.tar"
	client_ctr_push "$registry/team/platforms:1"
	ctr_quiet image rm --sync "$registry/team/platforms:1"
	ctr_flags=(--plain-http --platform linux/arm64)
	client_ctr_pull "$registry/team/platforms:1"
	ctr content get "$arm" | cmp - "$layout/blobs/sha256/${arm#sha256:}"
	ctr_quiet image rm --sync "$registry/team/platforms:1"
	ctr_flags=(--plain-http --all-platforms)
	client_ctr_pull "$registry/team/platforms:1"
	for file in "$layout"/blobs/sha256/*; do
		ctr content get "sha256:${file##*/}" | cmp - "$file"
	done
}

@test "containerd 1: push, remove, pull, run, mount; an index of two platforms, whole and one alone" {
	containerd_start 1
	round
	platforms
}

@test "containerd 2: push, remove, pull, run, mount; an index of two platforms, whole and one alone" {
	containerd_start 2
	round
	platforms
}
