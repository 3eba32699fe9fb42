# Blob HEAD at 64 connections, with p99. wrk counts no HEAD answers, so the client is bench/load.

naru_head=$("$load" HEAD "$registry" 64 "$load_seconds" "/v2/bench/layers/blobs/$layer_digest")
peer_head=$("$load" HEAD "$peer_registry" 64 "$load_seconds" "/v2/bench/layers/blobs/$layer_digest")
row "blob HEAD, 64 connections" /s "$(field 1 "$naru_head")" docker-registry "$(field 1 "$peer_head")"
row "  p99" ms "$(field 3 "$naru_head")" docker-registry "$(field 3 "$peer_head")"
