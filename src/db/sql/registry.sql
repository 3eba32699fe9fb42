-- The registry's own tables, beside blobs.sql. Digests are texts ("sha256:…"), times microseconds since 1970.

CREATE TABLE repositories (
	id BIGSERIAL PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	created_at BIGINT NOT NULL
);

-- Which content a repository's clients may read by its digest.
CREATE TABLE repository_blobs (
	repository_id BIGINT NOT NULL,
	blob_id BIGINT NOT NULL,
	added_at BIGINT NOT NULL,
	PRIMARY KEY (repository_id, blob_id)
);
CREATE INDEX repository_blobs_by_blob ON repository_blobs (blob_id);

-- A manifest or index in a repository; its bytes are content. subject is NULL for none.
CREATE TABLE manifests (
	id BIGSERIAL PRIMARY KEY,
	repository_id BIGINT NOT NULL,
	digest TEXT NOT NULL,
	media_type TEXT NOT NULL,
	artifact_type TEXT NOT NULL,
	annotations TEXT NOT NULL,
	size BIGINT NOT NULL,
	blob_id BIGINT NOT NULL,
	subject TEXT,
	pushed_at BIGINT NOT NULL,
	UNIQUE (repository_id, digest)
);
CREATE INDEX manifests_by_subject ON manifests (repository_id, subject, id);
CREATE INDEX manifests_by_blob ON manifests (blob_id);

-- What a manifest refers to. kind: config, layer, child. absent is 1 where the content was not there at the push and need not be.
CREATE TABLE manifest_refs (
	manifest_id BIGINT NOT NULL,
	kind TEXT NOT NULL,
	digest TEXT NOT NULL,
	absent BIGINT NOT NULL,
	PRIMARY KEY (manifest_id, kind, digest)
);
CREATE INDEX manifest_refs_by_digest ON manifest_refs (digest);

CREATE TABLE tags (
	repository_id BIGINT NOT NULL,
	name TEXT NOT NULL,
	manifest_id BIGINT NOT NULL,
	moved_at BIGINT NOT NULL,
	PRIMARY KEY (repository_id, name)
);
CREATE INDEX tags_by_manifest ON tags (manifest_id);

-- Uploads that go on after a restart: their bytes are uploads/NAME, whose length is the offset.
CREATE TABLE uploads (
	name TEXT PRIMARY KEY,
	repository TEXT NOT NULL,
	started_at BIGINT NOT NULL
);

-- Everything that happens, written in the transaction that it tells of.
CREATE TABLE events (
	id BIGSERIAL PRIMARY KEY,
	at BIGINT NOT NULL,
	kind TEXT NOT NULL,
	repository TEXT NOT NULL,
	reference TEXT NOT NULL,
	digest TEXT NOT NULL,
	actor TEXT NOT NULL
);
