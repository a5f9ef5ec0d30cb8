-- Reservations that an agent holds for purchases that are not its router's, or that nobody knows. They are kept until a
-- person decides; the agent's entry is all that is known of them.
CREATE TABLE unknown_reservations (
    router_id     TEXT NOT NULL,
    company_id    TEXT NOT NULL,
    purchase_id   TEXT NOT NULL,
    name          TEXT NOT NULL,
    profile       TEXT NOT NULL,
    first_seen_at BIGINT NOT NULL,
    last_seen_at  BIGINT NOT NULL,
    PRIMARY KEY (router_id, purchase_id)
);
CREATE INDEX unknown_reservations_by_company ON unknown_reservations (company_id, last_seen_at);

-- What is handed over to an agent with an empty journal.
CREATE INDEX purchases_held_by_router ON purchases (router_id, id) WHERE open OR undecided;
