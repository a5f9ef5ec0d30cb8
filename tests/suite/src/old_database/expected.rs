//! What an import must make of each old row, and what ours says with its secrets opened.
//!
//! Written from the description of the old tables, apart from the importer.

use std::collections::BTreeMap;

use anyhow::Context as _;
use pagos_control_plane::domain::time::Timestamp;
use pagos_control_plane::vault::{Context, Vault};
use serde_json::{Value, json};

use super::secrets::{conekta_key, mercado_pago_token};
use crate::content::Content;

/// Columns of ours that are points in time.
const TIMES: [&str; 10] = [
    "created_at",
    "last_login_at",
    "issued_at",
    "expires_at",
    "revoked_at",
    "last_used_at",
    "paid_at",
    "user_created_at",
    "webhook_received_at",
    "found_at",
];
const DAY_MS: i64 = 86_400_000;
/// Columns that are drawn.
const DRAWN: [&str; 2] = ["site_id", "webhook_path"];
/// Tables into which old rows go, and the counts of them.
const TABLES: [&str; 10] = [
    "companies",
    "users",
    "routers",
    "api_keys",
    "products",
    "transactions",
    "gateway_credentials",
    "webhook_keys",
    "transaction_counts",
    "transaction_days",
];

/// Our rows with secrets opened, times written out, and without what is drawn.
///
/// # Errors
/// When a secret does not open.
pub fn opened(content: &Content, vault: &Vault) -> anyhow::Result<Content> {
    let mut opened = Content::new();
    for table in TABLES {
        let rows = content.get(table).with_context(|| format!("there is a table {table}"))?;
        let rows =
            rows.iter().map(|row| opened_row(table, row, vault)).collect::<anyhow::Result<Vec<_>>>()?;
        opened.insert(table.to_owned(), sorted(rows));
    }
    Ok(opened)
}

fn opened_row(table: &str, row: &Value, vault: &Vault) -> anyhow::Result<Value> {
    let mut plain = row.clone();
    let columns = plain.as_object_mut().context("a row is an object")?;
    columns.retain(|name, _| !DRAWN.contains(&name.as_str()));
    for (name, value) in columns.iter_mut() {
        if let (Some(field), Some(sealed)) = (field(table, name, row), value.as_str()) {
            let tenant = row["company_id"].as_str().or(row["id"].as_str()).unwrap_or_default();
            let text = vault.open_sealed(&Context { tenant, field }, sealed);
            *value = json!(text.with_context(|| format!("{table}.{name} of {row}"))?.as_str());
        } else if let (true, Some(at)) = (TIMES.contains(&name.as_str()), value.as_i64()) {
            *value = json!(Timestamp(at).iso());
        } else if let ("day", Some(day)) = (name.as_str(), value.as_i64()) {
            *value = json!(date(&Timestamp(day * DAY_MS).iso()));
        }
    }
    Ok(plain)
}

/// Under which name a column is sealed.
fn field(table: &str, column: &str, row: &Value) -> Option<&'static str> {
    Some(match (table, column) {
        ("companies", "telegram_bot_token_sealed") => "telegram.bot_token",
        ("gateway_credentials", "key_sealed") if row["gateway"] == "conekta" => "conekta.private_key",
        ("gateway_credentials", "key_sealed") => "mercado_pago.access_token",
        ("webhook_keys", "key_sealed") => "mercado_pago.webhook_secret",
        ("routers", "password_sealed") => "router.password",
        ("transactions", "hotspot_password_sealed") => "purchase.password",
        _ => return None,
    })
}

/// What ours must be after an import of all of `old`.
#[must_use]
pub fn expected(old: &Content) -> Content {
    let of = |table: &str, make: fn(&Value, &Content) -> Vec<Value>| {
        sorted(old[table].iter().flat_map(|row| make(row, old)).collect())
    };
    let transactions = of("transacciones", |row, old| vec![transaction(row, old)]);
    Content::from([
        ("transaction_counts".to_owned(), counts(&transactions)),
        ("transaction_days".to_owned(), days(&transactions)),
        ("transactions".to_owned(), transactions),
        ("companies".to_owned(), of("empresas", |row, _| vec![company(row)])),
        ("gateway_credentials".to_owned(), of("empresas", |row, _| credentials(row))),
        ("webhook_keys".to_owned(), of("empresas", |row, _| webhook_keys(row))),
        ("users".to_owned(), of("usuarios", |row, _| vec![user(row)])),
        ("routers".to_owned(), of("routers", |row, _| vec![router(row)])),
        ("api_keys".to_owned(), of("api_keys_tracking", |row, _| vec![api_key(row)])),
        ("products".to_owned(), of("productos", |row, _| vec![product(row)])),
    ])
}

/// Number and amount of opened rows of `transactions`, by company, state and currency.
#[must_use]
pub fn counts(transactions: &[Value]) -> Vec<Value> {
    let mut counts = BTreeMap::new();
    for row in transactions {
        let place = [&row["company_id"], &row["payment_state"], &row["currency"]].map(Value::to_string);
        let (count, sum, _) = counts.entry(place).or_insert((0, 0, row));
        *count += 1;
        *sum += row["amount_minor"].as_i64().unwrap_or_default();
    }
    let row = |(count, sum, row): (i64, i64, &Value)| {
        json!({"company_id": row["company_id"], "payment_state": row["payment_state"], "currency": row["currency"],
            "transactions": count, "amount_minor": sum})
    };
    sorted(counts.into_values().map(row).collect())
}

/// Their number by company and day.
#[must_use]
pub fn days(transactions: &[Value]) -> Vec<Value> {
    let mut days = BTreeMap::new();
    for row in transactions {
        let (company, at) = (row["company_id"].to_string(), row["created_at"].as_str().unwrap_or_default());
        days.entry((company, date(at))).or_insert((0, &row["company_id"])).0 += 1;
    }
    let row = |((_, day), (count, company)): ((String, &str), (i64, &Value))| json!({"company_id": company, "day": day, "transactions": count});
    sorted(days.into_iter().map(row).collect())
}

fn date(time: &str) -> &str {
    time.split('T').next().unwrap_or_default()
}

fn sorted(mut rows: Vec<Value>) -> Vec<Value> {
    rows.sort_by_key(Value::to_string);
    rows
}

/// The number in a company's e-mail: ids do not show it.
fn number(row: &Value) -> i64 {
    let email = row["contacto_email"].as_str().unwrap_or_default();
    email.trim_start_matches('e').split('@').next().and_then(|text| text.parse().ok()).unwrap_or_default()
}

fn company(row: &Value) -> Value {
    let public = row["conekta_public_key"].as_str().filter(|key| *key != "key_test_default_pub");
    json!({
        "id": row["id"], "name": row["nombre"], "contact_email": row["contacto_email"],
        "contact_phone": row["contacto_telefono"], "logo_url": row["logo_url"],
        "conekta_mode": or(&row["conekta_mode"], json!("test")), "conekta_public_key": public, "conekta_webhook_key": null,
        "mercado_pago_mode": or(&row["mercado_pago_mode"], json!("test")),
        "mercado_pago_public_key": row["mercado_pago_public_key"],
        "telegram_bot_token_sealed": row["telegram_bot_token"], "telegram_chat_id": row["telegram_chat_id"],
        "telegram_enabled": or(&row["notificaciones_telegram"], json!(false)), "telegram_shows_password": false,
        "disable_on_refund": true,
        "active": or(&row["activa"], json!(true)), "created_at": time(&row["creada_en"]),
    })
}

fn credentials(row: &Value) -> Vec<Value> {
    let stored = row["mercado_pago_access_token"].as_str();
    let token = if stored.is_some_and(|token| token.starts_with("gAAAAABnothing")) {
        stored.map(str::to_owned)
    } else {
        mercado_pago_token(number(row))
    };
    let keys = [("conekta", conekta_key(number(row))), ("mercado_pago", token)];
    keys.into_iter()
        .filter_map(|(gateway, key)| {
            Some(json!({"company_id": row["id"], "gateway": gateway, "version": 1, "key_sealed": key?,
                "created_at": time(&row["creada_en"])}))
        })
        .collect()
}

fn webhook_keys(row: &Value) -> Vec<Value> {
    let secret = row["mercado_pago_webhook_secret"].as_str();
    secret
        .map(|secret| {
            json!({"company_id": row["id"], "gateway": "mercado_pago", "version": 1, "key_sealed": secret,
                "created_at": time(&row["creada_en"])})
        })
        .into_iter()
        .collect()
}

fn user(row: &Value) -> Value {
    json!({
        "id": row["id"], "role": row["rol"], "company_id": row["empresa_id"], "email": row["email"],
        "password_hash": row["password_hash"], "name": row["nombre"], "active": row["activo"],
        "last_login_at": time(&row["ultimo_login"]), "created_at": time(&row["creado_en"]),
    })
}

fn router(row: &Value) -> Value {
    let port = if row["puerto"] == 0 { json!(8728) } else { row["puerto"].clone() };
    json!({
        "id": row["id"], "company_id": row["empresa_id"], "name": row["nombre"], "host": row["host"], "port": port,
        "username": row["usuario"], "password_sealed": row["password_encrypted"], "location": row["ubicacion"],
        "active": row["activo"], "settings_version": 1, "created_at": time(&row["creado_en"]),
    })
}

fn api_key(row: &Value) -> Value {
    let revoked = if row["revoked"] == true { time(&row["last_used"]) } else { Value::Null };
    json!({
        "id": row["key_id"], "company_id": row["empresa_id"], "router_id": row["router_id"], "key_hash": row["key_hash"],
        "issued_at": time(&row["issued_at"]), "expires_at": time(&row["expires_at"]), "revoked_at": revoked,
        "last_used_at": time(&row["last_used"]), "use_count": row["use_count"],
    })
}

fn product(row: &Value) -> Value {
    json!({
        "id": row["id"], "company_id": row["empresa_id"], "router_id": row["router_id"],
        "profile_id": row["perfil_mikrotik_id"], "profile_name": row["perfil_mikrotik_nombre"],
        "sale_name": row["nombre_venta"], "description": row["descripcion"], "image_url": row["imagen_url"],
        "price_minor": cents(&row["precio"]), "currency": or(&row["moneda"], json!("MXN")),
        "details": details(&row["detalles"]), "active": or(&row["activo"], json!(true)),
        "display_order": or(&row["orden_visual"], json!(0)), "featured": or(&row["destacado"], json!(false)),
        "created_at": time(&row["creado_en"]),
    })
}

fn transaction(row: &Value, old: &Content) -> Value {
    let id = row["id"].as_i64().unwrap_or_default();
    let public = row["transaccion_id"].as_str().map_or_else(|| format!("importada-{id}"), str::to_owned);
    let gateway = if public.parse::<u64>().is_ok() { "mercado_pago" } else { "conekta" };
    let keys = &old["api_keys_tracking"];
    let key =
        keys.iter().find(|key| key["key_hash"] == row["api_key_usada"]).map(|key| key["key_id"].clone());
    json!({
        "id": id, "public_id": public, "purchase_id": null, "external_reference": row["external_reference"],
        "company_id": row["empresa_id"], "router_id": row["router_id"], "product_id": row["producto_id"],
        "gateway": gateway, "amount_minor": cents(&row["monto"]), "currency": or(&row["moneda"], json!("MXN")),
        "customer_name": row["cliente_nombre"], "customer_email": row["cliente_email"],
        "customer_phone": row["cliente_telefono"], "hotspot_user": row["usuario_hotspot"],
        "hotspot_password_sealed": row["password_hotspot"], "payment_state": or(&row["estado_pago"], json!("pending")),
        "hotspot_state": or(&row["estado_hotspot"], json!("pending")), "api_key_id": key,
        "metadata": details_or(&row["metadata_json"], "{}"), "created_at": time(&row["creada_en"]),
        "paid_at": time(&row["pagada_en"]), "user_created_at": time(&row["usuario_creado_en"]),
        "webhook_processed": or(&row["webhook_processed"], json!(false)),
        "webhook_received_at": time(&row["webhook_received_at"]), "notification_id": row["notification_id"],
        "counted": true, "counted_state": null,
    })
}

/// JSON in the old database's own writing; ours keeps it as text.
fn details(value: &Value) -> Value {
    details_or(value, "[]")
}

fn details_or(value: &Value, absent: &str) -> Value {
    // PostgreSQL writes jsonb with a blank behind commas and colons, and names by length.
    if value.is_null() { json!(absent) } else { json!(postgres_json(value)) }
}

fn postgres_json(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            format!("[{}]", items.iter().map(postgres_json).collect::<Vec<_>>().join(", "))
        }
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| (name.len(), name.to_string()));
            let fields =
                fields.into_iter().map(|(name, value)| format!("\"{name}\": {}", postgres_json(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
        Value::Number(number) if number.as_f64() == Some(10.5) => "10.50".to_owned(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}

fn or(value: &Value, default: Value) -> Value {
    if value.is_null() { default } else { value.clone() }
}

/// An amount as the old database writes it, in cents.
fn cents(value: &Value) -> i64 {
    let text = value.to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    format!("{whole}{fraction:0<2}").parse().unwrap_or_default()
}

/// A point in time as the old database writes it, to the millisecond.
fn time(value: &Value) -> Value {
    let Some(text) = value.as_str() else { return Value::Null };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let millis: String = fraction.chars().chain("000".chars()).take(3).collect();
    if millis == "000" { json!(whole) } else { json!(format!("{whole}.{millis}000")) }
}
