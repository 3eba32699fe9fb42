-- The tool's own tables, beside blobs.sql. Digests are texts ("sha256:…"), times microseconds since 1970.

-- ---- images (src/local) ----

-- An unpacked layer in layers/sha256/<hex of diff_id>/fs. boot_id is that of the boot that made it while it may not be on the disk yet: after
-- another boot such a layer counts as absent and is unpacked again from its blob. Empty: it is on the disk.
CREATE TABLE layers (
	diff_id TEXT PRIMARY KEY,
	blob TEXT NOT NULL,
	size BIGINT NOT NULL,
	boot_id TEXT NOT NULL,
	used_at BIGINT NOT NULL
);

-- id is the configuration's digest, content of blobs as the manifest is.
CREATE TABLE images (
	id TEXT PRIMARY KEY,
	manifest TEXT NOT NULL,
	manifest_type TEXT NOT NULL,
	created_at BIGINT NOT NULL
);

-- Lowest layer first, from 0. blob is the compressed layer that the manifest names.
CREATE TABLE image_layers (
	image TEXT NOT NULL REFERENCES images (id),
	position BIGINT NOT NULL,
	diff_id TEXT NOT NULL REFERENCES layers (diff_id),
	blob TEXT NOT NULL,
	PRIMARY KEY (image, position)
);
CREATE INDEX image_layers_diff_id ON image_layers (diff_id);
CREATE INDEX image_layers_blob ON image_layers (blob);
CREATE INDEX images_manifest ON images (manifest);
CREATE INDEX layers_blob ON layers (blob);

-- repository "docker.io/library/nginx"; either tag or digest, the other one empty.
CREATE TABLE names (
	repository TEXT NOT NULL,
	tag TEXT NOT NULL,
	digest TEXT NOT NULL,
	image TEXT NOT NULL REFERENCES images (id),
	tagged_at BIGINT NOT NULL,
	PRIMARY KEY (repository, tag, digest)
);
CREATE INDEX names_image ON names (image);

-- Where a blob is known to be: a push to the same registry mounts it from there.
CREATE TABLE blob_sources (
	blob TEXT NOT NULL,
	domain TEXT NOT NULL,
	path TEXT NOT NULL,
	PRIMARY KEY (blob, domain, path)
);

-- A layer's download that broke off: its bytes are uploads/NAME (blobs.h). Whoever fetches the blob next goes on with it.
CREATE TABLE partials (
	blob TEXT PRIMARY KEY,
	name TEXT NOT NULL,
	kept_at BIGINT NOT NULL
);

-- What containers keep an image for; the container's row is the runtime's.
CREATE TABLE holds (
	container TEXT PRIMARY KEY,
	image TEXT NOT NULL REFERENCES images (id)
);
CREATE INDEX holds_image ON holds (image);

-- ---- containers (src/runtime) ----

-- What was asked for; whether it runs is asked of the kernel (runtime/runtime.h). image_name is what the user wrote, settings JSON.
CREATE TABLE containers (
	id TEXT PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	image TEXT NOT NULL,
	image_name TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	settings TEXT NOT NULL
);
