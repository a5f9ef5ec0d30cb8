//! What banks, shops and admins do with payments afterwards: reviews end, and money goes back, past us and through us.

use std::time::Duration;

use serde_json::{Value, json};

use super::chance::Chance;
use super::load::Street;
use super::world::reviewed;
use crate::operator::Operator;
use crate::simulator::Simulator;
use crate::simulator::gateways::{Gateway, Happening};

/// How often banks and shops look.
const BANK_INTERVAL: Duration = Duration::from_millis(1_500);
/// How long an admin looks at the transactions before giving money back, in milliseconds; by then it may all be down.
const REFUND_MS: (u64, u64) = (200, 3_000);
/// How often an admin asks for the same refund until it is given up.
const TRIES_MAX: u32 = 5;
/// Pause before an admin asks again, in milliseconds.
const AGAIN_MS: (u64, u64) = (500, 3_000);
/// A part of the price, in major and in minor units.
const PART: (u32, u64) = (5, 500);
/// Newest transactions that an admin looks at.
const SHOWN: u32 = 100;

/// Ends reviews, and gives some of the money back at the gateway's own panel, past us.
pub async fn bank(street: Street, gateways: Simulator) {
    while !street.stop.get() {
        tokio::time::sleep(BANK_INTERVAL).await;
        let Ok(state) = gateways.state().await else { continue };
        for order in reviewed(&state) {
            let what = if street.chance.borrow_mut().percent(80) { Happening::Pay } else { Happening::Fail };
            // It may have been closed meanwhile.
            let _ = gateways.happen(Gateway::Conekta, &order, what).await;
        }
        let refund = street.chance.borrow_mut().percent(30);
        let chosen = if refund { paid(&state, &mut street.chance.borrow_mut()) } else { None };
        if let Some((gateway, id)) = chosen {
            let amount = street.chance.borrow_mut().percent(30).then_some(PART.1);
            if gateways.happen(gateway, &id, Happening::Refund(amount)).await.is_ok() {
                street.tally.borrow_mut().gateway_refunds += 1;
            }
        }
    }
}

/// One of the payments that are paid.
fn paid(state: &Value, chance: &mut Chance) -> Option<(Gateway, String)> {
    let rows = |pointer: &str| state.pointer(pointer).and_then(Value::as_array).into_iter().flatten();
    let orders = rows("/conekta/orders").filter(|order| order["payment_status"] == "paid");
    let payments = rows("/mercado_pago/payments").filter(|payment| payment["status"] == "approved");
    let all: Vec<(Gateway, &Value)> = orders
        .map(|order| (Gateway::Conekta, &order["id"]))
        .chain(payments.map(|payment| (Gateway::MercadoPago, &payment["id"])))
        .collect();
    if all.is_empty() {
        return None;
    }
    let (gateway, id) = chance.pick(&all);
    Some((gateway, id.as_str().map_or_else(|| id.to_string(), str::to_owned)))
}

/// An admin gives money back through us, all of it or a part, and asks again when the answer was lost or unsettled.
pub async fn refunds(street: Street, operator: Operator, admin: usize) {
    let mut number = 0;
    while !street.stop.get() {
        let chosen = sold(&street, &operator).await;
        let pause = street.chance.borrow_mut().pause(REFUND_MS);
        tokio::time::sleep(pause).await;
        let Some(transaction) = chosen else { continue };
        number += 1;
        let whole = street.chance.borrow_mut().percent(60);
        let body = if whole { json!({"motivo": "chaos"}) } else { json!({"monto": PART.0}) };
        {
            let refunds = &mut street.tally.borrow_mut().refunds;
            *(if whole { &mut refunds.whole } else { &mut refunds.partial }) += 1;
        }
        refund(&street, &operator, transaction, &format!("chaos-refund-{admin}-{number}"), &body).await;
    }
}

/// One of the newest transactions that are paid.
async fn sold(street: &Street, operator: &Operator) -> Option<i64> {
    let path = format!("/api/v1/admin/mi-empresa/transacciones?limit={SHOWN}");
    let shown = operator.get(&path).await.ok()?;
    let rows = shown.body["transacciones"].as_array().into_iter().flatten();
    let paid = rows.filter(|row| {
        matches!(row["estado_pago"].as_str(), Some("paid" | "approved" | "partially_refunded"))
    });
    let ids: Vec<i64> = paid.filter_map(|row| row["id"].as_i64()).collect();
    (!ids.is_empty()).then(|| street.chance.borrow_mut().pick(&ids))
}

async fn refund(street: &Street, operator: &Operator, transaction: i64, key: &str, body: &Value) {
    let path = format!("/api/v1/admin/mi-empresa/transacciones/{transaction}/reembolso");
    for _ in 0..TRIES_MAX {
        let answer = operator.post(&path, key, body).await;
        let status = answer.as_ref().map_or(0, |answer| answer.status);
        {
            let refunds = &mut street.tally.borrow_mut().refunds;
            *refunds.answers.entry(status).or_default() += 1;
            if let Ok(answer) = &answer
                && status == 200
            {
                let id = answer.body.pointer("/reembolso/id").and_then(Value::as_str);
                refunds.told_done.push(id.unwrap_or_default().to_owned());
            }
        }
        // A refusal of the gateway is 502 as well: asked again, it is the same refusal.
        if !matches!(status, 0 | 202 | 429 | 500..) || street.stop.get() {
            return;
        }
        let pause = street.chance.borrow_mut().pause(AGAIN_MS);
        tokio::time::sleep(pause).await;
    }
}
