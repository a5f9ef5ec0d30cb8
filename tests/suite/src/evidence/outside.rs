//! What the simulator shows: routers and gateway.

use anyhow::Context;
use serde_json::Value;

use super::{Evidence, LedgerEntry, Order, User};

pub(super) fn read(state: &Value, router_id: &str, evidence: &mut Evidence) -> anyhow::Result<()> {
    for row in rows(state, "/routers/0/users")? {
        if row["default"] == "true" {
            continue;
        }
        evidence.users.push(User {
            router_id: router_id.to_owned(),
            name: text(row, "name")?,
            comment: row["comment"].as_str().unwrap_or_default().to_owned(),
            disabled: row["disabled"] == "true",
        });
    }
    for row in rows(state, "/conekta/orders")? {
        let metadata = |name: &str| row["metadata"][name].as_str().unwrap_or_default().to_owned();
        evidence.orders.push(Order {
            id: text(row, "id")?,
            sale_id: metadata("sale_id"),
            company_id: metadata("empresa_id"),
            router_id: metadata("router_id"),
            status: row["payment_status"].as_str().unwrap_or_default().to_owned(),
            amount: number(row, "amount")?,
        });
    }
    for row in rows(state, "/conekta/ledger")? {
        evidence.ledger.push(LedgerEntry {
            kind: text(row, "kind")?,
            order_id: text(row, "order_id")?,
            amount: number(row, "amount")?,
            at_ms: number(row, "at_ms")?,
        });
    }
    Ok(())
}

fn rows<'a>(state: &'a Value, pointer: &str) -> anyhow::Result<&'a Vec<Value>> {
    state.pointer(pointer).and_then(Value::as_array).with_context(|| format!("the simulator shows {pointer}"))
}

fn text(row: &Value, name: &str) -> anyhow::Result<String> {
    row[name].as_str().map(str::to_owned).with_context(|| format!("no {name} in {row}"))
}

fn number(row: &Value, name: &str) -> anyhow::Result<i64> {
    row[name].as_i64().with_context(|| format!("no {name} in {row}"))
}
