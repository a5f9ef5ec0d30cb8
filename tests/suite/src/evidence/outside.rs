//! What the simulator shows: routers and gateways.

use std::collections::BTreeMap;

use anyhow::Context;
use serde_json::Value;

use super::{Evidence, LedgerEntry, Payment, User};
use crate::simulator::gateways::Gateway;

/// Reads the users of the first router, which is `router_id`.
pub(super) fn router(state: &Value, router_id: &str, evidence: &mut Evidence) -> anyhow::Result<()> {
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
    Ok(())
}

/// Reads payments and books of both gateways.
pub(super) fn gateways(state: &Value, evidence: &mut Evidence) -> anyhow::Result<()> {
    let shown = [
        (Gateway::Conekta, "/conekta/orders", "payment_status", "order_id"),
        (Gateway::MercadoPago, "/mercado_pago/payments", "status", "payment_id"),
    ];
    for (gateway, payments, status, name) in shown {
        for row in rows(state, payments)? {
            evidence.payments.push(payment(gateway, row, status)?);
        }
        let own = evidence.payments.iter().filter(|payment| payment.gateway == gateway);
        let sales: BTreeMap<&str, &str> =
            own.map(|payment| (payment.id.as_str(), payment.sale_id.as_str())).collect();
        for row in rows(state, &format!("/{}/ledger", gateway.word()))? {
            let payment_id = id(&row[name]).with_context(|| format!("no {name} in {row}"))?;
            evidence.ledger.push(LedgerEntry {
                gateway,
                kind: text(row, "kind")?,
                sale_id: sales.get(payment_id.as_str()).copied().unwrap_or_default().to_owned(),
                payment_id,
                amount: number(row, "amount")?,
                at_ms: number(row, "at_ms")?,
            });
        }
    }
    Ok(())
}

fn payment(gateway: Gateway, row: &Value, status: &str) -> anyhow::Result<Payment> {
    let metadata = |name: &str| row["metadata"][name].as_str().unwrap_or_default().to_owned();
    Ok(Payment {
        gateway,
        id: id(&row["id"]).with_context(|| format!("no id in {row}"))?,
        sale_id: metadata("sale_id"),
        company_id: metadata("empresa_id"),
        router_id: metadata("router_id"),
        status: row[status].as_str().unwrap_or_default().to_owned(),
    })
}

/// An id, which one gateway writes as a text and the other as a number.
fn id(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned).or_else(|| value.as_u64().map(|id| id.to_string()))
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
