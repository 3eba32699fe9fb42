# What make install puts where: both programs and their man pages, below DESTDIR.

load lib/common

@test "install: both programs and man pages that man can read" {
	meson install -C "$NARU_BUILD" --no-rebuild --destdir "$work/root" >"$work/install.log"
	local program file
	for program in naru naru-registry; do
		file=$(find "$work/root" -path "*/bin/$program")
		"$file" version
		file=$(find "$work/root" -path "*/man1/$program.1")
		[ -s "$file" ]
	done
}
