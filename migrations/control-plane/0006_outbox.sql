-- What the world outside is told: webhooks of companies, and their chats. A message is written together with the fact that
-- it tells, and kept until it is delivered or given up.

-- Whether the chat is told the password of a sale.
ALTER TABLE companies ADD COLUMN telegram_shows_password BOOLEAN NOT NULL DEFAULT FALSE;

-- Addresses of companies. `events` is * or a list of kinds with a space before and after each.
CREATE TABLE webhook_endpoints (
    id                TEXT PRIMARY KEY,
    company_id        TEXT NOT NULL REFERENCES companies (id),
    url               TEXT NOT NULL,
    description       TEXT,
    events            TEXT NOT NULL,
    active            BOOLEAN NOT NULL,
    secret_sealed     TEXT NOT NULL,
    -- Signs too until then.
    old_secret_sealed TEXT,
    old_secret_until  BIGINT,
    -- Since when nothing was taken; none while it works.
    failing_since     BIGINT,
    -- When and why it was switched off by itself.
    switched_off_at   BIGINT,
    switched_off_for  TEXT,
    created_at        BIGINT NOT NULL,
    updated_at        BIGINT NOT NULL
);
CREATE INDEX webhook_endpoints_by_company ON webhook_endpoints (company_id, created_at, id);

-- One row per message and target: an endpoint's id, or telegram: and the company. States: due, done, failed.
CREATE TABLE outbox (
    target      TEXT NOT NULL,
    id          TEXT NOT NULL,
    company_id  TEXT NOT NULL REFERENCES companies (id),
    kind        TEXT NOT NULL,
    body        TEXT NOT NULL,
    state       TEXT NOT NULL,
    attempts    BIGINT NOT NULL,
    -- When it was put in, or in again: how long it is tried counts from here.
    queued_at   BIGINT NOT NULL,
    next_at     BIGINT NOT NULL,
    last_at     BIGINT,
    last_status BIGINT,
    last_error  TEXT,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (target, id)
);
CREATE INDEX outbox_due ON outbox (next_at) WHERE state = 'due';
CREATE INDEX outbox_due_of_target ON outbox (target, next_at) WHERE state = 'due';
CREATE INDEX outbox_by_target ON outbox (target, created_at, id);
CREATE INDEX outbox_by_age ON outbox (created_at);

-- Who serves a target: one process at a time, as long as its lease in `runners` lives. Nothing is sent before free_at.
CREATE TABLE outbox_lanes (
    target   TEXT PRIMARY KEY,
    runner   TEXT NOT NULL,
    free_at  BIGINT NOT NULL,
    failures BIGINT NOT NULL
);
