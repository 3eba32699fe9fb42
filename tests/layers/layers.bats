# The tree keeps its layers, and the check that says so can fail: each rule is broken once, in a small tree of its own.

setup() {
	layers=$BATS_TEST_DIRNAME
	tree=$(mktemp -d)
	mkdir -p "$tree/src/base" "$tree/src/oci" "$tree/src/net"
	printf 'int base(void);\n' >"$tree/src/base/base.h"
	printf '#include "base/base.h"\n' >"$tree/src/oci/oci.h"
}

teardown() {
	rm -rf "$tree"
}

@test "this tree keeps its layers" {
	"$layers/check"
}

@test "an include that is allowed passes" {
	"$layers/check" "$tree"
}

@test "an include of a room above fails and names both rooms" {
	printf '#include "oci/oci.h"\n' >"$tree/src/base/up.c"
	run "$layers/check" "$tree"
	[ "$status" -eq 1 ]
	[[ $output == *"base may not include oci"* ]]
}

@test "an include of a room beside fails and names both rooms" {
	printf '#include "net/net.h"\n' >"$tree/src/oci/beside.c"
	run "$layers/check" "$tree"
	[ "$status" -eq 1 ]
	[[ $output == *"oci may not include net"* ]]
}

@test "another room's internal header fails" {
	printf '#include "base/base_internal.h"\n' >"$tree/src/oci/peek.c"
	run "$layers/check" "$tree"
	[ "$status" -eq 1 ]
	[[ $output == *"oci may not include what is internal to base"* ]]
}

@test "an unknown room fails" {
	mkdir "$tree/src/attic" && printf 'int attic;\n' >"$tree/src/attic/attic.c"
	run "$layers/check" "$tree"
	[ "$status" -eq 1 ]
	[[ $output == *"attic is not in"* ]]
}

@test "a forbidden function fails, in code only" {
	printf '/* strcpy(a, b) */\nconst char *text = "atoi(1)";\n' >"$tree/src/base/fine.c"
	"$layers/check" "$tree"
	printf 'int f(const char *s)\n{\n\treturn atoi(s);\n}\n' >"$tree/src/base/bad.c"
	run "$layers/check" "$tree"
	[ "$status" -eq 1 ]
	[[ $output == *"bad.c: atoi() is forbidden"* ]]
}

@test "a file over 500 lines fails unless its first comment says why" {
	seq 501 | sed 's|.*|int v&;|' >"$tree/src/base/long.c"
	run "$layers/check" "$tree"
	[ "$status" -eq 1 ]
	[[ $output == *"long.c: 501 lines"* ]]
	sed -i '1i /* One table, long because the specification is. */' "$tree/src/base/long.c"
	"$layers/check" "$tree"
}

@test "a function over 60 lines fails unless a comment says why" {
	{ printf 'int f(void)\n{\n' && seq 61 | sed 's|.*|\tg();|' && printf '}\n'; } >"$tree/src/base/long.c"
	run "$layers/check" "$tree"
	[ "$status" -eq 1 ]
	[[ $output == *"int f: 61 lines"* ]]
	sed -i '1i /* One table, long because the specification is. */' "$tree/src/base/long.c"
	"$layers/check" "$tree"
}
