-- How much there is, for the metrics: what the rows up to up_to_id come to. New rows are added now and then, so that no push waits for a counter's
-- row and nobody ever counts them all; what is deleted below up_to_id is taken off in the same change.
CREATE TABLE totals (
	kind TEXT PRIMARY KEY,
	up_to_id BIGINT NOT NULL,
	count BIGINT NOT NULL,
	bytes BIGINT NOT NULL
);
INSERT INTO totals (kind, up_to_id, count, bytes) VALUES ('blobs', 0, 0, 0), ('manifests', 0, 0, 0), ('repositories', 0, 0, 0);
