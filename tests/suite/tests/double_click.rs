//! Two hundred purchases, each sent from two connections at once: two hundred charges, and equal answers.
#![allow(clippy::disallowed_methods, reason = "tests stand outside the simulated world")]

use std::collections::BTreeSet;
use std::time::Duration;

use pagos_suite::checkers::assert_promises;
use pagos_suite::evidence::Evidence;
use pagos_suite::on_both_databases;
use pagos_suite::portal::{Answer, Order, Portal, card_that};
use pagos_suite::sandbox::{Database, Sandbox};
use pagos_suite::simulator::gateways::Gateway;
use serde_json::json;

/// Purchases in all.
const PURCHASES: usize = 200;
/// Purchases at the same time, each on two connections.
const AT_ONCE: usize = 10;
/// Long enough for everything that is left to do after the last answer.
const SETTLED_WITHIN: Duration = Duration::from_secs(120);

on_both_databases!(
    two_hundred_double_clicks_are_two_hundred_charges,
    a_second_tap_with_a_fresh_token_is_no_second_charge,
);

async fn a_second_tap_with_a_fresh_token_is_no_second_charge(database: Database) -> anyhow::Result<()> {
    let sandbox = Sandbox::start(database).await?;
    let before = sandbox.settled(SETTLED_WITHIN).await?;
    let (one, two) = (sandbox.portal()?, sandbox.portal()?);
    let product = sandbox.ready.productos[0].id;
    for gateway in [Gateway::Conekta, Gateway::MercadoPago] {
        let word = gateway.word();
        let tap = |card: &str| {
            let order = Order::at(gateway, card, product)
                .without_key()
                .with("email_cliente", format!("{word}@example.org"));
            match gateway {
                Gateway::Conekta => order.with_card(&format!("tok_{card}")),
                Gateway::MercadoPago => order.with_card(&card_that("APRO", card)),
            }
        };
        // The buyer taps again while the router makes the user: nothing has been charged yet.
        let slow = json!({"target": "router", "kind": "delay", "delay_ms": 3000, "match": "/ip/hotspot/user/add", "count": 1});
        let fault = sandbox.simulator()?.fault(slow).await?;
        let first = tokio::spawn({
            let (one, order) = (one.clone(), tap("first"));
            async move { one.buy(&order).await }
        });
        sandbox.simulator()?.struck(fault, Duration::from_secs(10)).await?;
        let second = two.buy(&tap("second")).await?;
        let first = first.await??;
        assert_eq!((first.status, second.status), (200, 202), "{gateway:?} {first:?} {second:?}");
        assert_eq!(first.purchase_id(), second.purchase_id(), "{gateway:?}");
        // What is decided is in nobody's way.
        assert_eq!(two.buy(&tap("third")).await?.status, 200, "{gateway:?}");
    }
    let evidence = sandbox.settled(SETTLED_WITHIN).await?;
    assert_eq!(evidence.purchases.len(), before.purchases.len() + 4);
    let moved = |evidence: &Evidence| evidence.ledger.iter().filter(|entry| entry.moved_money()).count();
    assert_eq!(moved(&evidence), moved(&before) + 4);
    assert_promises(&evidence);
    Ok(())
}

async fn two_hundred_double_clicks_are_two_hundred_charges(database: Database) -> anyhow::Result<()> {
    let sandbox = Sandbox::start(database).await?;
    let before = sandbox.settled(SETTLED_WITHIN).await?;
    // Each portal has connections of its own: what is sent twice goes over two.
    let (one, two) = (sandbox.portal()?, sandbox.portal()?);
    let product = sandbox.ready.productos[0].id;
    let numbers: Vec<usize> = (0..PURCHASES).collect();
    let mut users = BTreeSet::new();
    for chunk in numbers.chunks(AT_ONCE) {
        let clicks =
            chunk.iter().map(|number| tokio::spawn(click(one.clone(), two.clone(), order(*number, product))));
        for click in clicks.collect::<Vec<_>>() {
            let (first, second) = click.await??;
            assert_eq!(first.status, 200, "{first:?}");
            assert_eq!((first.status, &first.body), (second.status, &second.body), "equal answers");
            users.insert(first.hotspot_user().to_owned());
        }
    }
    assert_eq!(users.len(), PURCHASES, "each purchase has a user of its own");

    let evidence = sandbox.settled(SETTLED_WITHIN).await?;
    for gateway in [Gateway::Conekta, Gateway::MercadoPago] {
        let count = |evidence: &Evidence| {
            evidence.ledger.iter().filter(|entry| entry.gateway == gateway && entry.moved_money()).count()
        };
        assert_eq!(count(&evidence) - count(&before), PURCHASES / 2, "{gateway:?}");
    }
    assert_eq!(evidence.purchases.len(), before.purchases.len() + PURCHASES);
    assert_promises(&evidence);
    Ok(())
}

/// Half of them at each gateway; of each half one half with a key.
fn order(number: usize, product: i64) -> Order {
    let name = format!("click{number}");
    let order = if number.is_multiple_of(2) {
        Order::new(&name, product).with_card(&format!("tok_{name}"))
    } else {
        Order::mercado_pago(&name, product).with_card(&card_that("APRO", &name))
    };
    // Without a device or e-mail of its own, a new purchase would be taken for the one that is undecided.
    let order = order.with("email_cliente", format!("{name}@example.org"));
    if number % 4 < 2 { order } else { order.without_key() }
}

async fn click(one: Portal, two: Portal, order: Order) -> anyhow::Result<(Answer, Answer)> {
    let (first, second) = tokio::join!(one.buy(&order), two.buy(&order));
    Ok((first?, second?))
}
