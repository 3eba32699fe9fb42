-- What the wire needs beyond the first tables.

-- How an upload that goes on after a restart is hashed: "sha256" or "sha512".
ALTER TABLE uploads ADD COLUMN algorithm TEXT NOT NULL DEFAULT 'sha256';

-- Content that comes later than what names it finds those rows without a walk over all that ever named it.
CREATE INDEX manifest_refs_absent ON manifest_refs (digest) WHERE absent = 1;

-- A manifest without artifactType has its configuration's type (OCI distribution-spec 1.1, "Listing Referrers"): an image's too.
UPDATE manifests SET artifact_type = 'application/vnd.oci.image.config.v1+json'
	WHERE artifact_type = '' AND media_type = 'application/vnd.oci.image.manifest.v1+json';
UPDATE manifests SET artifact_type = 'application/vnd.docker.container.image.v1+json'
	WHERE artifact_type = '' AND media_type = 'application/vnd.docker.distribution.manifest.v2+json';
