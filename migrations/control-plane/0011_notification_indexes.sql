-- What is unfinished of a company is counted, and a signature that came before is found, without reading its notifications.
CREATE INDEX notifications_unfinished ON notifications (company_id, state, verified);
CREATE INDEX notifications_by_signature ON notifications (company_id, gateway, signature);
