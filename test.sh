#!/bin/bash
# Installs what is needed, builds, runs every test, and ends with one line: N passed, N failed, N skipped. Exits non-zero when one failed.
# usage: ./test.sh [--sanitize]   --sanitize: both programs and the unit tests built with AddressSanitizer and UndefinedBehaviorSanitizer
# FUZZ_SECONDS: how long each fuzzer's turn is (5). TEST_JOBS: how many system tests run side by side (the cores).
set -uo pipefail
cd "$(dirname "$0")" || exit 2

build=build
options=()
case ${1-} in
# The sanitizers make gcc warn of what is not so; the plain build holds the warnings.
--sanitize)
	build="build-asan"
	options=("-Db_sanitize=address,undefined" -Db_lundef=false -Dbuildtype=debugoptimized -Dwerror=false)
	export ASAN_OPTIONS=detect_leaks=1:abort_on_error=1 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
	;;
'') ;;
*)
	echo "usage: ./test.sh [--sanitize]" >&2
	exit 2
	;;
esac

passed=0
failed=0
skipped=0
logs=$PWD/$build/test-logs

close() {
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
	exit
}

# A step that the tests rest on: when it fails, nothing can be said of them.
need() {
	"$@" || { failed=$((failed + 1)) && echo "test.sh: failed: $*" && close; }
}

add() {
	passed=$((passed + $2)) failed=$((failed + $3)) skipped=$((skipped + $4))
	printf '%-8s %4d passed, %d failed, %d skipped  (%d s)\n' "$1:" "$2" "$3" "$4" $((SECONDS - started))
}

# Counts each function of each cmocka program; a program that ended otherwise than by its own count is one failure more.
unit() {
	started=$SECONDS
	local log=$build/meson-logs/testlog.json counts
	rm -f "$log"
	meson test -C "$build" --suite unit --no-rebuild --quiet --print-errorlogs
	counts=$(jq -rs '
		def count($word): [scan("\\[  " + $word + " *\\] ([0-9]+) test") | .[0] | tonumber] | add // 0;
		map(.result as $result | (.stdout // "") + (.stderr // "")
			| {passed: count("PASSED"), failed: count("FAILED"), skipped: count("SKIPPED")}
			| if $result != "OK" and $result != "SKIP" and .failed == 0 then .failed = 1 else . end)
		| "\(map(.passed) | add // 0) \(map(.failed) | add // 0) \(map(.skipped) | add // 0)"' "$log") || counts="0 1 0"
	# shellcheck disable=SC2086
	add unit $counts
}

# count_tap NAME FILE STATUS: adds what a TAP file says; a test that the plan promised and that gave no line has failed.
count_tap() {
	local counts
	counts=$(awk -v status="$3" '
		/^1\.\.[0-9]+/ { plan = substr($1, 4) }
		/^ok .*# skip/ { skip++; next }
		/^ok / { ok++ }
		/^not ok / { bad++ }
		END {
			if (plan > ok + bad + skip) bad += plan - ok - bad - skip
			if (status != 0 && bad == 0) bad = 1
			print ok + 0, bad + 0, skip + 0
		}' "$2")
	# What did not pass is shown: a failure with all that it said, a skip with its reason.
	awk '/^not ok / { show = 1 } /^ok / { show = 0 } show || /# skip/' "$2"
	# shellcheck disable=SC2086
	add "$1" $counts
}

# tap NAME COMMAND...
tap() {
	local name=$1
	shift
	started=$SECONDS
	"$@" >"$logs/$name.tap" 2>"$logs/$name.err"
	local status=$?
	[ $status -eq 0 ] || tail -n 20 "$logs/$name.err"
	count_tap "$name" "$logs/$name.tap" $status
}

need scripts/deps test
[ -e $build/build.ninja ] || need meson setup $build "${options[@]}"
need ninja -C $build
mkdir -p "$logs"

export NARU_BUILD=$PWD/$build BATS_TEST_TIMEOUT=${BATS_TEST_TIMEOUT:-300}
unit
tap layers bats --tap tests/layers

# Files that say "# runs alone" in their head measure memory or time: they get the machine for themselves.
mapfile -t beside < <(grep -L '^# runs alone' tests/system/*.bats 2>/dev/null)
mapfile -t alone < <(grep -l '^# runs alone' tests/system/*.bats 2>/dev/null)
[ ${#beside[@]} -eq 0 ] || tap system bats --tap --jobs "${TEST_JOBS:-$(nproc)}" "${beside[@]}"
[ ${#alone[@]} -eq 0 ] || tap alone bats --tap "${alone[@]}"

tap conformance tests/conformance/run --tap
[ ! -x tests/fuzz/run ] || tap fuzz tests/fuzz/run "${FUZZ_SECONDS:-5}"
close
