# 1 GiB blobs, one and four at once, as one PUT and as docker sends them, against hashing and synced writing of the same bytes at once. Each turn has
# content that is new to all, and takes it away again.

turn_begin=contents_renew
for count in 1 4; do
	contents_make "$count"
	count_rounds=$rounds
	[ "$count" = 1 ] || count_rounds=$slow_rounds
	for how in put patch; do
		title="one PUT"
		[ "$how" = put ] || title="chunked PATCH"
		turns "$count_rounds" naru floor docker-registry -- pushed "$how"
		report "push of 1 GiB, $title, $count at once" s s floor:0.8 docker-registry
		report "  server CPU a GiB ($title, $count at once)" cpu_s s docker-registry:2.5
		report --highest "  highest resident ($title, $count at once)" peak_mb MB docker-registry:2
	done
	rm -f "${contents[@]}"
done
