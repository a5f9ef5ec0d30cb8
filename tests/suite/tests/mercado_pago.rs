//! Purchases through Mercado Pago by HTTP against the real processes, on both databases.
#![allow(clippy::disallowed_methods, reason = "tests stand outside the simulated world")]

use std::time::Duration;

use pagos_suite::checkers::assert_promises;
use pagos_suite::on_both_databases;
use pagos_suite::portal::{Order, card_that};
use pagos_suite::sandbox::{Database, Sandbox};
use pagos_suite::simulator::gateways::Gateway;
use serde_json::{Value, json};

/// Long enough for everything that is left to do after an answer.
const SETTLED_WITHIN: Duration = Duration::from_secs(90);

on_both_databases!(
    a_paid_purchase_gives_a_user_that_works,
    the_word_in_the_card_decides_the_refusal,
    another_amount_than_the_price_touches_nothing,
    what_the_gateway_refuses_is_told_and_undone,
    a_payment_in_review_gives_nothing_until_it_is_paid,
    the_same_purchase_twice_at_once_is_one_purchase,
    a_card_that_was_used_pays_nothing_again,
);

async fn a_paid_purchase_gives_a_user_that_works(database: Database) -> anyhow::Result<()> {
    let sandbox = Sandbox::start(database).await?;
    let answer = sandbox.portal()?.buy(&Order::mercado_pago("paid", hour(&sandbox))).await?;

    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.body["estado_pago"], "approved");
    let payment_id = answer.body["id_transaccion"].as_str().unwrap_or_default().to_owned();
    let shown = &answer.body["mercado_pago"];
    assert_eq!(shown["payment_id"].to_string(), payment_id, "a number here, a text there: {shown}");
    let expected = json!({"payment_id": shown["payment_id"], "status": "approved", "status_detail": "accredited",
        "installments": 1, "raw_response": {}, "payment_method": {"id": "visa", "type": "credit_card",
        "issuer": shown["payment_method"]["issuer"], "last_four_digits": "3764", "installments": 1}});
    assert_eq!(shown, &expected);

    let evidence = sandbox.settled(SETTLED_WITHIN).await?;
    let paid = |entry: &&pagos_suite::evidence::LedgerEntry| entry.payment_id == payment_id;
    let lines: Vec<(&str, i64)> =
        evidence.ledger.iter().filter(paid).map(|entry| (entry.kind.as_str(), entry.amount)).collect();
    assert_eq!(lines, [("charge", 2_000)]);
    assert_eq!(evidence.purchase(answer.purchase_id()).map(|own| own.phase.as_str()), Some("completed"));
    assert_promises(&evidence);

    let again = sandbox.portal()?.get(answer.body["estado_url"].as_str().unwrap_or_default()).await?;
    assert_eq!((again.status, again.hotspot_user()), (200, answer.hotspot_user()));
    assert_eq!(again.body["mercado_pago"], answer.body["mercado_pago"]);
    Ok(())
}

async fn the_word_in_the_card_decides_the_refusal(database: Database) -> anyhow::Result<()> {
    let sandbox = Sandbox::start(database).await?;
    let before = sandbox.simulator()?.users().await?;
    let told = [
        ("FUND", "insufficient_funds"),
        ("CALL", "call_issuer"),
        ("SECU", "card_cvv_invalid"),
        ("EXPI", "card_expiry_invalid"),
        ("CARD", "card_number_invalid"),
        ("FORM", "card_invalid"),
        ("INST", "installments_invalid"),
        ("LOCK", "card_blocked"),
        ("BLAC", "card_declined"),
        ("OTHE", "card_declined"),
        ("ATTE", "too_many_attempts"),
        ("DUPL", "duplicate_payment"),
    ];
    for (word, code) in told {
        let order = Order::mercado_pago(word, hour(&sandbox)).with_card(&card_that(word, "1"));
        let answer = sandbox.portal()?.buy(&order).await?;
        assert_eq!((answer.status, answer.code()), (402, code), "{word}: {answer:?}");
        assert!(answer.body.get("usuario_hotspot").is_none(), "{answer:?}");
    }
    let evidence = sandbox.settled(SETTLED_WITHIN).await?;
    assert_eq!(sandbox.simulator()?.users().await?, before, "no user is left");
    assert_eq!(evidence.ledger.iter().filter(|entry| entry.kind == "declined").count(), told.len());
    assert_promises(&evidence);
    Ok(())
}

async fn another_amount_than_the_price_touches_nothing(database: Database) -> anyhow::Result<()> {
    let sandbox = Sandbox::start(database).await?;
    let before = touched(&sandbox).await?;
    for amount in [json!(19.98), json!(20.02), json!(200), json!(0)] {
        let order = Order::mercado_pago("amount", hour(&sandbox)).with("monto", amount);
        let answer = sandbox.portal()?.buy(&order).await?;
        assert_eq!((answer.status, answer.code()), (400, "amount_mismatch"), "{answer:?}");
    }
    let order = Order::mercado_pago("no-method", hour(&sandbox)).with("payment_method_id", Value::Null);
    let answer = sandbox.portal()?.buy(&order).await?;
    assert_eq!((answer.status, answer.code()), (422, "validation_error"), "{answer:?}");
    assert_eq!(touched(&sandbox).await?, before);
    assert_promises(&sandbox.settled(SETTLED_WITHIN).await?);
    Ok(())
}

async fn what_the_gateway_refuses_is_told_and_undone(database: Database) -> anyhow::Result<()> {
    let sandbox = Sandbox::start(database).await?;
    let (portal, simulator) = (sandbox.portal()?, sandbox.simulator()?);
    let users = simulator.users().await?;
    let refusals = [
        (400, 4292, 400, "request_invalid"),
        (400, 2062, 400, "token_invalid"),
        (401, 1, 502, "gateway_auth_failed"),
        (422, 1, 422, "request_invalid"),
        (429, 1, 429, "rate_limited"),
    ];
    for (number, (status, cause, told, code)) in refusals.into_iter().enumerate() {
        let set = json!({"/cause": [{"code": cause, "description": "asked for", "data": ""}]});
        simulator
            .fault(
                json!({"target": "mercado_pago", "kind": "error", "match": "POST /v1/payments", "count": 1,
                "status": status, "set": set}),
            )
            .await?;
        let answer = portal.buy(&Order::mercado_pago(&format!("refused-{number}"), hour(&sandbox))).await?;
        assert_eq!((answer.status, answer.code()), (told, code), "{status} {cause}: {answer:?}");
    }
    let evidence = sandbox.settled(SETTLED_WITHIN).await?;
    assert_eq!(simulator.users().await?, users, "no user is left");
    assert_promises(&evidence);
    Ok(())
}

async fn a_payment_in_review_gives_nothing_until_it_is_paid(database: Database) -> anyhow::Result<()> {
    let sandbox = Sandbox::start(database).await?;
    let (portal, simulator) = (sandbox.portal()?, sandbox.simulator()?);
    simulator
        .fault(json!({"target": "mercado_pago", "kind": "alter", "match": "/v1/payments",
            "set": {"/status": "in_process", "/status_detail": "pending_review_manual"}}))
        .await?;
    let answer = portal.buy(&Order::mercado_pago("review", hour(&sandbox))).await?;

    assert_eq!((answer.status, answer.code()), (202, "payment_in_review"), "{answer:?}");
    assert!(answer.body.get("usuario_hotspot").is_none() && answer.body["advertencia"].is_string());
    assert_eq!(answer.body["mercado_pago"]["status"], "in_process");
    assert_eq!(
        answer.body["mercado_pago"]["payment_method"],
        json!({"id": "visa", "type": "credit_card"}),
        "of a payment that is not decided the card is not told"
    );
    simulator.clear_faults().await?;
    let decided = portal.decided(answer.purchase_id(), SETTLED_WITHIN).await?;
    assert_eq!((decided.status, &decided.body["estado_pago"]), (200, &json!("approved")), "{decided:?}");
    assert_promises(&sandbox.settled(SETTLED_WITHIN).await?);
    Ok(())
}

async fn the_same_purchase_twice_at_once_is_one_purchase(database: Database) -> anyhow::Result<()> {
    let sandbox = Sandbox::start(database).await?;
    let (portal, simulator) = (sandbox.portal()?, sandbox.simulator()?);
    let users = simulator.users().await?.len();
    let order = Order::mercado_pago("twice", hour(&sandbox));
    let (one, two) = tokio::join!(portal.buy(&order), portal.buy(&order));
    let (one, two) = (one?, two?);

    assert_eq!(one.status, 200, "{one:?}");
    assert_eq!((one.status, &one.body), (two.status, &two.body), "the same answer");
    assert_eq!(simulator.ledger_of(Gateway::MercadoPago).await?.len(), 1);
    assert_eq!(simulator.users().await?.len(), users + 1);

    let other = portal.buy(&order.with("nombre_cliente", "Eva Sol")).await?;
    assert_eq!((other.status, other.code()), (409, "idempotency_conflict"), "{other:?}");
    assert_promises(&sandbox.settled(SETTLED_WITHIN).await?);
    Ok(())
}

async fn a_card_that_was_used_pays_nothing_again(database: Database) -> anyhow::Result<()> {
    let sandbox = Sandbox::start(database).await?;
    let portal = sandbox.portal()?;
    let first = portal.buy(&Order::mercado_pago("first", hour(&sandbox))).await?;
    assert_eq!(first.status, 200, "{first:?}");
    let again = Order::mercado_pago("second", hour(&sandbox)).with_card(&card_that("APRO", "first"));
    let again = portal.buy(&again).await?;
    assert!([400, 402].contains(&again.status), "{again:?}");
    assert!(["token_used", "token_invalid"].contains(&again.code()), "{again:?}");
    assert_promises(&sandbox.settled(SETTLED_WITHIN).await?);
    Ok(())
}

fn hour(sandbox: &Sandbox) -> i64 {
    sandbox.ready.productos[0].id
}

/// What a refused request must leave as it was: users, books and purchases.
async fn touched(sandbox: &Sandbox) -> anyhow::Result<(Vec<String>, Value, usize)> {
    let state = sandbox.simulator()?.state().await?;
    let purchases = sandbox.evidence().await?.purchases.len();
    Ok((sandbox.simulator()?.users().await?, state["mercado_pago"].clone(), purchases))
}
