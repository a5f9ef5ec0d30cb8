-- Portable between SQLite and PostgreSQL: TEXT ids, BIGINT milliseconds UTC, BOOLEAN, JSON as TEXT,
-- money as BIGINT minor units beside its currency. A column that ends in _sealed holds a vault text.

CREATE TABLE sequences (
    name  TEXT PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO sequences (name, value) VALUES ('users', 0), ('products', 0), ('transactions', 0);

CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE companies (
    id                        TEXT PRIMARY KEY,
    name                      TEXT NOT NULL,
    contact_email             TEXT,
    contact_phone             TEXT,
    logo_url                  TEXT,
    conekta_mode              TEXT NOT NULL,
    conekta_public_key        TEXT,
    conekta_webhook_key       TEXT,
    mercado_pago_mode         TEXT NOT NULL,
    mercado_pago_public_key   TEXT,
    telegram_bot_token_sealed TEXT,
    telegram_chat_id          TEXT,
    telegram_enabled          BOOLEAN NOT NULL,
    disable_on_refund         BOOLEAN NOT NULL,
    active                    BOOLEAN NOT NULL,
    created_at                BIGINT NOT NULL
);

-- Gateway secrets are never overwritten: an attempt names the version it used.
CREATE TABLE gateway_credentials (
    company_id TEXT NOT NULL REFERENCES companies (id),
    gateway    TEXT NOT NULL,
    version    BIGINT NOT NULL,
    key_sealed TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (company_id, gateway, version)
);

CREATE TABLE users (
    id            BIGINT PRIMARY KEY,
    role          TEXT NOT NULL,
    company_id    TEXT REFERENCES companies (id),
    email         TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    name          TEXT NOT NULL,
    active        BOOLEAN NOT NULL,
    last_login_at BIGINT,
    created_at    BIGINT NOT NULL,
    CHECK ((role = 'super_admin' AND company_id IS NULL) OR (role = 'cliente_admin' AND company_id IS NOT NULL))
);
CREATE INDEX users_by_company ON users (company_id);

CREATE TABLE sessions (
    id         TEXT PRIMARY KEY,
    user_id    BIGINT NOT NULL REFERENCES users (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id);

CREATE TABLE setup_links (
    secret_hash TEXT PRIMARY KEY,
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL
);

CREATE TABLE sites (
    id         TEXT PRIMARY KEY,
    company_id TEXT NOT NULL REFERENCES companies (id),
    name       TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (id, company_id)
);
CREATE INDEX sites_by_company ON sites (company_id);

CREATE TABLE routers (
    id               TEXT PRIMARY KEY,
    company_id       TEXT NOT NULL,
    site_id          TEXT NOT NULL,
    name             TEXT NOT NULL,
    host             TEXT NOT NULL,
    port             BIGINT NOT NULL,
    username         TEXT NOT NULL,
    password_sealed  TEXT NOT NULL,
    location         TEXT,
    active           BOOLEAN NOT NULL,
    settings_version BIGINT NOT NULL,
    created_at       BIGINT NOT NULL,
    UNIQUE (id, company_id),
    FOREIGN KEY (site_id, company_id) REFERENCES sites (id, company_id)
);
CREATE INDEX routers_by_company ON routers (company_id);
CREATE INDEX routers_by_site ON routers (site_id);

-- The authority that signs agents; one row.
CREATE TABLE authority (
    id              BIGINT PRIMARY KEY,
    certificate_pem TEXT NOT NULL,
    key_sealed      TEXT NOT NULL,
    created_at      BIGINT NOT NULL
);

-- One live identity per site: an older one is revoked when a new one is enrolled.
CREATE TABLE agents (
    id                      TEXT PRIMARY KEY,
    site_id                 TEXT NOT NULL,
    company_id              TEXT NOT NULL,
    certificate_fingerprint TEXT NOT NULL UNIQUE,
    certificate_expires_at  BIGINT NOT NULL,
    version                 TEXT NOT NULL,
    journal_id              TEXT,
    enrolled_at             BIGINT NOT NULL,
    last_seen_at            BIGINT,
    revoked_at              BIGINT,
    FOREIGN KEY (site_id, company_id) REFERENCES sites (id, company_id)
);
CREATE INDEX agents_by_site ON agents (site_id);

CREATE TABLE enrolment_tokens (
    secret_hash TEXT PRIMARY KEY,
    site_id     TEXT NOT NULL,
    company_id  TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    used_at     BIGINT,
    FOREIGN KEY (site_id, company_id) REFERENCES sites (id, company_id)
);

CREATE TABLE api_keys (
    id           TEXT PRIMARY KEY,
    company_id   TEXT NOT NULL,
    router_id    TEXT NOT NULL,
    key_hash     TEXT NOT NULL UNIQUE,
    issued_at    BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    revoked_at   BIGINT,
    last_used_at BIGINT,
    use_count    BIGINT NOT NULL,
    FOREIGN KEY (router_id, company_id) REFERENCES routers (id, company_id)
);
CREATE INDEX api_keys_by_router ON api_keys (router_id);

CREATE TABLE products (
    id            BIGINT PRIMARY KEY,
    company_id    TEXT NOT NULL,
    router_id     TEXT NOT NULL,
    profile_id    TEXT NOT NULL,
    profile_name  TEXT NOT NULL,
    sale_name     TEXT NOT NULL,
    description   TEXT,
    image_url     TEXT,
    price_minor   BIGINT NOT NULL,
    currency      TEXT NOT NULL,
    details       TEXT NOT NULL,
    active        BOOLEAN NOT NULL,
    display_order BIGINT NOT NULL,
    featured      BOOLEAN NOT NULL,
    created_at    BIGINT NOT NULL,
    UNIQUE (company_id, router_id, profile_id),
    FOREIGN KEY (router_id, company_id) REFERENCES routers (id, company_id)
);
CREATE INDEX products_by_router ON products (router_id);

-- One row per purchase; `state` is the machine's state, the other columns are what queries ask for.
CREATE TABLE purchases (
    id          TEXT PRIMARY KEY,
    company_id  TEXT NOT NULL,
    router_id   TEXT NOT NULL,
    product_id  BIGINT NOT NULL,
    buyer       TEXT NOT NULL,
    phase       TEXT NOT NULL,
    version     BIGINT NOT NULL,
    state       TEXT NOT NULL,
    runner      TEXT NOT NULL,
    open        BOOLEAN NOT NULL,
    undecided   BOOLEAN NOT NULL,
    wake_at     BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    FOREIGN KEY (router_id, company_id) REFERENCES routers (id, company_id)
);
CREATE INDEX purchases_open ON purchases (created_at) WHERE open;
CREATE INDEX purchases_by_router ON purchases (router_id, company_id);
CREATE INDEX purchases_undecided ON purchases (router_id, product_id, buyer) WHERE undecided;

CREATE TABLE idempotency_keys (
    router_id   TEXT NOT NULL,
    key         TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    purchase_id TEXT NOT NULL REFERENCES purchases (id),
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (router_id, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

-- Names drawn for a router, so that none is sold twice within 90 days.
CREATE TABLE drawn_names (
    router_id   TEXT NOT NULL,
    name        TEXT NOT NULL,
    purchase_id TEXT NOT NULL,
    drawn_at    BIGINT NOT NULL,
    PRIMARY KEY (router_id, name)
);
CREATE INDEX drawn_names_by_age ON drawn_names (drawn_at);

CREATE TABLE transactions (
    id                      BIGINT PRIMARY KEY,
    public_id               TEXT NOT NULL UNIQUE,
    purchase_id             TEXT UNIQUE REFERENCES purchases (id),
    external_reference      TEXT UNIQUE,
    company_id              TEXT NOT NULL REFERENCES companies (id),
    router_id               TEXT NOT NULL,
    product_id              BIGINT,
    gateway                 TEXT NOT NULL,
    amount_minor            BIGINT NOT NULL,
    currency                TEXT NOT NULL,
    customer_name           TEXT,
    customer_email          TEXT,
    customer_phone          TEXT,
    hotspot_user            TEXT,
    hotspot_password_sealed TEXT,
    payment_state           TEXT NOT NULL,
    hotspot_state           TEXT NOT NULL,
    api_key_id              TEXT,
    metadata                TEXT NOT NULL,
    created_at              BIGINT NOT NULL,
    paid_at                 BIGINT,
    user_created_at         BIGINT
);
CREATE INDEX transactions_by_company ON transactions (company_id, created_at, id);
CREATE INDEX transactions_by_router ON transactions (router_id);
