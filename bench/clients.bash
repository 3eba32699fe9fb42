# The work that servers are measured by. Each is a measurer for turns: its first argument is the server, what it prints are fields.

# asked SERVER PATH [SCRIPT]: GETs on 64 connections by wrk; the script draws the paths where there is one. One connection where $connections says so.
asked() {
	local report script=()
	[ -z "${3-}" ] || script=(-s "$3")
	report=$(wrk -t "$((${connections:-64} > 1 ? 2 : 1))" -c "${connections:-64}" -d "${load_seconds}s" --latency -H "Accept: $manifest_types" "${script[@]}" \
		"${address_of[$1]}$2")
	! grep -E 'Non-2xx|Socket errors' <<<"$report" >&2 || { echo "bench: $1 $2" >&2 && return 1; }
	! grep -E '^ +0 requests in' <<<"$report" >&2 || { echo "bench: $1 $2: no answer within a turn" >&2 && return 1; }
	awk 'function ms(text) { return text * (text ~ /us$/ ? 0.001 : text ~ /ms$/ ? 1 : text ~ /m$/ ? 60000 : 1000) }
		$1 == "50%" { p50 = ms($2) }
		$1 == "99%" { p99 = ms($2) }
		/requests in/ { work = $1 }
		/^Requests\/sec/ { rate = $2 }
		END { printf "rate=%.0f p50_ms=%.2f p99_ms=%.2f work=%d", rate, p50, p99, work }' <<<"$report"
}

# loaded SERVER METHOD CONNECTIONS PATH: the same by bench/load, for what wrk cannot do: HEAD, and PUSH of small blobs.
loaded() {
	local result
	result=$("$load" "$2" "${address_of[$1]}" "$3" "$load_seconds" "$4")
	# shellcheck disable=SC2086
	set -- "$1" $result
	[ "$5" = 0 ] || { echo "bench: $1: $5 requests failed" >&2 && return 1; }
	echo "rate=$2 p50_ms=$3 p99_ms=$4 work=$6"
}

# side_by_side COUNT COMMAND...: "COMMAND NUMBER" for each number from 0, at once.
side_by_side() {
	local count=$1 pids=() i
	shift
	for ((i = 0; i < count; i++)); do
		"$@" "$i" &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i"
	done
}

# fetched SERVER COUNT TIMES PATH: COUNT clients at once, each fetching TIMES in a row.
fetched() {
	local urls=() i seconds
	for ((i = 0; i < $3; i++)); do
		urls+=(-o /dev/null "${address_of[$1]}$4")
	done
	fetch() {
		curl -sfk "${urls[@]}"
	}
	seconds=$(timed side_by_side "$2" fetch)
	echo "s=$(calculate "$seconds / $3" %.3f) work=$(($2 * $3))"
}

# Files of 1 GiB that do not compress, in $contents with their digests in $content_digests: as many as asked for, each new to every server.
contents_make() {
	local i
	gigabyte_make
	contents=()
	for ((i = 0; i < $1; i++)); do
		contents+=("$work/content-$i")
		cp "$gigabyte" "$work/content-$i"
	done
	sync
}

contents_renew() {
	local file
	renew() {
		head -c 16 /dev/urandom | dd of="${contents[$1]}" conv=notrunc status=none
		sha256sum "${contents[$1]}" | cut -d ' ' -f 1 >"${contents[$1]}.digest"
	}
	side_by_side "${#contents[@]}" renew
	content_digests=()
	for file in "${contents[@]}"; do
		content_digests+=("sha256:$(cat "$file.digest")")
	done
}

# What pushes left is taken away, so that the disk does not fill and no turn writes another's dirty pages.
contents_drop() {
	find "$work/registry" "$work/peer-registry" -type f -size +500M -delete
	sync
}

# pushed SERVER put|patch: all contents at once; "floor" is hashing and synced writing of the same.
pushed() {
	local seconds how=$2 server=$1
	push() {
		"blob_$how" "${address_of[$server]}" "bench/gigabyte-$1" "${contents[$1]}" "${content_digests[$1]}"
	}
	sync
	if [ "$server" = floor ]; then
		seconds=$("$floor" write "$work" "${contents[@]}")
	else
		seconds=$(timed side_by_side "${#contents[@]}" push)
	fi
	contents_drop
	echo "s=$seconds work=${#contents[@]}"
}

# The place that an answer's head names, whole, with a query that can be added to.
location_of() {
	local location
	location=$(tr -d '\r' | sed -n 's/^[Ll]ocation: //p')
	case $location in
	http*) ;;
	*) location=$1$location ;;
	esac
	case $location in
	*\?*) echo "$location&" ;;
	*) echo "$location?" ;;
	esac
}

# blob_put ADDRESS NAME FILE DIGEST: POST, then one PUT.
blob_put() {
	local location
	location=$(curl -sfk -X POST -o /dev/null -D - "$1/v2/$2/blobs/uploads/" | location_of "$1")
	curl -sfk -o /dev/null -H 'Content-Type: application/octet-stream' -H 'Expect:' -T "$3" "${location}digest=$4"
}

# blob_patch ADDRESS NAME FILE DIGEST: as docker does it: POST, one PATCH whose length is not told, and an empty PUT.
blob_patch() {
	local location
	location=$(curl -sfk -X POST -o /dev/null -D - "$1/v2/$2/blobs/uploads/" | location_of "$1")
	location=$(curl -sfk -X PATCH -o /dev/null -D - -H 'Content-Type: application/octet-stream' -H 'Transfer-Encoding: chunked' -H 'Expect:' -T "$3" \
		"${location%[?&]}" | location_of "$1")
	curl -sfk -X PUT -o /dev/null -d '' -H 'Content-Type: application/octet-stream' "${location}digest=$4"
}
