//! The client of the simulator's control API, against the program.
#![allow(clippy::disallowed_methods, reason = "tests stand outside the simulated world")]

use std::time::Duration;

use anyhow::Context as _;
use pagos_suite::portal::client;
use pagos_suite::simulator::gateways::{Destination, Gateway, Happening, Outcome, Sending};
use pagos_suite::simulator::{OwnSimulator, Simulator};
use pagos_suite::wait::until;
use serde_json::{Value, json};

/// The longest a webhook may take to be given up, in milliseconds.
const GIVEN_UP_MS_MAX: u64 = 10_000;

#[tokio::test]
async fn what_happens_at_a_gateway_is_ordered_and_seen_through_the_client() -> anyhow::Result<()> {
    let own = OwnSimulator::start(&["name=kiosco,version=7.20.8"]).await?;
    let simulator = Simulator::at(&own.ready.control_url)?;
    // Port 9 discards: nobody listens there.
    let mut nobody = Destination::new(Gateway::MercadoPago, "http://127.0.0.1:9/webhooks", Some("secret"));
    nobody.attempts = 1;
    assert_eq!(simulator.webhooks_to(&nobody).await?, None);

    let id = cash(&own.ready.mercado_pago_url).await?;
    simulator.happen(Gateway::MercadoPago, &id, Happening::Pay).await?;
    let back = simulator.happen(Gateway::MercadoPago, &id, Happening::Refund(Some(500))).await?;
    assert_eq!(back["status_detail"], "partially_refunded");
    assert!(simulator.happen(Gateway::MercadoPago, &id, Happening::FailChallenge).await.is_err());
    assert_eq!(simulator.payments().await?.len(), 1);
    let kinds: Vec<Value> =
        simulator.ledger_of(Gateway::MercadoPago).await?.iter().map(|line| line["kind"].clone()).collect();
    assert_eq!(kinds, ["charge", "refund"]);

    assert_eq!(simulator.send_webhook(&Sending::newest(Gateway::MercadoPago, &id)).await?, 1);
    until("all webhooks are given up", Duration::from_millis(GIVEN_UP_MS_MAX), || async {
        let deliveries = simulator.deliveries().await?;
        let done = deliveries.len() == 4 && deliveries.iter().all(|one| one.outcome == Outcome::GivenUp);
        Ok(done.then_some(()))
    })
    .await?;
    simulator.webhooks_off().await?;
    assert!(simulator.send_webhook(&Sending::newest(Gateway::MercadoPago, &id)).await.is_err());
    Ok(())
}

#[tokio::test]
async fn conektas_key_comes_with_the_destination_and_is_rotated() -> anyhow::Result<()> {
    let own = OwnSimulator::start(&["name=kiosco,version=7.20.8"]).await?;
    let simulator = Simulator::at(&own.ready.control_url)?;
    let destination = Destination::new(Gateway::Conekta, "http://127.0.0.1:9/webhooks", None);
    let first = simulator.webhooks_to(&destination).await?.context("a public key")?;
    let second = simulator.rotate_conekta_key(None).await?;
    assert!(first.starts_with("-----BEGIN PUBLIC KEY-----") && first != second);
    assert_eq!(simulator.webhooks_to(&destination).await?, Some(second));
    Ok(())
}

async fn cash(url: &str) -> anyhow::Result<String> {
    let body = json!({
        "transaction_amount": 20, "payment_method_id": "oxxo", "payer": { "email": "ana@example.mx" },
    });
    let answer = client()?
        .post(format!("{url}/v1/payments"))
        .bearer_auth("APP_USR-1-suite")
        .header("X-Idempotency-Key", "suite-1")
        .json(&body)
        .send()
        .await?;
    let made: Value = answer.error_for_status()?.json().await?;
    Ok(made["id"].to_string())
}
