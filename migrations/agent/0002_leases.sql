-- When to ask what became of a reservation; NULL when nothing is left to be decided.
ALTER TABLE purchase ADD COLUMN ask_at BIGINT;
-- The paid user was looked for and is gone. Reported until something newer is known.
ALTER TABLE purchase ADD COLUMN missing BOOLEAN NOT NULL DEFAULT FALSE;
-- A reservation was cut off in the middle: the router may still make its user after it was seen not to be there.
ALTER TABLE purchase ADD COLUMN doubt BOOLEAN NOT NULL DEFAULT FALSE;
-- The user was confirmed at some time.
ALTER TABLE purchase ADD COLUMN confirmed BOOLEAN NOT NULL DEFAULT FALSE;

UPDATE purchase SET ask_at = started_at
WHERE (kind = 'reserve' AND (step = 'started' OR json_extract(outcome, '$.result') <> 'refused'))
   OR (kind IN ('confirm', 'release') AND (step = 'started' OR json_extract(outcome, '$.result') <> 'done'));
UPDATE purchase SET confirmed = TRUE
WHERE kind = 'confirm' AND step = 'done' AND json_extract(outcome, '$.result') = 'done';
UPDATE purchase SET doubt = TRUE WHERE kind = 'reserve' AND step = 'started';

CREATE INDEX purchase_by_router ON purchase (router_id, purchase_id);
CREATE INDEX purchase_by_name ON purchase (router_id, name);
CREATE INDEX purchase_to_ask ON purchase (router_id, purchase_id) WHERE ask_at IS NOT NULL;
CREATE INDEX purchase_missing ON purchase (router_id, purchase_id) WHERE missing;

-- What was last seen of each router, to notice a restart, a restored backup or another box.
CREATE TABLE router_seen (
    router_id TEXT NOT NULL PRIMARY KEY,
    serial TEXT NOT NULL,
    uptime_s BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);
