-- Rows as years of use leave them. Each is named in the test that expects what becomes of it.

-- Not taken: a currency that nobody knows, an amount below nothing.
INSERT INTO productos (id, empresa_id, router_id, perfil_mikrotik_id, perfil_mikrotik_nombre, nombre_venta, precio, moneda)
SELECT 900001, empresa_id, id, '*X', 'x', 'Moneda rara', 5, 'XXX' FROM routers ORDER BY id LIMIT 1;
INSERT INTO transacciones (id, transaccion_id, empresa_id, router_id, monto)
SELECT 900001, 'ord_negativa', empresa_id, id, -5 FROM routers ORDER BY id LIMIT 1;

-- Taken, with a note: e-mails that differ by case, a port that is none, a hash of another kind, a secret that does not open.
INSERT INTO usuarios (id, rol, email, password_hash, nombre)
VALUES (900001, 'super_admin', 'SUPER@example.org', 'pbkdf2:sha256:1$x$y', 'Otro');
UPDATE routers SET puerto = 0 WHERE id = (SELECT max(id) FROM routers);
UPDATE empresas SET mercado_pago_access_token = 'gAAAAABnothing-that-opens-ever__' WHERE id = (SELECT max(id) FROM empresas);

-- Taken as they are: nothing said where something is usual, details of every shape.
INSERT INTO transacciones (id, transaccion_id, empresa_id, router_id, monto, moneda, estado_pago, estado_hotspot,
    creada_en)
SELECT 900002, NULL, empresa_id, id, 12.5, NULL, NULL, NULL, timestamp '2025-05-05 05:05:05' FROM routers ORDER BY id LIMIT 1;
UPDATE productos SET moneda = NULL, activo = NULL, orden_visual = NULL, destacado = NULL WHERE id = 1;
UPDATE productos SET detalles = '["10 Mbps", 2, null]' WHERE id = 2;
UPDATE productos SET detalles = '"[{\"texto\": \"10 Mbps\"}]"' WHERE id = 3;
UPDATE productos SET detalles = NULL WHERE id = 4;
UPDATE productos SET detalles = '{"label": "Velocidad", "value": 10.50}' WHERE id = 5;
UPDATE empresas SET activa = NULL, conekta_mode = NULL WHERE id = (SELECT min(id) FROM empresas);
