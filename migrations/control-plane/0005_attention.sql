-- Since when a person has to look at a purchase.
ALTER TABLE purchases ADD COLUMN attention_since BIGINT;
UPDATE purchases SET attention_since = created_at WHERE attention;

-- What metrics count: what the machine or a person has left to do.
CREATE INDEX purchases_watched ON purchases (phase, attention, created_at) WHERE open OR attention;

-- What admins asked refunds with: one row per key, so that a key with another body is seen.
CREATE TABLE refund_requests (
    purchase_id TEXT NOT NULL REFERENCES purchases (id),
    refund_id   TEXT NOT NULL,
    company_id  TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    note        TEXT,
    asked_by    BIGINT NOT NULL,
    asked_at    BIGINT NOT NULL,
    PRIMARY KEY (purchase_id, refund_id)
);
