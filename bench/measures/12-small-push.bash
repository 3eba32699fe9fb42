# Blobs of 2 KiB pushed at 16 connections, each new, each durable before its answer.

naru_push=$("$load" PUSH "$registry" 16 "$load_seconds" /v2/bench/small)
peer_push=$("$load" PUSH "$peer_registry" 16 "$load_seconds" /v2/bench/small)
row "push of 2 KiB blobs, 16 connections" /s "$(field 1 "$naru_push")" docker-registry "$(field 1 "$peer_push")"
row "  p99" ms "$(field 3 "$naru_push")" docker-registry "$(field 3 "$peer_push")"
[ "$(field 4 "$naru_push")" = 0 ] || echo "  naru: $(field 4 "$naru_push") failed"
