# Blob HEAD at 64 connections; nginx has the same blob as a file. By bench/load: wrk counts no HEAD answers.

answers_measure "blob HEAD" "" loaded HEAD 64 "/v2/bench/layers/blobs/$layer_digest"
