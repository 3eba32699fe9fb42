# The real clients and servers, each in folders of the test's own, so that nothing of the machine's is touched and tests can run side by side.
# Each client has the same five commands (client_X_load, _push NAME, _remove NAME, _pull NAME, _run NAME COMMAND...), for tests that go over all.
# They run where host_enter says (lib/host.bash): on this machine unless a test has made a host.

host_enter=()
# How podman, buildah and skopeo take a registry's certificate: a flag of theirs without its dashes.
tls_flag=tls-verify=false

# docker-registry, the registry that naru-registry is measured against; sets $peer_registry.
peer_registry_start() {
	peer_registry=127.0.0.1:$(port_free)
	cat >"$work/peer-registry.yml" <<-YAML
		version: 0.1
		log: {level: error, accesslog: {disabled: true}}
		storage: {filesystem: {rootdirectory: $work/peer-registry}, delete: {enabled: true}}
		http: {addr: $peer_registry}
	YAML
	process_start peer-registry docker-registry serve "$work/peer-registry.yml"
	wait_for 20 http_answers "http://$peer_registry/v2/"
}

# registry_or_peer_start: naru-registry; or docker-registry where TEST_REGISTRY=peer asks whether a failure is the test's own. Sets $registry.
registry_or_peer_start() {
	if [ "${TEST_REGISTRY-}" = peer ]; then
		peer_registry_start
		registry=$peer_registry
	else
		registry_start
	fi
}

# Debian's dockerd in folders of its own, without bridge and without a rule in the machine's firewall; dockerd_start OPTION... for other networks.
dockerd_start() {
	needs_root
	needs dockerd
	[ $# -gt 0 ] || set -- --bridge=none --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false
	docker_socket=$work/docker.sock
	process_start dockerd "${host_enter[@]}" dockerd --data-root "$work/dockerd" --exec-root "$work/dockerd-exec" --pidfile "$work/dockerd.pid" \
		-H "unix://$docker_socket" "$@"
	wait_for 60 test -S "$docker_socket" && wait_for 30 docker_answers || { tail -n 20 "$work/dockerd.log" >&2 && return 1; }
}

docker_answers() {
	docker version >/dev/null 2>&1
}

# The command line is Debian's own (20.10) unless docker_program_of chose another.
docker() {
	DOCKER_HOST=unix://$docker_socket "${docker_program:-/usr/bin/docker}" "$@"
}

# docker_program_of VERSION: sets $docker_program to an installed command line of that major version, or skips.
docker_program_of() {
	local candidate
	for candidate in /usr/bin/docker /usr/local/bin/docker; do
		if [ -x "$candidate" ] && [[ $("$candidate" --version) == "Docker version $1."* ]]; then
			docker_program=$candidate
			return 0
		fi
	done
	skip "no docker command line of version $1 is installed"
}

client_docker_load() {
	docker load -q -i "$1"
}
client_docker_tag() {
	docker tag "$1" "$2"
}
client_docker_push() {
	docker push "$1"
}
client_docker_remove() {
	docker image rm "$@"
}
client_docker_pull() {
	docker pull "$1"
}
client_docker_run() {
	docker run --rm --network none "$@"
}
client_docker_id() {
	docker image inspect -f '{{.Id}}' "$1"
}

podman() {
	printf '[network]\nnetwork_backend = "netavark"\n' >"$work/containers.conf"
	CONTAINERS_CONF=$work/containers.conf command "${host_enter[@]}" podman --root "$work/podman" --runroot "$work/podman-run" --tmpdir "$work/podman-tmp" --storage-driver overlay \
		--cgroup-manager cgroupfs --events-backend none --runtime runc "$@"
}

client_podman_load() {
	podman load -q -i "$1"
}
client_podman_tag() {
	podman tag "$1" "$2"
}
client_podman_push() {
	podman push -q "--$tls_flag" "$1"
}
client_podman_remove() {
	podman image rm "$@"
}
client_podman_pull() {
	podman pull -q "--$tls_flag" "$1"
}
# The limits: podman's own wish is above what a machine without CAP_SYS_RESOURCE allows.
podman_run() {
	podman run --rm --ulimit nofile=1024:1024 --ulimit nproc=4096:4096 "$@"
}
client_podman_run() {
	podman_run --network none "$@"
}
client_podman_id() {
	podman image inspect -f 'sha256:{{.Id}}' "$1"
}

buildah() {
	command "${host_enter[@]}" buildah --root "$work/buildah" --runroot "$work/buildah-run" --storage-driver overlay "$@"
}

client_buildah_load() {
	buildah pull -q "docker-archive:$1"
}
client_buildah_tag() {
	buildah tag "$1" "$2"
}
client_buildah_push() {
	buildah push -q "--$tls_flag" "$1"
}
client_buildah_remove() {
	buildah rmi "$@"
}
client_buildah_pull() {
	buildah pull -q "--$tls_flag" "$1"
}
client_buildah_run() {
	local container
	container=$(buildah from --pull-never "$1")
	shift
	buildah run --isolation chroot "$container" -- "$@"
	buildah rm "$container" >/dev/null
}
client_buildah_id() {
	buildah inspect --type image -f 'sha256:{{.FromImageID}}' "$1"
}

skopeo() {
	command "${host_enter[@]}" skopeo "$@"
}

# skopeo stores in a folder and runs nothing: what it pulled, podman runs.
client_skopeo_load() {
	mkdir -p "$work/skopeo" && cp "$1" "$work/skopeo/archive.tar"
}
client_skopeo_tag() {
	echo "$1" >"$work/skopeo/name"
}
client_skopeo_push() {
	skopeo copy -q "--dest-$tls_flag" "docker-archive:$work/skopeo/archive.tar" "docker://$1"
}
client_skopeo_remove() {
	rm -rf "$work/skopeo"
}
client_skopeo_pull() {
	skopeo copy -q "--src-$tls_flag" "docker://$1" "dir:$work/skopeo"
}
client_skopeo_run() {
	shift
	client_podman_run "$(podman pull -q "dir:$work/skopeo")" "$@"
}
client_skopeo_id() {
	jq -r .config.digest "$work/skopeo/manifest.json"
}

# naru as one client among them.
client_naru_load() {
	"${host_enter[@]}" "$naru" load -i "$1"
}
client_naru_tag() {
	"${host_enter[@]}" "$naru" tag "$1" "$2"
}
client_naru_push() {
	"${host_enter[@]}" "$naru" push "$1"
}
client_naru_remove() {
	"${host_enter[@]}" "$naru" image rm "$@"
}
client_naru_pull() {
	"${host_enter[@]}" "$naru" pull "$1"
}
client_naru_run() {
	"${host_enter[@]}" "$naru" run --rm --network none "$@"
}
client_naru_id() {
	"${host_enter[@]}" "$naru" image inspect -f '{{.Id}}' "$1"
}
