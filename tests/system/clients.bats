# Real clients use the registry without knowing what it is: each pushes an image of four layers of Debian packages, deletes it, pulls it again and
# runs it. And what one client pushed, another runs, under the same IMAGE ID.

load lib/common
load lib/peers

setup() {
	common_setup
	registry_or_peer_start
	archive=$(image layers)
	loaded=naru-test/layers:1
	name=$registry/team/layers:1.0
	python=(/usr/bin/python3.11 -S -c 'print(6*7)')
	config_digest=sha256:$(tar -xOf "$archive" manifest.json | jq -r '.[0].Config' | cut -d . -f 1)
}

# round CLIENT: push, delete, pull, run.
round() {
	local client=$1
	"client_${client}_load" "$archive"
	"client_${client}_tag" "$loaded" "$name"
	"client_${client}_push" "$name"
	"client_${client}_remove" "$loaded" "$name"
	run "client_${client}_id" "$name"
	[ "$status" -ne 0 ]
	"client_${client}_pull" "$name"
	[ "$("client_${client}_id" "$name")" = "$config_digest" ]
	run "client_${client}_run" "$name" "${python[@]}"
	[ "$status" -eq 0 ] || { echo "$output" && return 1; }
	[ "${lines[-1]}" = 42 ]
	[ "$(curl -sf -H 'Accept: application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json' \
		"http://$registry/v2/team/layers/manifests/1.0" | jq '.layers | length')" -eq 4 ]
}

@test "docker's engine with its own command line: push, delete, pull, run" {
	docker_program_of 20
	dockerd_start
	round docker
}

@test "docker's engine with the command line of docker 28: push, delete, pull, run" {
	docker_program_of 28
	dockerd_start
	round docker
}

@test "podman: push, delete, pull, run" {
	needs_root
	needs podman runc
	round podman
}

@test "buildah: push, delete, pull, run" {
	needs_root
	needs buildah
	round buildah
}

@test "skopeo: push, delete, pull; podman runs what it pulled" {
	needs_root
	needs skopeo podman
	round skopeo
}

@test "naru: push, delete, pull, run" {
	needs_root
	round naru
}

@test "skopeo copies an index of two platforms in and out, equal to the byte" {
	needs skopeo
	layout=$(image platforms)
	skopeo copy -q --all --preserve-digests --dest-tls-verify=false "oci:$layout:1" "docker://$registry/team/platforms:1"
	skopeo copy -q --all --preserve-digests --src-tls-verify=false "docker://$registry/team/platforms:1" "oci:$work/back:1"
	diff -r "$layout/blobs" "$work/back/blobs"
	[ "$(jq -r '.manifests[0].digest' "$layout/index.json")" = "$(jq -r '.manifests[0].digest' "$work/back/index.json")" ]
	# Once more as the wire has it: the index itself, byte for byte.
	curl -sf -H 'Accept: application/vnd.oci.image.index.v1+json' "http://$registry/v2/team/platforms/manifests/1" >"$work/index"
	cmp "$work/index" "$layout/blobs/sha256/$(jq -r '.manifests[0].digest' "$layout/index.json" | cut -d : -f 2)"
}

@test "what naru pushes docker pulls and runs, with the same IMAGE ID" {
	docker_program_of 20
	dockerd_start
	client_naru_load "$archive"
	client_naru_tag "$loaded" "$name"
	client_naru_push "$name"
	client_docker_pull "$name"
	[ "$(client_docker_run "$name" "${python[@]}")" = 42 ]
	[ "$(client_docker_id "$name")" = "$config_digest" ]
	[ "$(docker images -q "$name")" = "$("$naru" images -q "$name")" ]
}

@test "what docker pushes naru pulls and runs, with the same IMAGE ID" {
	docker_program_of 20
	dockerd_start
	client_docker_load "$archive"
	client_docker_tag "$loaded" "$name"
	client_docker_push "$name"
	client_naru_pull "$name"
	[ "$(client_naru_run "$name" "${python[@]}")" = 42 ]
	[ "$(client_naru_id "$name")" = "$config_digest" ]
	[ "$(docker images -q "$name")" = "$("$naru" images -q "$name")" ]
}
