# Good clients beside 2,000 connections of the kinds that bench/hostile knows: idle, slow, reset, half-closed, garbage. Their p99 may be three times as long.

hostile=$top/build/bench/hostile
besieged_connections=2000

# besieged SERVER PATH: as asked, while the hostile connections of that name stand.
besieged() {
	local fields siege
	[ "$1" = besieged ] || { asked "$@" && return; }
	exec {siege}> >(exec "$hostile" "${address_of[naru]#http://}" $besieged_connections 60 "/v2/bench/layers/blobs/$layer_digest" \
		/v2/bench/hostile/blobs/uploads/ >"$work/hostile.out")
	wait_for 30 grep -qx "open $besieged_connections" "$work/hostile.out"
	# They stand, and the answers that some of them do not read have gone as far as they go.
	wait_for 30 answers_at_once
	fields=$(asked "$@")
	exec {siege}>&-
	echo "$fields"
}

answers_at_once() {
	curl -sf -m 0.1 -o /dev/null "${address_of[naru]}/v2/" && sleep 0.5 && curl -sf -m 0.1 -o /dev/null "${address_of[naru]}/v2/"
}

address_of[besieged]=${address_of[naru]}
turns "$rounds" besieged naru -- besieged "/v2/bench/layers/manifests/1"
report "manifests beside $besieged_connections hostile connections" rate /s naru
report "  p99 (beside hostile connections)" p99_ms ms naru:0.33
