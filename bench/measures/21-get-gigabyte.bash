# A 1 GiB blob fetched, one and eight at once; nginx sends the same file. One at once fetches four in a row, since one alone is a fifth of a second.

gigabyte_make
mkdir -p "$work/www/v2/bench/gigabyte/blobs"
ln -sf "$gigabyte" "$work/www/v2/bench/gigabyte/blobs/$gigabyte_digest"
for server in naru docker-registry; do
	blob_put "${address_of[$server]}" bench/gigabyte "$gigabyte" "$gigabyte_digest"
done
sync

for count in 1 8; do
	times=4
	[ "$count" = 1 ] || times=1
	turns "$rounds" naru nginx docker-registry -- fetched "$count" "$times" "/v2/bench/gigabyte/blobs/$gigabyte_digest"
	# Within 20 %: as fast as 0.8 of it, for as much CPU as 1.2 times its.
	report "GET of 1 GiB, $count at once" s s nginx:0.8 docker-registry
	report "  server CPU a GiB (GET, $count at once)" cpu_s s nginx:0.83 docker-registry
	report --highest "  highest resident (GET, $count at once)" peak_mb MB docker-registry:2
done
