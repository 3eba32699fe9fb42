# Blob HEAD at 64 connections; nginx has a file of the same size.

turns "$rounds" naru docker-registry nginx -- loaded HEAD 64 "/v2/bench/layers/blobs/$layer_digest"
report "blob HEAD, 64 connections" rate /s docker-registry:25 nginx:0.5
report --below 5 "  p99 (blob HEAD)" p99_ms ms docker-registry nginx
report "  server CPU a request (blob HEAD)" cpu_us us docker-registry:25 nginx
report --highest "  highest resident (blob HEAD)" peak_mb MB docker-registry:2
