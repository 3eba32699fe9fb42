# A full disk fails the request that meets it, with words that say so; what is there stays readable, and the next try succeeds when there is room.

load lib/common

setup() {
	common_setup
	mkdir "$work/registry"
	mount -t tmpfs -o size=24m naru-test "$work/registry"
	registry_start
	head -c 4000000 /dev/urandom >"$work/fits"
	head -c 40000000 /dev/urandom >"$work/huge"
	head -c 2000 /dev/urandom >"$work/small"
}

digest_of() {
	echo "sha256:$(sha256sum "$1" | cut -d ' ' -f 1)"
}

# push FILE: as a blob in one POST; prints the status, the answer is in $work/answer.
push() {
	curl -s -o "$work/answer" -w '%{http_code}' -H 'Content-Type: application/octet-stream' -H 'Expect:' --data-binary "@$1" \
		"http://$registry/v2/team/full/blobs/uploads/?digest=$(digest_of "$1")"
}

readable() {
	curl -sf "http://$registry/v2/team/full/blobs/$(digest_of "$1")" | cmp - "$1"
}

missing() {
	[ "$(curl -s -o /dev/null -w '%{http_code}' "http://$registry/v2/team/full/blobs/$(digest_of "$1")")" = 404 ]
}

says_full() {
	jq -e '.errors[0].message | test("disk is full")' "$work/answer"
}

nothing_in_flight() {
	[ -z "$(ls "$work/registry/uploads")" ]
}

used() {
	df --output=used -k "$work/registry" | tail -n 1
}

@test "an upload that does not fit fails alone, leaves nothing, and the next one succeeds" {
	[ "$(push "$work/fits")" = 201 ]
	local before
	before=$(used)
	[ "$(push "$work/huge")" = 503 ]
	says_full
	missing "$work/huge"
	readable "$work/fits"
	wait_for 5 nothing_in_flight
	[ $(($(used) - before)) -lt 1000 ]
	[ "$(push "$work/small")" = 201 ]
	readable "$work/small"
}

@test "on a disk without a free block content stays readable, small pushes are refused, and succeed when there is room" {
	[ "$(push "$work/fits")" = 201 ]
	dd if=/dev/zero of="$work/registry/filler" bs=4k 2>/dev/null && false
	# What is free in the database's own files may still be used up.
	local tries=0
	until [ "$(push "$work/small")" = 503 ]; do
		[ $((tries += 1)) -lt 200 ]
		head -c 2000 /dev/urandom >"$work/small"
	done
	says_full
	missing "$work/small"
	readable "$work/fits"
	rm "$work/registry/filler"
	[ "$(push "$work/small")" = 201 ]
	readable "$work/small"
}

@test "an upload in pieces goes on where it was when there is room again" {
	local location
	location=$(curl -s -X POST -D - -o /dev/null "http://$registry/v2/team/full/blobs/uploads/" | tr -d '\r' | sed -n 's/^[Ll]ocation: //p')
	[ "$(curl -s -o /dev/null -w '%{http_code}' -X PATCH --data-binary "@$work/fits" "http://$registry$location")" = 202 ]
	dd if=/dev/zero of="$work/registry/filler" bs=4k 2>/dev/null && false
	[ "$(curl -s -o "$work/answer" -w '%{http_code}' -X PATCH --data-binary "@$work/fits" "http://$registry$location")" = 503 ]
	says_full
	rm "$work/registry/filler"
	# How far it is says the status; the rest of the content is sent from there.
	cat "$work/fits" "$work/fits" >"$work/both"
	local range held
	range=$(curl -sf -D - -o /dev/null "http://$registry$location" | tr -d '\r' | sed -n 's/^[Rr]ange: 0-//p')
	held=$((range + 1))
	[ "$held" -ge 4000000 ]
	[ "$(tail -c +$((held + 1)) "$work/both" | curl -s -o "$work/answer" -w '%{http_code}' -X PUT -H 'Content-Type: application/octet-stream' \
		--data-binary @- "http://$registry$location?digest=$(digest_of "$work/both")")" = 201 ]
	readable "$work/both"
}
