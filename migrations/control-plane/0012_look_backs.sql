-- When a completed purchase is looked at again of itself: news of money that was taken back may have been lost.
ALTER TABLE purchases ADD COLUMN look_back_at BIGINT;
CREATE INDEX purchases_look_backs ON purchases (look_back_at) WHERE look_back_at IS NOT NULL;
UPDATE purchases SET look_back_at = created_at + 86400000 WHERE phase = 'completed';
