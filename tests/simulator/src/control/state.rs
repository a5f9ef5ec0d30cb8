//! What `GET /state` shows.

use super::Control;
use crate::routeros::reply::Record;
use crate::routeros::router::Router;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Which part of the state is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Part {
    /// Names of routers, with commas between them; all without it.
    routers: Option<String>,
    /// `false` leaves the rows of `users` out, for a look at a router with many.
    users: Option<bool>,
    /// `false` leaves the gateways' orders and payments out; the ledgers stay.
    orders: Option<bool>,
}

pub(super) fn render(control: &Control, part: &Part) -> Value {
    let wanted = |router: &Router| {
        part.routers.as_deref().is_none_or(|names| names.split(',').any(|name| name == router.name))
    };
    let routers: Vec<Value> = control
        .routers
        .iter()
        .filter(|router| wanted(router))
        .map(|router| render_router(router, part.users != Some(false)))
        .collect();
    let mut conekta = Map::new();
    if part.orders != Some(false) {
        conekta.insert("orders".to_owned(), control.conekta.orders().into());
    }
    conekta.insert("ledger".to_owned(), json!(control.conekta.ledger()));
    let mut mercado_pago = Map::new();
    if part.orders != Some(false) {
        mercado_pago.insert("payments".to_owned(), control.mercado_pago.payments().into());
    }
    mercado_pago.insert("ledger".to_owned(), json!(control.mercado_pago.ledger()));
    json!({
        "routers": routers,
        "conekta": conekta,
        "mercado_pago": mercado_pago,
        "webhooks": super::gateways::shown(control),
        "clock": { "now_ms": control.clock.now_ms() },
    })
}

fn render_router(router: &Router, with_users: bool) -> Value {
    let snapshot = router.snapshot();
    let mut shown = Map::new();
    shown.insert("name".to_owned(), json!(router.name));
    shown.insert("version".to_owned(), json!(router.version));
    for (menu, rows) in snapshot.menus {
        if menu != "users" || with_users {
            shown.insert(menu.to_owned(), rows.into_iter().map(render_row).collect());
        }
    }
    shown.insert("commands".to_owned(), json!(snapshot.commands));
    Value::Object(shown)
}

/// Values are bytes on the wire; what is not UTF-8 is replaced here, for display.
fn render_row(row: Record) -> Value {
    let text = |value: Vec<u8>| match String::from_utf8(value) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    };
    row.into_iter()
        .map(|(name, value)| (name.to_owned(), Value::String(text(value))))
        .collect::<Map<_, _>>()
        .into()
}
