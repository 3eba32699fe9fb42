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
