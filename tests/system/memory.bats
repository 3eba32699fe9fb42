# runs alone: it measures memory while eight gigabytes move at once.
# What a transfer takes in memory is bounded, whatever its size: the registry stays under 64 MB with eight 1 GiB layers at once in each direction, the
# tool under 64 MB for a pull of one.

load lib/common

limit_kb=65536

setup() {
	common_setup
	registry_start
	layout=$(image gigabyte)
	manifest_digest=$(jq -r '.manifests[0].digest' "$layout/index.json")
	manifest=$layout/blobs/sha256/${manifest_digest#sha256:}
	layer_digest=$(jq -r '.layers[0].digest' "$manifest")
	layer=$layout/blobs/sha256/${layer_digest#sha256:}
}

# highest PID: the most that it ever had resident, in kB.
highest() {
	awk '/^VmHWM:/ { print $2 }' "/proc/$1/status"
}

# push NUMBER: the layer as a blob of a repository of its own, in one PUT; prints the status.
push() {
	local location
	location=$(curl -sf -X POST -o /dev/null -D - "http://$registry/v2/team/memory$1/blobs/uploads/" | tr -d '\r' | sed -n 's/^[Ll]ocation: //p')
	[[ $location == http* ]] || location=http://$registry$location
	[[ $location == *\?* ]] && location+='&' || location+='?'
	curl -s -o /dev/null -w '%{http_code}' -H 'Content-Type: application/octet-stream' -H 'Expect:' -T "$layer" "${location}digest=$layer_digest" \
		>"$work/push.$1"
}

pull() {
	curl -sf "http://$registry/v2/team/memory$1/blobs/$layer_digest" | cmp - "$layer" && echo same >"$work/pull.$1"
}

# at_once COMMAND: eight times side by side.
at_once() {
	local pids=() number
	for number in 1 2 3 4 5 6 7 8; do
		"$1" $number 3>&- &
		pids+=($!)
	done
	wait "${pids[@]}"
}

@test "eight pushes, then eight pulls of a 1 GiB layer at once: the registry stays under 64 MB" {
	at_once push
	[ "$(cat "$work"/push.*)" = 201201201201201201201201 ]
	at_once pull
	[ "$(cat "$work"/pull.* | grep -c same)" -eq 8 ]
	echo "highest resident: $(highest "$(process_pid registry)") kB"
	[ "$(highest "$(process_pid registry)")" -lt $limit_kb ]
}

@test "a pull of an image with a 1 GiB layer: the tool stays under 64 MB" {
	needs skopeo
	skopeo copy -q --dest-tls-verify=false "oci:$layout:1" "docker://$registry/team/memory:1"
	# The pull is this shell's child, so that what it used can be read when it has ended.
	python3 - "$naru" pull "$registry/team/memory:1" >"$work/used" <<-'PYTHON'
		import resource, subprocess, sys
		status = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
		print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss if status == 0 else "status %d" % status)
	PYTHON
	echo "highest resident: $(cat "$work/used") kB"
	[ "$(cat "$work/used")" -lt $limit_kb ]
}
