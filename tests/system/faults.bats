# Kills and power cuts while images are pushed; the long turn is `make soak`.

load lib/common

@test "what was answered with 201 is there after kills and power cuts, and nothing half is visible" {
	run env NARU_BUILD="$NARU_BUILD" "$top/tests/faults/run" --kills 3 --cuts 3
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *" lost 0 halves 0 "* ]]
}

@test "the same without syncs loses: the test can see a loss" {
	run env NARU_BUILD="$NARU_BUILD" "$top/tests/faults/run" --kills 0 --cuts 2 --nosync
	echo "$output"
	[ "$status" -eq 1 ]
	[[ $output == *"everything is lost"* || $output =~ lost\ [1-9] ]]
}

# pushed FILE: what the server did for a push of FILE as a blob, in order. The names in it: content, name, folder, row, answer.
pushed() {
	local digest
	digest=sha256:$(sha256sum "$1" | cut -d ' ' -f 1)
	: >"$work/record"
	[ "$(curl -s -o /dev/null -w '%{http_code}' -H 'Content-Type: application/octet-stream' --data-binary "@$1" \
		"http://$registry/v2/team/order/blobs/uploads/?digest=$digest")" = 201 ]
	sed -E "s|^sync $work/registry/uploads/[0-9a-f-]+$|content|
		s|^rename $work/registry/blobs/sha256/../[0-9a-f]+$|name|
		s|^sync $work/registry/blobs/sha256/..$|folder|
		s|^sync $work/registry/registry.db-wal$|row|
		s|^answer 201$|answer|" "$work/record" | uniq | tr '\n' ' '
}

@test "a push is answered when content, its name, its folder and its row are on the disk, in that order" {
	export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0
	LD_PRELOAD=$NARU_BUILD/tests/faults/record.so NARU_RECORD=$work/record registry_start
	head -c 100000 /dev/urandom >"$work/large"
	head -c 2000 /dev/urandom >"$work/small"
	run pushed "$work/large"
	[ "$output" = "content name folder row answer " ] || { echo "large: $output" && false; }
	run pushed "$work/small"
	[ "$output" = "row answer " ] || { echo "small: $output" && false; }
}
