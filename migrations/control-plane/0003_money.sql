-- Runners and their leases; the record of each purchase; what a person has to look at.

CREATE TABLE runners (
    id          TEXT PRIMARY KEY,
    node        TEXT NOT NULL,
    lease_until BIGINT NOT NULL
);

-- One row per commit of a purchase; `lines` is a JSON list. Never updated.
CREATE TABLE purchase_lines (
    purchase_id TEXT NOT NULL REFERENCES purchases (id),
    version     BIGINT NOT NULL,
    company_id  TEXT NOT NULL,
    lines       TEXT NOT NULL,
    PRIMARY KEY (purchase_id, version)
);

ALTER TABLE purchases ADD COLUMN attention BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX purchases_attention ON purchases (company_id, created_at) WHERE attention;

-- When the router was last found to hold what the settled purchase leaves there.
ALTER TABLE purchases ADD COLUMN swept_at BIGINT;
CREATE INDEX purchases_unswept ON purchases (wake_at) WHERE swept_at IS NULL AND NOT open;

-- Paid at a gateway, and no purchase of ours knows it.
CREATE TABLE gateway_strays (
    company_id   TEXT NOT NULL REFERENCES companies (id),
    gateway      TEXT NOT NULL,
    payment_id   TEXT NOT NULL,
    reference    TEXT,
    amount_minor BIGINT NOT NULL,
    currency     TEXT NOT NULL,
    found_at     BIGINT NOT NULL,
    resolved_at  BIGINT,
    resolved_by  BIGINT,
    PRIMARY KEY (company_id, gateway, payment_id)
);
CREATE INDEX gateway_strays_open ON gateway_strays (company_id, found_at) WHERE resolved_at IS NULL;
