-- The place of its buyer that a purchase holds until it is decided: two purchases of one product by one buyer are never
-- under way at once. Purchases from before hold none; their undecided charges are looked for as before.
ALTER TABLE purchases ADD COLUMN slot TEXT;
CREATE UNIQUE INDEX purchases_by_slot ON purchases (router_id, product_id, slot) WHERE slot IS NOT NULL;
