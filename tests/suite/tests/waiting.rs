//! Purchases that wait: for the buyer at the bank, or for somebody who looks at the payment; and the webhooks that end the
//! waiting.
#![allow(clippy::disallowed_methods, reason = "tests stand outside the simulated world")]

use std::time::{Duration, Instant};

use anyhow::Context as _;
use pagos_suite::checkers::assert_promises;
use pagos_suite::on_both_databases;
use pagos_suite::portal::{Answer, Order};
use pagos_suite::sandbox::{Database, Sandbox};
use pagos_suite::simulator::Simulator;
use pagos_suite::simulator::gateways::{Gateway, Happening, Outcome, Sending, Signature};
use pagos_suite::wait::until;
use serde_json::{Value, json};

/// Long enough for everything that is left to do after an answer.
const SETTLED_WITHIN: Duration = Duration::from_secs(90);
/// How soon a webhook must have led to the access. Without one, the next question comes five seconds after the first.
const TOLD_WITHIN: Duration = Duration::from_secs(4);
/// A page that has been opened for the buyer.
const BANK_PAGE: &str = "https://3ds-pay.conekta.com/c/1";

/// The buyer's time at the bank, shortened so that tests need not wait as long as a buyer may.
const HURRIED: [(&str, &str); 3] = [
    ("PAGOS_PURCHASE__PENDING_MAX_MS", "3000"),
    ("PAGOS_PURCHASE__QUIET_PERIOD_MS", "2000"),
    ("PAGOS_CONEKTA__CHARGE_TIMEOUT_MS", "4000"),
];

on_both_databases!(
    a_challenge_that_is_passed_gives_access,
    a_challenge_that_is_abandoned_is_closed_and_undone,
    a_review_that_ends_well_gives_access_as_soon_as_the_webhook_tells,
    a_review_that_ends_badly_gives_nothing,
    a_forged_webhook_changes_nothing,
    a_refund_at_the_gateway_takes_the_access_back,
);

async fn a_challenge_that_is_passed_gives_access(database: Database) -> anyhow::Result<()> {
    let sandbox = Sandbox::start(database).await?;
    let (portal, simulator) = (sandbox.portal()?, sandbox.simulator()?);
    challenge(&simulator).await?;
    let answer = portal.buy(&Order::new("challenged", hour(&sandbox))).await?;

    assert_eq!((answer.status, answer.code()), (202, "payment_waiting"), "{answer:?}");
    assert_eq!(answer.body["accion"], json!({"tipo": "redirect", "url": BANK_PAGE}));
    assert!(answer.body.get("usuario_hotspot").is_none());
    // The buyer passes: from now on the gateway shows the truth, which is that the charge went through.
    simulator.clear_faults().await?;
    let decided = portal.decided(answer.purchase_id(), SETTLED_WITHIN).await?;
    assert_eq!(decided.status, 200, "{decided:?}");
    assert_promises(&sandbox.settled(SETTLED_WITHIN).await?);
    Ok(())
}

async fn a_challenge_that_is_abandoned_is_closed_and_undone(database: Database) -> anyhow::Result<()> {
    let sandbox = Sandbox::start_with(database, &HURRIED).await?;
    let (portal, simulator) = (sandbox.portal()?, sandbox.simulator()?);
    let users = simulator.users().await?;
    // The charge never takes effect, and the order waits for the buyer.
    simulator
        .fault(json!({"target": "conekta", "kind": "drop_before", "match": "/charges", "count": 1}))
        .await?;
    challenge(&simulator).await?;
    let answer = portal.buy(&Order::new("abandoned", hour(&sandbox))).await?;
    assert_eq!((answer.status, answer.code()), (202, "payment_waiting"), "{answer:?}");
    until("the order is closed", SETTLED_WITHIN, || async {
        let state = simulator.state().await?;
        let canceled = state.pointer("/conekta/orders").and_then(Value::as_array).into_iter().flatten();
        Ok(canceled.into_iter().any(|order| order["payment_status"] == "canceled").then_some(()))
    })
    .await?;
    simulator.clear_faults().await?;

    let decided = portal.decided(answer.purchase_id(), SETTLED_WITHIN).await?;
    assert_eq!((decided.status, decided.code()), (402, "payment_canceled"), "{decided:?}");
    let evidence = sandbox.settled(SETTLED_WITHIN).await?;
    assert_eq!(simulator.users().await?, users);
    assert_promises(&evidence);
    Ok(())
}

async fn a_review_that_ends_well_gives_access_as_soon_as_the_webhook_tells(
    database: Database,
) -> anyhow::Result<()> {
    let sandbox = Sandbox::start(database).await?;
    let answer = reviewed(&sandbox, "tok_review_1").await?;
    let order = order_of(&sandbox, &answer).await?;
    let told = Instant::now();
    sandbox.simulator()?.happen(Gateway::Conekta, &order, Happening::Pay).await?;
    let phase = until("the purchase is delivered", TOLD_WITHIN, || async {
        let evidence = sandbox.evidence().await?;
        let purchase = evidence.purchase(answer.purchase_id()).context("it is stored")?;
        Ok((purchase.phase == "completed").then(|| purchase.phase.clone()))
    });
    phase.await.with_context(|| format!("after {} ms", told.elapsed().as_millis()))?;
    let evidence = sandbox.settled(SETTLED_WITHIN).await?;
    let lines = &evidence.records[answer.purchase_id()];
    assert!(lines.iter().any(|line| line.step == "notified"), "it was the webhook that told: {lines:?}");
    assert_promises(&evidence);
    Ok(())
}

async fn a_review_that_ends_badly_gives_nothing(database: Database) -> anyhow::Result<()> {
    let sandbox = Sandbox::start(database).await?;
    let answer = reviewed(&sandbox, "tok_review_2").await?;
    let order = order_of(&sandbox, &answer).await?;
    sandbox.simulator()?.happen(Gateway::Conekta, &order, Happening::Fail).await?;
    let decided = sandbox.portal()?.decided(answer.purchase_id(), SETTLED_WITHIN).await?;
    assert_eq!(decided.status, 402, "{decided:?}");
    assert_promises(&sandbox.settled(SETTLED_WITHIN).await?);
    Ok(())
}

async fn a_forged_webhook_changes_nothing(database: Database) -> anyhow::Result<()> {
    let sandbox = Sandbox::start(database).await?;
    let (portal, simulator) = (sandbox.portal()?, sandbox.simulator()?);
    let mut sold = Vec::new();
    for gateway in [Gateway::Conekta, Gateway::MercadoPago] {
        let answer = portal.buy(&Order::at(gateway, gateway.word(), hour(&sandbox))).await?;
        assert_eq!(answer.status, 200, "{answer:?}");
        sold.push((gateway, answer));
    }
    // The genuine notifications of these sales may still come in; each is noted with its purchase.
    let seen = tokio::sync::Mutex::new(sandbox.settled(SETTLED_WITHIN).await?);
    until("the genuine notifications are read", SETTLED_WITHIN, || async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let (now, mut seen) = (sandbox.settled(SETTLED_WITHIN).await?, seen.lock().await);
        let quiet = now.purchases == seen.purchases && now.records == seen.records;
        *seen = now;
        Ok(quiet.then_some(()))
    })
    .await?;
    let before = seen.into_inner();
    for (gateway, answer) in &sold {
        let payment = answer.body["id_transaccion"].as_str().unwrap_or_default();
        for (number, signature) in [Signature::Bad, Signature::None].into_iter().enumerate() {
            let sending = Sending {
                signature,
                event_id: Some(format!("99000{number}")),
                ..Sending::newest(*gateway, payment)
            };
            simulator.send_webhook(&sending).await?;
        }
    }
    until("every forged webhook was turned away", SETTLED_WITHIN, || async {
        let forged: Vec<_> = simulator
            .deliveries()
            .await?
            .into_iter()
            .filter(|delivery| delivery.event_id.starts_with("99000"))
            .collect();
        let away = forged.iter().filter(|delivery| delivery.status == Some(401));
        anyhow::ensure!(forged.iter().all(|delivery| delivery.outcome != Outcome::Delivered), "{forged:?}");
        Ok((away.count() == 4).then_some(()))
    })
    .await?;
    let after = sandbox.settled(SETTLED_WITHIN).await?;
    assert_eq!(after.purchases, before.purchases);
    assert_eq!(after.records, before.records);
    assert_promises(&after);
    Ok(())
}

async fn a_refund_at_the_gateway_takes_the_access_back(database: Database) -> anyhow::Result<()> {
    let sandbox = Sandbox::start(database).await?;
    let (portal, simulator) = (sandbox.portal()?, sandbox.simulator()?);
    for gateway in [Gateway::Conekta, Gateway::MercadoPago] {
        let answer = portal.buy(&Order::at(gateway, gateway.word(), hour(&sandbox))).await?;
        assert_eq!(answer.status, 200, "{answer:?}");
        let payment = answer.body["id_transaccion"].as_str().unwrap_or_default();
        simulator.happen(gateway, payment, Happening::Refund(Some(500))).await?;
        simulator.happen(gateway, payment, Happening::Refund(None)).await?;
        until("the user is disabled", SETTLED_WITHIN, || async {
            let evidence = sandbox.evidence().await?;
            let row = evidence.users.iter().find(|user| user.name == answer.hotspot_user());
            Ok(row.is_none_or(|user| user.disabled).then_some(()))
        })
        .await?;
        let evidence = sandbox.settled(SETTLED_WITHIN).await?;
        let purchase = evidence.purchase(answer.purchase_id()).context("it is stored")?;
        assert_eq!((purchase.phase.as_str(), purchase.refunded), ("reversed", 2_000));
        assert_promises(&evidence);
    }
    Ok(())
}

/// Lets every order show that the buyer must pass a challenge.
async fn challenge(simulator: &Simulator) -> anyhow::Result<()> {
    let action = json!({"type": "redirect_to_url", "redirect_to_url": {"url": BANK_PAGE}});
    simulator
        .fault(json!({"target": "conekta", "kind": "alter", "match": "GET /orders/",
            "set": {"/payment_status": "pending_payment", "/next_action": action}}))
        .await
        .map(drop)
}

/// Buys with a card whose charge somebody looks at first.
async fn reviewed(sandbox: &Sandbox, token: &str) -> anyhow::Result<Answer> {
    let order = Order::new(token, hour(sandbox)).with_card(token);
    let answer = sandbox.portal()?.buy(&order).await?;
    assert_eq!((answer.status, answer.code()), (202, "payment_in_review"), "{answer:?}");
    Ok(answer)
}

async fn order_of(sandbox: &Sandbox, answer: &Answer) -> anyhow::Result<String> {
    let evidence = sandbox.evidence().await?;
    let purchase = evidence.purchase(answer.purchase_id()).context("the purchase is stored")?;
    purchase.payment_id.clone().context("it has an order")
}

fn hour(sandbox: &Sandbox) -> i64 {
    sandbox.ready.productos[0].id
}
