-- What a user and its clones may use together, while the user's own limits on the router are lowered for what its clones
-- have used. Times in seconds, bytes; 0 for no limit.
CREATE TABLE quota (
    router_id TEXT NOT NULL,
    name BLOB NOT NULL,
    uptime_s BIGINT NOT NULL,
    bytes_in BIGINT NOT NULL,
    bytes_out BIGINT NOT NULL,
    bytes_total BIGINT NOT NULL,
    -- What was written to the router instead. Another value there is an operator's, and counts from then on.
    lowered_uptime_s BIGINT NOT NULL,
    lowered_bytes_in BIGINT NOT NULL,
    lowered_bytes_out BIGINT NOT NULL,
    lowered_bytes_total BIGINT NOT NULL,
    written_at BIGINT NOT NULL,
    PRIMARY KEY (router_id, name)
);
CREATE INDEX quota_by_age ON quota (written_at);
