# Manifests by tag and by digest at 64 connections; nginx has the same bytes as a file.

for reference in 1 "$manifest_digest"; do
	answers_measure "manifest by $([ "$reference" = 1 ] && echo tag || echo digest)" "" asked "/v2/bench/layers/manifests/$reference"
done
