-- Notifications of the payment gateways: what came in, and what was made of it.

-- The unguessable part of a company's notification addresses; older rows get theirs when it is first asked for.
ALTER TABLE companies ADD COLUMN webhook_path TEXT;
CREATE UNIQUE INDEX companies_by_webhook_path ON companies (webhook_path);

-- What notifications are verified with. The two newest versions of a company and gateway are in force, so that one can be
-- replaced without losing what is under way. companies.conekta_webhook_key is read as long as there is none here.
CREATE TABLE webhook_keys (
    company_id TEXT NOT NULL REFERENCES companies (id),
    gateway    TEXT NOT NULL,
    version    BIGINT NOT NULL,
    key_sealed TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (company_id, gateway, version)
);

ALTER TABLE transactions ADD COLUMN webhook_processed BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE transactions ADD COLUMN webhook_received_at BIGINT;
ALTER TABLE transactions ADD COLUMN notification_id TEXT;

-- States: waiting (no company yet), stored, done, dropped. The body is kept until the notification is done or dropped.
CREATE TABLE notifications (
    id              TEXT PRIMARY KEY,
    gateway         TEXT NOT NULL,
    company_id      TEXT REFERENCES companies (id),
    notification_id TEXT,
    kind            TEXT NOT NULL,
    action          TEXT,
    object_id       TEXT,
    reference       TEXT,
    signature       TEXT,
    request_id      TEXT,
    query_id        TEXT,
    body            TEXT NOT NULL,
    verified        BOOLEAN,
    state           TEXT NOT NULL,
    attempts        BIGINT NOT NULL,
    next_at         BIGINT NOT NULL,
    received_at     BIGINT NOT NULL,
    UNIQUE (company_id, gateway, notification_id)
);
CREATE INDEX notifications_due ON notifications (state, next_at);
CREATE INDEX notifications_by_age ON notifications (received_at);
