#!/usr/bin/env bats
# What "make install" puts below DESTDIR.

load lib/common

setup() {
	common_setup
	meson install -C "$NARU_BUILD" --no-rebuild --destdir "$work/root" >"$work/install.log"
}

# installed PATTERN: the one file whose path ends so.
installed() {
	find "$work/root" -path "*/$1" | grep .
}

@test "install: both programs and man pages that man can read" {
	"$(installed bin/naru)" version
	"$(installed bin/naru-registry)" version
	[ -s "$(installed man1/naru.1)" ]
	[ -s "$(installed man8/naru-registry.8)" ]
}

@test "install: units that systemd takes, whose program is the one that was installed" {
	local service
	service=$(installed lib/systemd/system/naru-registry.service)
	[ "$work/root$(sed -n 's/^ExecStart=\([^ ]*\) serve$/\1/p' "$service")" = "$(installed bin/naru-registry)" ]
	grep -qx 'u naru-registry .*' "$(installed lib/sysusers.d/naru-registry.conf)"
	needs systemd-analyze
	mkdir "$work/units"
	cp "$service" "$(installed lib/systemd/system/naru-registry.socket)" "$work/units"
	sed -i "s|^ExecStart=[^ ]*|ExecStart=$(installed bin/naru-registry)|" "$work/units/naru-registry.service"
	run systemd-analyze verify --man=no "$work/units/naru-registry.service" "$work/units/naru-registry.socket"
	[ "$status" -eq 0 ] && [ -z "$output" ]
}

@test "install: an example of the configuration that is right as it is, and with every key in use" {
	local example
	example=$(installed doc/naru/registry.yml)
	[ "$("$naru_registry" config check --config "$example")" = ok ]
	sed -E 's/^#(  .*|[a-z_]+:.*)$/\1/' "$example" >"$work/all.yml"
	"$naru_registry" config show --config "$work/all.yml" >"$work/shown.yml"
	run grep -E 'default$|not set' "$work/shown.yml"
	[ "$status" -eq 1 ]
}
