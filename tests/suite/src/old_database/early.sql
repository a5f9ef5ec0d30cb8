-- What databases lack that are older than the last models.

ALTER TABLE empresas
    DROP COLUMN logo_url, DROP COLUMN mercado_pago_webhook_secret, DROP COLUMN telegram_bot_token,
    DROP COLUMN telegram_chat_id, DROP COLUMN notificaciones_telegram;
ALTER TABLE transacciones
    DROP COLUMN external_reference, DROP COLUMN metadata_json, DROP COLUMN notification_id,
    DROP COLUMN webhook_processed, DROP COLUMN webhook_received_at;
