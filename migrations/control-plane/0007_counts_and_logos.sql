-- Counts of transactions, so that no list and no dashboard has to count rows.
--
-- A row of transactions is in the counts when `counted`, under its payment_state; when not, and it has a `counted_state`,
-- it still is under that one. Purchases only write their own row; a task of each process carries rows over in small
-- batches (store/counts.rs), so that no purchase ever waits for a row of these tables.
CREATE TABLE transaction_counts (
    company_id    TEXT NOT NULL REFERENCES companies (id),
    payment_state TEXT NOT NULL,
    currency      TEXT NOT NULL,
    transactions  BIGINT NOT NULL,
    amount_minor  BIGINT NOT NULL,
    PRIMARY KEY (company_id, payment_state, currency)
);

-- The same by day (of created_at, in UTC): where a page far back in the list begins.
CREATE TABLE transaction_days (
    company_id   TEXT NOT NULL REFERENCES companies (id),
    day          BIGINT NOT NULL,
    transactions BIGINT NOT NULL,
    PRIMARY KEY (company_id, day)
);

ALTER TABLE transactions ADD COLUMN counted BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE transactions ADD COLUMN counted_state TEXT;
UPDATE transactions SET counted = TRUE;
CREATE INDEX transactions_uncounted ON transactions (company_id, created_at) WHERE NOT counted;

INSERT INTO transaction_counts (company_id, payment_state, currency, transactions, amount_minor)
    SELECT company_id, payment_state, currency, COUNT(*), CAST(SUM(amount_minor) AS BIGINT)
    FROM transactions GROUP BY company_id, payment_state, currency;
INSERT INTO transaction_days (company_id, day, transactions)
    SELECT company_id, created_at / 86400000, COUNT(*) FROM transactions GROUP BY company_id, created_at / 86400000;

-- Whoever carries rows over takes the next number first, so that two processes never do it at once.
INSERT INTO sequences (name, value) VALUES ('transaction_counts', 0);

CREATE INDEX api_keys_by_company ON api_keys (company_id);

-- Logos of companies: one each, so that every process can serve it.
CREATE TABLE logos (
    company_id TEXT PRIMARY KEY REFERENCES companies (id),
    file_name  TEXT NOT NULL UNIQUE,
    media_type TEXT NOT NULL,
    image      BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);
