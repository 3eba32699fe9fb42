# Clients that keep more than images in a registry: oras with files and what is attached to them, cosign's signatures and attestations as tags and as
# referrers, helm's charts. Nothing but the registry is asked: no transparency log, no other network.

load lib/common
load lib/peers
load lib/artifacts

setup() {
	common_setup
	artifacts_setup
	registry_or_peer_start
	cd "$work"
}

# platforms_push NAME:TAG: the image of two platforms; sets $index and $child, the digests of its index and of its first child.
platforms_push() {
	local layout
	layout=$(image platforms)
	oras cp --from-oci-layout --to-plain-http "$layout:1" "$registry/$1"
	index=$(jq -r '.manifests[0].digest' "$layout/index.json")
	child=$(jq -r '.manifests[0].digest' "$layout/blobs/sha256/${index#sha256:}")
}

tags_of() {
	curl -sf "http://$registry/v2/$1/tags/list" | jq -r '.tags[]'
}

# referrers_of NAME DIGEST [QUERY]: their artifact types, a line each, sorted.
referrers_of() {
	curl -sf "http://$registry/v2/$1/referrers/$2${3-}" | jq -r '.manifests[].artifactType' | sort
}

@test "oras: files with their types and annotations go out and come back equal; tags, listings, deletes" {
	needs_oras
	echo hello >text && head -c 3000000 /dev/urandom >bytes
	oras push "$registry/art/files:v1,v2" --artifact-type application/vnd.naru.test text:text/plain bytes --annotation naru=1
	oras pull "$registry/art/files:v2" -o back
	cmp text back/text && cmp bytes back/bytes
	oras manifest fetch "$registry/art/files:v1" | jq -e '.artifactType == "application/vnd.naru.test" and .annotations.naru == "1" and
		(.layers | map(.mediaType) == ["text/plain", "application/vnd.oci.image.layer.v1.tar"]) and .config.mediaType == "application/vnd.oci.empty.v1+json"'
	[ "$(oras repo ls "$registry")" = art/files ]
	oras tag "$registry/art/files:v1" v10 v11
	[ "$(oras repo tags "$registry/art/files" | tr '\n' ' ')" = "v1 v10 v11 v2 " ]
	[ "$(oras repo tags "$registry/art/files" --last v10 | tr '\n' ' ')" = "v11 v2 " ]
	digest=$(oras resolve "$registry/art/files:v11")
	oras manifest delete -f "$registry/art/files@$digest"
	[ -z "$(oras repo tags "$registry/art/files")" ]
	fails_with 1 "not found" oras pull "$registry/art/files:v1"
}

@test "oras: single blobs, manifests and configurations by their commands" {
	needs_oras
	echo '{"naru":true}' >config && echo content >content
	digest=sha256:$(sha256sum content | cut -d ' ' -f 1)
	oras blob push "$registry/art/blobs" content
	oras blob push "$registry/art/blobs@$digest" content
	[ "$(oras blob fetch "$registry/art/blobs@$digest" --output -)" = content ]
	[ "$(oras blob fetch "$registry/art/blobs@$digest" --descriptor | jq .size)" = 8 ]
	oras push "$registry/art/blobs:v1" --config config:application/vnd.naru.config+json content
	[ "$(oras manifest fetch-config "$registry/art/blobs:v1")" = "$(cat config)" ]
	oras manifest fetch "$registry/art/blobs:v1" >manifest
	oras manifest push "$registry/art/blobs:again" manifest
	oras manifest fetch "$registry/art/blobs:again" | cmp - manifest
	# A blob that a manifest names stays; one that nothing names any more goes.
	fails_with 1 "" oras blob delete -f "$registry/art/blobs@$digest"
	oras manifest delete -f "$registry/art/blobs@sha256:$(sha256sum manifest | cut -d ' ' -f 1)"
	oras blob delete -f "$registry/art/blobs@$digest"
	fails_with 1 "not found" oras blob fetch "$registry/art/blobs@$digest" --output -
}

@test "oras: what is attached is discovered, filtered, and copied with its image into another repository" {
	needs_oras
	platforms_push art/image:1
	echo '{"sbom":1}' >sbom.json && echo signed >note
	oras attach "$registry/art/image:1" --artifact-type application/vnd.naru.sbom sbom.json:application/json
	oras attach "$registry/art/image:1" --artifact-type application/vnd.naru.note note
	[ "$(oras discover "$registry/art/image:1" --format json | jq -r '.manifests[].artifactType' | sort | tr '\n' ' ')" = \
		"application/vnd.naru.note application/vnd.naru.sbom " ]
	[ "$(oras discover "$registry/art/image:1" --format json --artifact-type application/vnd.naru.sbom | jq '.manifests | length')" = 1 ]
	# Something attached to what is attached.
	note=$(oras discover "$registry/art/image:1" --format json --artifact-type application/vnd.naru.note | jq -r '.manifests[0].digest')
	oras attach "$registry/art/image@$note" --artifact-type application/vnd.naru.deep note
	oras cp -r --from-plain-http --to-plain-http "$registry/art/image:1" "$registry/art/copy:1,2"
	[ "$(referrers_of art/copy "$index" | tr '\n' ' ')" = "application/vnd.naru.note application/vnd.naru.sbom " ]
	[ "$(referrers_of art/copy "$note")" = application/vnd.naru.deep ]
	# oras found the listing: it kept none of its own under a tag.
	[ "$(tags_of art/copy | tr '\n' ' ')" = "1 2 " ]
	# The other platform alone, out into a folder.
	oras cp --from-plain-http --platform linux/arm64 --to-oci-layout "$registry/art/copy:1" "$work/layout:arm"
	[ "$(jq -r '.manifests[0].platform.architecture' layout/index.json)" = arm64 ]
}

@test "oras: a listing kept under a tag, by a client that thinks there is none, says the same as the registry's own" {
	needs_oras
	platforms_push art/fallback:1
	echo one >one && echo two >two
	for file in one two; do
		oras attach "$registry/art/fallback:1" --artifact-type "application/vnd.naru.$file" --distribution-spec v1.1-referrers-tag "$file"
	done
	tags_of art/fallback | grep -qx "sha256-${index#sha256:}"
	[ "$(oras discover "$registry/art/fallback:1" --format json --distribution-spec v1.1-referrers-tag | jq -r '.manifests[].digest' | sort)" = \
		"$(oras discover "$registry/art/fallback:1" --format json --distribution-spec v1.1-referrers-api | jq -r '.manifests[].digest' | sort)" ]
	[ "$(referrers_of art/fallback "$index" | tr '\n' ' ')" = "application/vnd.naru.one application/vnd.naru.two " ]
}

@test "cosign 2: signatures and attestations as tags, of an index and of all in it; another key does not verify" {
	needs_oras
	needs_cosign 2
	platforms_push team/signed:1
	cosign_sign -r "$registry/team/signed:1"
	cosign_verify verify "$registry/team/signed:1" | jq -e ".[0].critical.image[\"docker-manifest-digest\"] == \"$index\""
	cosign_verify verify "$registry/team/signed@$child" >/dev/null
	# A second signer adds to the tag.
	cosign_sign -a signer=second "$registry/team/signed@$index"
	[ "$(cosign_verify verify "$registry/team/signed:1" | jq length)" = 2 ]
	cosign_verify verify -a signer=second "$registry/team/signed:1" >/dev/null
	echo '{"by":"naru"}' >predicate
	cosign_attest --type custom --predicate predicate "$registry/team/signed@$index"
	cosign_verify verify-attestation --type custom "$registry/team/signed:1" | jq -r .payload | base64 -d | jq -e '.predicate.Data | fromjson | .by == "naru"'
	for kind in sig att; do
		tags_of team/signed | grep -qx "sha256-${index#sha256:}.$kind"
	done
	"$cosign_program" generate-key-pair --output-key-prefix "$work/other"
	cosign_key=$work/other.pub fails_with 12 "no matching signatures" cosign_verify verify "$registry/team/signed:1"
	# What is signed goes with its image, and is gone when it is removed.
	"$cosign_program" copy --allow-http-registry "$registry/team/signed:1" "$registry/team/other:1"
	cosign_verify verify "$registry/team/other:1" >/dev/null
	"$cosign_program" clean -f --allow-http-registry "$registry/team/signed:1"
	fails_with 10 "no signatures found" cosign_verify verify "$registry/team/signed:1"
}

@test "cosign 2: a signature as a referrer" {
	needs_oras
	needs_cosign 2
	platforms_push team/referred:1
	export COSIGN_EXPERIMENTAL=1
	cosign_sign --registry-referrers-mode=oci-1-1 "$registry/team/referred@$index"
	cosign_verify verify --experimental-oci11 "$registry/team/referred:1" >/dev/null
	[ "$(referrers_of team/referred "$index" "?artifactType=application/vnd.dev.cosign.artifact.sig.v1%2Bjson")" = \
		application/vnd.dev.cosign.artifact.sig.v1+json ]
	[ "$(tags_of team/referred)" = 1 ]
	fails_with 10 "no signatures found" cosign_verify verify --experimental-oci11 "$registry/team/referred@$child"
}

@test "cosign 3: signatures and attestations as bundles that refer to their image" {
	needs_oras
	needs_cosign 3
	platforms_push team/bundled:1
	echo '{"by":"naru"}' >predicate
	cosign_sign "$registry/team/bundled@$index"
	cosign_verify verify "$registry/team/bundled:1" | jq -e ".[0].critical.image[\"docker-manifest-digest\"] == \"$index\""
	cosign_attest --type custom --predicate predicate "$registry/team/bundled@$index"
	cosign_verify verify-attestation --type custom "$registry/team/bundled:1" | jq -r .payload | base64 -d | jq -e '.predicate.by == "naru" or
		(.predicate.Data | fromjson | .by == "naru")'
	[ "$(referrers_of team/bundled "$index" | uniq -c | tr -s ' ')" = " 2 application/vnd.dev.sigstore.bundle.v0.3+json" ]
	[ "$(tags_of team/bundled)" = 1 ]
	"$cosign_program" generate-key-pair --output-key-prefix "$work/other"
	cosign_key=$work/other.pub fails_with 1 "accepted signatures do not match" cosign_verify verify "$registry/team/bundled:1"
}

@test "helm: a chart whose version has a plus is pushed, shown, pulled, verified, rendered and installed dry" {
	needs gpg
	needs_helm
	export GNUPGHOME=$work/gpg
	mkdir -m 700 "$GNUPGHOME"
	gpg --batch --quiet --passphrase '' --quick-generate-key naru-test rsa2048 sign never
	gpg --batch --quiet --passphrase '' --export-secret-keys >ring && gpg --batch --quiet --export >public
	gpgconf --kill all
	helm create web
	sed -i 's/^version:.*/version: 1.2.3+build.7/' web/Chart.yaml
	helm package web --sign --key naru-test --keyring ring
	helm push --plain-http web-1.2.3+build.7.tgz "oci://$registry/charts"
	[ "$(tags_of charts/web)" = 1.2.3_build.7 ]
	curl -sf "http://$registry/v2/charts/web/manifests/1.2.3_build.7" -H 'Accept: application/vnd.oci.image.manifest.v1+json' |
		jq -e '.config.mediaType == "application/vnd.cncf.helm.config.v1+json" and (.layers | map(.mediaType) | sort) ==
			["application/vnd.cncf.helm.chart.content.v1.tar+gzip", "application/vnd.cncf.helm.chart.provenance.v1.prov"]'
	[[ $(helm show chart --plain-http "oci://$registry/charts/web" --version 1.2.3+build.7) == *"version: 1.2.3+build.7"* ]]
	mkdir pulled
	helm pull --plain-http --verify --keyring public -d pulled "oci://$registry/charts/web" --version 1.2.3+build.7
	cmp pulled/web-1.2.3+build.7.tgz web-1.2.3+build.7.tgz
	# The newest version that a range allows is found in the list of tags.
	sed -i 's/^version:.*/version: 1.3.0/' web/Chart.yaml
	helm package web && helm push --plain-http web-1.3.0.tgz "oci://$registry/charts"
	[[ $(helm show chart --plain-http "oci://$registry/charts/web" --version '^1.2.0') == *"version: 1.3.0"* ]]
	[[ $(helm template --plain-http release "oci://$registry/charts/web" --version '~1.2.3') == *"helm.sh/chart: web-1.2.3_build.7"* ]]
	helm install --plain-http --dry-run=client release "oci://$registry/charts/web" --version 1.3.0 | grep -q 'kind: Deployment'
	# A digest names a chart too; a version that is not there is not found.
	digest=$(curl -sfI "http://$registry/v2/charts/web/manifests/1.3.0" | tr -d '\r' | sed -n 's/^docker-content-digest: //Ip')
	[[ $(helm show chart --plain-http "oci://$registry/charts/web@$digest") == *"version: 1.3.0"* ]]
	fails_with 1 "not found" helm show chart --plain-http "oci://$registry/charts/web" --version 9.9.9
}
