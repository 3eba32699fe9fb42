-- Content by digest, the same in the registry's database and in the tool's. content is NULL where the bytes are a file.
CREATE TABLE blobs (
	id BIGSERIAL PRIMARY KEY,
	digest TEXT NOT NULL UNIQUE,
	size BIGINT NOT NULL,
	content BYTEA,
	created_at BIGINT NOT NULL
);
