# The clients of artifacts: oras, cosign and helm, of the machine's cache (scripts/clients-fetch), in folders of the test's own.

# client_fetched CLIENT PROGRAM: prints the path of a program that scripts/clients-fetch has; where it cannot be had, says why and fails.
client_fetched() {
	local folder
	folder=$("$top/scripts/clients-fetch" "$1" 2>"$work/fetch-$1.log") || { tail -n 1 "$work/fetch-$1.log" && return 1; }
	echo "$folder/$2"
}

# needs_client CLIENT PROGRAM: sets $client_program, or skips the test with the reason.
needs_client() {
	client_program=$(client_fetched "$1" "$2") || skip "$1 could not be fetched: $client_program"
}

# What a client finds in its home is the test's; the cache stays the machine's.
artifacts_setup() {
	export XDG_CACHE_HOME=${XDG_CACHE_HOME:-$HOME/.cache} HOME=$work/home COSIGN_PASSWORD=''
	export HELM_CONFIG_HOME=$work/helm/config HELM_CACHE_HOME=$work/helm/cache HELM_DATA_HOME=$work/helm/data
	mkdir -p "$HOME"
}

# oras COMMAND...; "oras cp" has a flag for each side, which its caller gives.
oras() {
	if [ "$1" = cp ]; then
		"${host_enter[@]}" "$oras_program" "$@"
	else
		"${host_enter[@]}" "$oras_program" "$@" "${oras_flags[@]---plain-http}"
	fi
}

needs_oras() {
	needs_client oras oras
	oras_program=$client_program
}

# needs_cosign MAJOR: 2 writes tags, 3 writes referrers. Neither asks a server other than the registry.
needs_cosign() {
	needs_client "cosign$1" cosign
	cosign_program=$client_program
	cosign_flags=()
	[ "$1" = 2 ] || cosign_flags=(--use-signing-config=false)
	"$cosign_program" generate-key-pair --output-key-prefix "$work/cosign"
}

# cosign_sign OPTION... IMAGE; cosign_attest OPTION... IMAGE
cosign_sign() {
	"${host_enter[@]}" "$cosign_program" sign --key "$work/cosign.key" --tlog-upload=false --allow-http-registry -y "${cosign_flags[@]}" "$@"
}
cosign_attest() {
	"${host_enter[@]}" "$cosign_program" attest --key "$work/cosign.key" --tlog-upload=false --allow-http-registry -y "${cosign_flags[@]}" "$@"
}

# cosign_verify COMMAND OPTION... IMAGE: by a public key alone (verify, verify-attestation).
cosign_verify() {
	local command=$1
	shift
	"${host_enter[@]}" "$cosign_program" "$command" --key "${cosign_key-$work/cosign.pub}" --insecure-ignore-tlog=true --allow-http-registry "$@"
}

needs_helm() {
	needs npm
	needs_client helm helm
	helm_program=$client_program
}

helm() {
	"${host_enter[@]}" "$helm_program" "$@"
}
