# Manifest GET by tag and by digest at 64 connections; nginx serves the same bytes as a file.

for reference in 1 "$manifest_digest"; do
	kind=tag
	[ "$reference" = 1 ] || kind=digest
	turns "$rounds" naru docker-registry nginx -- asked "/v2/bench/layers/manifests/$reference"
	report "manifest by $kind, 64 connections" rate /s docker-registry:25 nginx:0.5
	report --below 5 "  p99 (manifest by $kind)" p99_ms ms docker-registry nginx
	report "  server CPU a request (manifest by $kind)" cpu_us us docker-registry:25 nginx
	report --highest "  highest resident (manifest by $kind)" peak_mb MB docker-registry:2
done
