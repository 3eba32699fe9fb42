# The tool's image commands: docker's words on the same work, images that go both ways between the two, content that is not what it says, and
# processes that run at once or end in the middle.

load lib/common
load lib/peers

setup() {
	common_setup
	registry_or_peer_start
	name=$registry/team/small:1.0
}

# small_archive: two layers of folders and a label, as a docker archive; sets $archive. Quick, unlike images of packages.
small_archive() {
	mkdir -p "$work/one/etc" "$work/two/data"
	echo one >"$work/one/etc/one"
	head -c 200000 /dev/urandom >"$work/two/data/random"
	archive=$work/small.tar
	"$top/scripts/image-build" --name naru-test/small:1 --config '{"Cmd":["/bin/sh"],"Env":["A=1"],"Labels":{"team":"web"}}' "$archive" \
		"$work/one" "$work/two"
}

# What docker says, made comparable: its daemon is not there.
without_daemon() {
	sed 's/^Error response from daemon: /Error: /; s/no such image: nosuch: //'
}

# same_words ARGS...: both programs say the same, on the same streams, with the same exit code.
same_words() {
	local docker_code=0 naru_code=0
	docker "$@" >"$work/docker.out" 2>"$work/docker.err" || docker_code=$?
	"$naru" "$@" >"$work/naru.out" 2>"$work/naru.err" || naru_code=$?
	without_daemon <"$work/docker.err" >"$work/docker.err.plain"
	sed 's/\bdocker\b/naru/g' "$work/docker.err.plain" >"$work/docker.err.naru"
	diff "$work/docker.out" "$work/naru.out"
	diff "$work/docker.err.naru" "$work/naru.err"
	[ "$docker_code" -eq "$naru_code" ] || { echo "$*: docker exits with $docker_code, naru with $naru_code" && return 1; }
}

# The states of layers come in no fixed order among each other, a layer's own do: sorted by layer, the sort being stable.
by_layer() {
	sort -s -k 1,1
}

@test "pull, push, tag, rmi and images speak as docker does" {
	docker_program_of 28
	dockerd_start
	small_archive
	docker load -q -i "$archive" && docker tag naru-test/small:1 "$name"
	docker push "$name"
	docker rmi naru-test/small:1 "$name"

	docker pull "$name" | by_layer >"$work/docker.pull"
	"$naru" pull "$name" | by_layer >"$work/naru.pull"
	# docker tells a watcher the state that is there when it looks (moby, distribution/xfer: a signal, then the last progress): one that is over at
	# once may be missing there. naru says each.
	[ "$(grep -c ': Verifying Checksum$' "$work/naru.pull")" -eq 2 ]
	{ diff "$work/docker.pull" "$work/naru.pull" || :; } | sed -E '/^[0-9,]+a[0-9,]+$/d; /^> [0-9a-f]{12}: Verifying Checksum$/d' >"$work/differences"
	cat "$work/differences" && [ ! -s "$work/differences" ]
	same_words pull "$name"
	same_words pull -q "$name"

	same_words images --format '{{.Repository}} {{.Tag}} {{.ID}} {{.Digest}} {{.CreatedAt}} {{.Size}}'
	same_words images --digests
	same_words images -q --no-trunc
	same_words images "$registry/*/*"
	same_words images nosuch
	same_words images --filter label=team=web -q
	same_words image inspect -f '{{.Id}} {{.RepoTags}} {{.RepoDigests}} {{json .RootFS.Layers}} {{.Architecture}} {{.Size}} {{.Created}}' "$name"
	same_words image inspect -f '{{range .Config.Env}}{{println .}}{{end}}{{index .Config.Labels "team"}}' "$name"

	same_words tag "$name" "$registry/team/other:2"
	docker push "$registry/team/other:2" | by_layer >"$work/docker.push"
	"$naru" push "$registry/team/other:2" | by_layer >"$work/naru.push"
	diff <(sed 's/Mounted from team.small/Layer already exists/' "$work/docker.push") "$work/naru.push"
	same_words push "$registry/team/other"
	same_words push "$registry/team/nosuch"
	same_words rmi "$name"
	same_words rmi "$registry/team/other:2"
	same_words images

	"$naru" pull -q "$name" && "$naru" tag "$name" "$registry/team/small:two" && "$naru" push -q "$registry/team/small:two"
	"$naru" rmi "$name" "$registry/team/small:two"
	docker pull -a "$registry/team/small" >"$work/docker.all"
	"$naru" pull -a "$registry/team/small" >"$work/naru.all"
	diff <(grep -v '^[0-9a-f]\{12\}: ' "$work/docker.all") <(grep -v '^[0-9a-f]\{12\}: ' "$work/naru.all")
	[ "$(grep -c 'Pulling from team/small$' "$work/naru.all")" -eq 2 ]
	[ "$("$naru" images -q "$registry/team/small" | wc -l)" -eq 2 ]
	same_words pull --all-tags "$registry/team/small"
	same_words pull -aq "$registry/team/small"
}

@test "what is wrong is refused in docker's words" {
	docker_program_of 28
	dockerd_start
	small_archive
	docker load -q -i "$archive" && docker tag naru-test/small:1 "$name" && docker push "$name"
	"$naru" pull -q "$name"
	docker rmi naru-test/small:1

	same_words pull "$registry/team/small:nosuch"
	same_words pull "$registry/team/Small"
	same_words pull --frob "$name"
	same_words pull -a "$name"
	same_words pull -a "$registry/team/nosuch"
	same_words push "$registry/team/nosuch:1"
	same_words tag nosuch "$name"
	same_words tag "$name" A:b
	same_words tag "$name"
	same_words rmi nosuch
	same_words rmi
	same_words image inspect nosuch
	same_words inspect nosuch
	same_words images a b c -f
	same_words images --format '{{.Nosuch}}'
	same_words images --format '{{.ID'
	same_words image inspect -f '{{.Nosuch}}' "$name"
	same_words image frob
	same_words frob
}

@test "an image keeps its ID and its digest whoever pushes it" {
	docker_program_of 20
	dockerd_start
	small_archive
	"$naru" load -i "$archive"
	"$naru" tag naru-test/small:1 "$name"
	"$naru" push "$name"
	"$naru" push "$name" | grep -c 'Layer already exists' | grep -qx 2
	docker pull -q "$name"
	[ "$(docker image inspect -f '{{.Id}}' "$name")" = "$("$naru" image inspect -f '{{.Id}}' "$name")" ]

	docker tag "$name" "$registry/docker/small:2" && docker push "$registry/docker/small:2"
	digest=$(docker image inspect -f '{{index .RepoDigests 0}}' "$registry/docker/small:2")
	"$naru" pull "$registry/docker/small:2"
	"$naru" tag "$registry/docker/small:2" "$registry/naru/small:3"
	run "$naru" push "$registry/naru/small:3"
	[[ $output == *"Mounted from "* ]]
	docker image inspect -f '{{range .RepoDigests}}{{println .}}{{end}}' "$name" >"$work/digests"
	"$naru" image inspect -f '{{range .RepoDigests}}{{println .}}{{end}}' "$registry/naru/small:3" >>"$work/digests"
	grep -F "${digest##*@}" "$work/digests"
}

@test "load reads docker's archives and OCI layouts, plain and compressed, from a file and from a pipe" {
	needs skopeo
	small_archive
	id=sha256:$(tar -xOf "$archive" manifest.json | jq -r '.[0].Config' | grep -oE '[0-9a-f]{64}')
	[ "$("$naru" load -i "$archive")" = "Loaded image: naru-test/small:1" ]
	[ "$("$naru" image inspect -f '{{.Id}}' naru-test/small:1)" = "$id" ]
	"$naru" rmi naru-test/small:1

	gzip -k "$archive"
	[ "$("$naru" load <"$archive.gz")" = "Loaded image: naru-test/small:1" ]
	"$naru" rmi naru-test/small:1

	skopeo copy -q "docker-archive:$archive" "oci-archive:$work/layout.tar:naru-test/small:2"
	[ "$("$naru" load -i "$work/layout.tar")" = "Loaded image: naru-test/small:2" ]
	[ "$("$naru" image inspect -f '{{json .RootFS.Layers}}' naru-test/small:2)" = "$(tar -xOf "$archive" "${id#sha256:}.json" | jq -c .rootfs.diff_ids)" ]
	"$naru" rmi naru-test/small:2

	echo nonsense >"$work/nonsense"
	run "$naru" load -i "$work/nonsense"
	[ "$status" -eq 1 ]
	[ -z "$("$naru" images -q)" ]
}

@test "an archive that reaches outside leaves everything there as it is" {
	mkdir -p "$work/evil"
	echo '[{"Config":"../../../../../../etc/passwd","RepoTags":["evil:1"],"Layers":["../layer.tar"]}]' >"$work/evil/manifest.json"
	(cd "$work/evil" && ln -s /etc/passwd config && ln -s /etc layer && tar -cf "$work/evil.tar" -P --transform 's,^config,../../config,' manifest.json config layer)
	run "$naru" load -i "$work/evil.tar"
	[ "$status" -eq 1 ]
	echo '[{"Config":"config","RepoTags":["evil:1"],"Layers":["layer/passwd"]}]' >"$work/evil/manifest.json"
	(cd "$work/evil" && tar -cf "$work/evil2.tar" manifest.json config layer)
	run "$naru" load -i "$work/evil2.tar"
	[ "$status" -eq 1 ]
	[[ $output == *"archive has no config"* ]]
	[ -z "$("$naru" images -q)" ]
}

# registry_blob DIGEST: the file that docker-registry keeps it in.
peer_blob() {
	echo "$work/peer-registry/docker/registry/v2/blobs/sha256/${1:7:2}/${1:7}/data"
}

# peer_small_push: the small image lies in docker-registry alone, whose files can be damaged; sets $name, and $manifest to its manifest.
peer_small_push() {
	peer_registry_start
	small_archive
	name=$peer_registry/team/small:1.0
	"$naru" load -q -i "$archive" && "$naru" tag naru-test/small:1 "$name" && "$naru" push "$name"
	manifest=$(curl -sf -H 'Accept: application/vnd.docker.distribution.manifest.v2+json' "http://$peer_registry/v2/team/small/manifests/1.0")
	"$naru" rmi naru-test/small:1 "$name"
}

@test "a layer with a wrong digest is never stored" {
	peer_small_push
	layer=$(jq -r '.layers[1].digest' <<<"$manifest")
	cp "$(peer_blob "$layer")" "$work/whole"
	# One bit, near the end: the gzip stream stays readable up to there.
	python3 - "$(peer_blob "$layer")" <<-'PYTHON'
		import sys
		with open(sys.argv[1], "r+b") as f:
		    f.seek(-5000, 2)
		    byte = f.read(1)
		    f.seek(-1, 1)
		    f.write(bytes([byte[0] ^ 1]))
	PYTHON
	fails_with 1 "filesystem layer verification failed for digest $layer" "$naru" pull "$name"
	[ -z "$("$naru" images -q)" ]
	[ "$(find "$NARU_HOME/staging" -mindepth 1 | wc -l)" -eq 0 ]
	[ "$(find "$NARU_HOME/layers/sha256" -mindepth 1 -maxdepth 1 | wc -l)" -le 1 ]

	cp "$work/whole" "$(peer_blob "$layer")"
	"$naru" pull "$name"
	cmp "$work/two/data/random" "$("$naru" image inspect -f '{{.GraphDriver.Data.UpperDir}}' "$name")/data/random"
}

@test "a configuration with a wrong digest is never stored" {
	peer_small_push
	config=$(jq -r '.config.digest' <<<"$manifest")
	# Still a configuration, of the same length.
	sed -i 's/amd64/amd46/' "$(peer_blob "$config")"
	fails_with 1 "image config verification failed for digest $config" "$naru" pull "$name"
	[ -z "$("$naru" images -q)" ]
	sed -i 's/amd46/amd64/' "$(peer_blob "$config")"
	"$naru" pull "$name"
}

@test "a layer that is not what the configuration says is never stored" {
	needs skopeo
	small_archive
	mkdir "$work/layout"
	skopeo copy -q "docker-archive:$archive" "oci:$work/layout:1"
	python3 - "$work/layout" <<-'PYTHON'
		import hashlib, json, os, sys
		root = sys.argv[1]
		blob = lambda d: os.path.join(root, "blobs", *d.split(":"))
		def put(document):
		    data = json.dumps(document).encode()
		    digest = "sha256:" + hashlib.sha256(data).hexdigest()
		    open(blob(digest), "wb").write(data)
		    return digest, len(data)
		index = json.load(open(os.path.join(root, "index.json")))
		manifest = json.load(open(blob(index["manifests"][0]["digest"])))
		config = json.load(open(blob(manifest["config"]["digest"])))
		config["rootfs"]["diff_ids"][1] = "sha256:" + "ab" * 32
		manifest["config"]["digest"], manifest["config"]["size"] = put(config)
		index["manifests"][0]["digest"], index["manifests"][0]["size"] = put(manifest)
		json.dump(index, open(os.path.join(root, "index.json"), "w"))
	PYTHON
	skopeo copy -q --dest-tls-verify=false "oci:$work/layout:1" "docker://$name"
	fails_with 1 "filesystem layer verification failed for digest sha256:" "$naru" pull "$name"
	[ -z "$("$naru" images -q)" ]
	tar -C "$work/layout" -cf "$work/layout.tar" .
	fails_with 1 "filesystem layer verification failed for digest sha256:" "$naru" load -i "$work/layout.tar"
	[ -z "$("$naru" images -q)" ]
}

@test "the variant for this machine is taken out of an index, another when it is asked for" {
	needs skopeo
	layout=$(image platforms)
	skopeo copy -q --all --preserve-digests --dest-tls-verify=false "oci:$layout:1" "docker://$registry/team/platforms:1"
	"$naru" pull "$registry/team/platforms:1"
	[ "$("$naru" image inspect -f '{{.Architecture}}' "$registry/team/platforms:1")" = "$(dpkg --print-architecture)" ]
	"$naru" pull --platform linux/arm64 "$registry/team/platforms:1"
	[ "$("$naru" image inspect -f '{{.Architecture}}' "$registry/team/platforms:1")" = arm64 ]
	fails_with 1 "no matching manifest for linux/s390x in the manifest list entries" "$naru" pull --platform linux/s390x "$registry/team/platforms:1"
}

# A layer that takes a while: 96 MiB that do not compress.
large_push() {
	mkdir -p "$work/large"
	head -c 100663296 /dev/urandom >"$work/large/random"
	"$top/scripts/image-build" --name naru-test/large:1 "$work/large.tar" "$work/large"
	NARU_HOME=$work/other "$naru" load -q -i "$work/large.tar"
	NARU_HOME=$work/other "$naru" tag naru-test/large:1 "$registry/team/large:1"
	NARU_HOME=$work/other "$naru" push -q "$registry/team/large:1"
}

# registry_stalls: from here on $registry is reached through a proxy that holds a layer up after 50 MiB while $work/stall exists.
registry_stalls() {
	local front
	front=127.0.0.1:$(port_free)
	process_start stall-proxy "$top/tests/system/lib/stall-proxy" "$front" "$registry" 52428800 "$work/stall"
	registry=$front
	wait_for 20 http_answers "http://$registry/v2/"
}

@test "pulls of one image at once do each other no harm" {
	large_push
	for i in 1 2 3 4; do
		process_start "pull$i" "$naru" pull "$registry/team/large:1"
	done
	for i in 1 2 3 4; do
		wait_for 60 process_gone "$(process_pid "pull$i")"
		grep -q '^Status: ' "$work/pull$i.log"
	done
	[ "$("$naru" images -q | wc -l)" -eq 1 ]
	cmp "$work/large/random" "$("$naru" image inspect -f '{{.GraphDriver.Data.UpperDir}}' "$registry/team/large:1")/random"
	[ "$(find "$NARU_HOME/staging" -mindepth 1 | wc -l)" -eq 0 ]
}

staging_used() {
	[ -n "$(find "$NARU_HOME/staging" -mindepth 2 -name random 2>/dev/null)" ]
}

@test "a pull that is killed leaves nothing visible, and the next one succeeds" {
	registry_stalls
	large_push
	touch "$work/stall"
	process_start pull "$naru" pull "$registry/team/large:1"
	wait_for 20 staging_used
	process_end pull KILL
	rm "$work/stall"
	[ -z "$("$naru" images -q)" ]
	"$naru" pull "$registry/team/large:1"
	[ "$(find "$NARU_HOME/staging" -mindepth 1 | wc -l)" -eq 0 ]
	cmp "$work/large/random" "$("$naru" image inspect -f '{{.GraphDriver.Data.UpperDir}}' "$registry/team/large:1")/random"
}

# Where the bytes of a layer are while they come.
uploads_over() {
	[ -n "$(find "$NARU_HOME/uploads" -size "+$1" 2>/dev/null)" ]
}

@test "a pull that broke off goes on where it ended, unless what is left of it has been damaged" {
	[ "${TEST_REGISTRY-}" != peer ] || skip "the log of naru-registry says what was sent"
	registry_stalls
	large_push
	for damage in no yes; do
		touch "$work/stall"
		process_start pull "$naru" pull "$registry/team/large:1"
		wait_for 20 uploads_over 40M
		process_end pull KILL
		rm "$work/stall"
		[ $damage = no ] || printf damaged | dd of="$(find "$NARU_HOME/uploads" -type f)" bs=1 seek=1000000 conv=notrunc status=none
		: >"$work/registry.log"
		"$naru" pull -q "$registry/team/large:1"
		cmp "$work/large/random" "$("$naru" image inspect -f '{{.GraphDriver.Data.UpperDir}}' "$registry/team/large:1")/random"
		[ "$(grep -c 'status=206' "$work/registry.log")" -eq 1 ]
		[ "$(find "$NARU_HOME/uploads" -type f | wc -l)" -eq 0 ]
		"$naru" rmi "$registry/team/large:1"
	done
}

@test "Ctrl-C ends a pull with 130 and leaves the store whole" {
	registry_stalls
	large_push
	touch "$work/stall"
	# In a process group of its own: a shell's background jobs ignore the signal.
	python3 - "$naru" "$registry/team/large:1" "$NARU_HOME/staging" >"$work/interrupted" <<-'PYTHON'
		import os, signal, subprocess, sys, time
		pull = subprocess.Popen([sys.argv[1], "pull", sys.argv[2]], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
		                        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
		deadline = time.monotonic() + 20
		while time.monotonic() < deadline and not any("random" in files for _, _, files in os.walk(sys.argv[3])):
		    time.sleep(0.002)
		pull.send_signal(signal.SIGINT)
		said = pull.communicate(timeout=20)[1].decode()
		print(pull.returncode, repr(said))
	PYTHON
	rm "$work/stall"
	[ "$(cat "$work/interrupted")" = "130 ''" ]
	[ -z "$("$naru" images -q)" ]
	[ "$(find "$NARU_HOME/staging" -mindepth 1 | wc -l)" -eq 0 ]
	"$naru" pull -q "$registry/team/large:1"
}

@test "a full disk fails the pull with its reason, and leaves nothing" {
	needs_root
	large_push
	mkdir "$work/tmpfs" && mount -t tmpfs -o size=64m tmpfs "$work/tmpfs"
	mkdir "$work/zeros" && truncate -s 200000000 "$work/zeros/file"
	"$top/scripts/image-build" --name naru-test/zeros:1 "$work/zeros.tar" "$work/zeros"
	"$naru" load -q -i "$work/zeros.tar" && "$naru" tag naru-test/zeros:1 "$registry/team/zeros:1" && "$naru" push -q "$registry/team/zeros:1"
	export NARU_HOME=$work/tmpfs/naru
	# The one is seen before it begins, the other on the way.
	fails_with 1 "no space left on device: 201" "$naru" pull "$registry/team/large:1"
	fails_with 1 "no space left on device" "$naru" pull "$registry/team/zeros:1"
	[ -z "$("$naru" images -q)" ]
	[ "$(find "$NARU_HOME/staging" "$NARU_HOME/layers/sha256" -mindepth 1 | wc -l)" -eq 0 ]
}

@test "lists line up with Korean, and templates of users work" {
	mkdir -p "$work/one" && echo 1 >"$work/one/f"
	"$top/scripts/image-build" --name naru-test/label:1 --config '{"Labels":{"팀":"웹"}}' "$work/label.tar" "$work/one"
	"$naru" load -q -i "$work/label.tar"
	[ "$("$naru" images --format 'table {{.Repository}}\t{{.Tag}}')" = "$(printf 'REPOSITORY        TAG\nnaru-test/label   1')" ]
	[ "$("$naru" image inspect -f '{{index .Config.Labels "팀"}}' naru-test/label:1)" = 웹 ]
	[ "$("$naru" images --format json | jq -r .Repository)" = naru-test/label ]
}
