-- The password that a hotspot user was sold with is looked for by its name.
CREATE INDEX transactions_by_hotspot_user ON transactions (router_id, hotspot_user);
