# The small answers again, over TLS.

use_tls
for reference in 1 "$manifest_digest"; do
	answers_measure "manifest by $([ "$reference" = 1 ] && echo tag || echo digest)" ", TLS" asked "/v2/bench/layers/manifests/$reference"
done
answers_measure "blob HEAD" ", TLS" loaded HEAD 64 "/v2/bench/layers/blobs/$layer_digest"
