# Blobs of 2 KiB pushed at 16 connections, each new, each durable before its answer.

turns "$rounds" naru docker-registry -- loaded PUSH 16 /v2/bench/small
report "push of 2 KiB blobs, 16 connections" rate /s docker-registry:6
report "  p99 (push of 2 KiB)" p99_ms ms docker-registry
report "  server CPU a push (push of 2 KiB)" cpu_us us docker-registry
report --highest "  highest resident (push of 2 KiB)" peak_mb MB docker-registry:2
