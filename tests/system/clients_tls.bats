# Clients reach the registry over TLS, by a name and an address that they have no reason to trust but an authority in certs.d: behind nginx on another
# port than its own, and by the registry's own TLS. All of it on a host of the test's own, with an /etc where certs.d may be written.

load lib/common
load lib/peers
load lib/artifacts
load lib/containerd
load lib/host
load lib/tls

proxy_port=8443
proxy_clients_port=8444
own_port=9443

setup() {
	common_setup
	artifacts_setup
	authority_make
	certificate_make "$work/server" "DNS:$host_name,IP:$host_address"
	certs_folder_make "$work/etc/docker/certs.d" "$host_name:$proxy_port" "$host_name:$proxy_clients_port" "$host_name:$own_port"
	host_start
	cat >"$work/registry.yml" <<-YAML
		data: $work/registry
		listen:
		  - {address: "127.0.0.1:5000", tls: false}
		  - {address: "$host_address:$own_port", tls: true}
		tls: {cert: $work/server.crt, key: $work/server.key}
		access: {open: true, trusted_proxies: 127.0.0.1}
	YAML
	process_start registry "${host_enter[@]}" "$naru_registry" serve --config "$work/registry.yml"
	wait_for 20 host_answers http://127.0.0.1:5000/v2/ || { cat "$work/registry.log" >&2 && return 1; }
	nginx_start 127.0.0.1:5000 "$host_address" "$proxy_port" "$proxy_clients_port"
	tls_flag=tls-verify=true
}

# round CLIENT: through the proxy and to the registry itself: push, remove, pull, run.
round() {
	local client=$1 archive port name id
	archive=$(image small)
	id=sha256:$(tar -xOf "$archive" manifest.json | jq -r '.[0].Config' | cut -d . -f 1)
	for port in $proxy_port $own_port; do
		name=$host_name:$port/team/$client-$port:1
		"client_${client}_load" "$archive"
		"client_${client}_tag" naru-test/small:1 "$name"
		"client_${client}_push" "$name"
		"client_${client}_remove" naru-test/small:1 "$name"
		"client_${client}_pull" "$name"
		[ "$("client_${client}_id" "$name")" = "$id" ]
		[ "$("client_${client}_run" "$name" /bin/sh -c 'echo $((6*7))')" = 42 ]
	done
	# The same place without an authority for that way of naming it.
	run "client_${client}_pull" "$host_address:$proxy_port/team/$client-$proxy_port:1"
	[ "$status" -ne 0 ] && [[ $output == *certificate* ]] || { echo "$output" && return 1; }
}

@test "docker 20.10 over TLS, its authority in certs.d" {
	docker_program_of 20
	dockerd_start
	round docker
}

@test "docker 28's command line over TLS, its authority in certs.d" {
	docker_program_of 28
	dockerd_start
	round docker
}

@test "podman over TLS, its authority in certs.d" {
	needs podman runc
	round podman
}

@test "buildah over TLS, its authority in certs.d" {
	needs buildah
	round buildah
}

@test "skopeo over TLS, its authority in certs.d, and in a folder that is named" {
	needs skopeo podman
	round skopeo
	tls_flag=cert-dir=$work/etc/docker/certs.d/$host_name:$own_port
	client_skopeo_pull "$host_address:$own_port/team/skopeo-$own_port:1"
}

@test "naru over TLS, its authority in certs.d" {
	round naru
}

@test "containerd 1 over TLS, its authority in a folder of hosts" {
	containerd_start 1
	ctr_flags=(--hosts-dir "$work/etc/docker/certs.d")
	round ctr
}

@test "containerd 2 over TLS, its authority in a folder of hosts" {
	containerd_start 2
	ctr_flags=(--hosts-dir "$work/etc/docker/certs.d")
	round ctr
}

@test "oras, helm and cosign over TLS with an authority that is named" {
	local port digest
	needs_oras
	oras_flags=(--ca-file "$work/authority.crt")
	cd "$work" && head -c 300000 /dev/urandom >bytes
	for port in $proxy_port $own_port; do
		oras push "$host_name:$port/art/files:$port" bytes
		oras attach "$host_name:$port/art/files:$port" --artifact-type application/vnd.naru.test bytes
		oras pull "$host_name:$port/art/files:$port" -o "back-$port"
		cmp bytes "back-$port/bytes"
		[ "$(oras discover "$host_name:$port/art/files:$port" --format json | jq '.manifests | length')" = 1 ]
		[[ $(oras repo tags "$host_name:$port/art/files") == *$port* ]]
	done
	needs_helm
	helm create web && helm package web
	helm push --ca-file "$work/authority.crt" web-0.1.0.tgz "oci://$host_name:$proxy_port/charts"
	[[ $(helm show chart --ca-file "$work/authority.crt" "oci://$host_name:$own_port/charts/web" --version 0.1.0) == *"name: web"* ]]
	needs_cosign 3
	digest=$(oras resolve "$host_name:$own_port/art/files:$own_port")
	cosign_sign --registry-cacert "$work/authority.crt" "$host_name:$proxy_port/art/files@$digest"
	cosign_verify verify --registry-cacert "$work/authority.crt" "$host_name:$own_port/art/files@$digest" >/dev/null
}

@test "a certificate that the proxy wants of its clients is found beside the authority: docker, podman, naru" {
	local folder=/etc/docker/certs.d/$host_name:$proxy_clients_port name=$host_name:$proxy_clients_port/team/small:1 client
	docker_program_of 20
	needs podman runc
	dockerd_start
	certificate_make "$work/client" DNS:client
	for client in docker podman naru; do
		"client_${client}_load" "$(image small)"
		"client_${client}_tag" naru-test/small:1 "$name"
		run "client_${client}_push" "$name"
		[ "$status" -ne 0 ]
	done
	"${host_enter[@]}" cp "$work/client.crt" "$folder/client.cert"
	"${host_enter[@]}" cp "$work/client.key" "$folder/client.key"
	for client in docker podman naru; do
		"client_${client}_push" "$name"
		"client_${client}_remove" naru-test/small:1 "$name"
		"client_${client}_pull" "$name"
	done
}

@test "where an upload goes on is a path, so that it is right behind any proxy; a client may send all over one connection" {
	local location digest
	echo content >"$work/content"
	digest=sha256:$(sha256sum "$work/content" | cut -d ' ' -f 1)
	for base in "https://$host_name:$proxy_port" "https://$host_name:$own_port"; do
		curl() {
			"${host_enter[@]}" curl --cacert "$work/authority.crt" -s -m 20 "$@"
		}
		location=$(curl -D - -o "$work/body" -X POST "$base/v2/team/path/blobs/uploads/" | tr -d '\r' | sed -n 's/^location: //Ip')
		[[ $location == /v2/team/path/blobs/uploads/* ]]
		location=$(curl -D - -o "$work/body" -X PATCH --data-binary "@$work/content" "$base$location" | tr -d '\r' | sed -n 's/^location: //Ip')
		[[ $location == /v2/team/path/blobs/uploads/* ]]
		location=$(curl -D - -o "$work/body" -X PUT "$base$location?digest=$digest" | tr -d '\r' | sed -n 's/^location: //Ip')
		[ "$location" = "/v2/team/path/blobs/$digest" ]
		curl -f "$base$location" | cmp - "$work/content"
		curl -f -X DELETE "$base$location"
		unset -f curl
	done
}
