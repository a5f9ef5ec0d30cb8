//! Purchases by HTTP against the real processes, on both databases.
#![allow(clippy::disallowed_methods, reason = "tests stand outside the simulated world")]

use std::time::Duration;

use pagos_suite::checkers::assert_promises;
use pagos_suite::on_both_databases;
use pagos_suite::portal::{DECLINED_CARD, Order};
use pagos_suite::sandbox::{Database, Sandbox};
use serde_json::{Value, json};

/// Long enough for everything that is left to do after an answer.
const SETTLED_WITHIN: Duration = Duration::from_secs(60);

on_both_databases!(
    a_paid_purchase_gives_a_user_that_works,
    a_declined_card_leaves_no_user,
    what_is_refused_touches_nothing,
    a_stopped_agent_means_no_charge,
    a_router_that_is_away_means_no_charge,
    an_unknown_profile_means_no_charge,
    the_same_purchase_twice_at_once_is_one_purchase,
    a_device_on_the_network_is_connected_and_another_is_not,
    a_pin_user_has_no_password_and_works,
);

async fn a_paid_purchase_gives_a_user_that_works(database: Database) -> anyhow::Result<()> {
    let sandbox = Sandbox::start(database).await?;
    let answer = sandbox.portal()?.buy(&Order::new("paid", hour(&sandbox))).await?;

    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.body["success"], true);
    assert_eq!(answer.body["estado_pago"], "paid");
    assert_eq!(answer.body["producto"]["precio"], 20.0);
    let order_id = answer.body["id_transaccion"].as_str().unwrap_or_default();
    let evidence = sandbox.settled(SETTLED_WITHIN).await?;
    let row = evidence.users.iter().find(|user| user.name == answer.hotspot_user());
    assert!(row.is_some_and(|user| !user.disabled && user.comment.is_empty()), "{row:?}");
    assert!(evidence.ledger.iter().any(|entry| entry.payment_id == order_id && entry.amount == 2_000));
    assert_eq!(evidence.purchase(answer.purchase_id()).map(|own| own.phase.as_str()), Some("completed"));
    assert_promises(&evidence);

    let again = sandbox.portal()?.get(answer.body["estado_url"].as_str().unwrap_or_default()).await?;
    assert_eq!((again.status, again.hotspot_user()), (200, answer.hotspot_user()));
    Ok(())
}

async fn a_declined_card_leaves_no_user(database: Database) -> anyhow::Result<()> {
    let sandbox = Sandbox::start(database).await?;
    let before = sandbox.simulator()?.users().await?;
    let order = Order::new("declined", hour(&sandbox)).with("token_tarjeta", DECLINED_CARD);
    let answer = sandbox.portal()?.buy(&order).await?;

    assert_eq!((answer.status, answer.code()), (402, "card_declined"), "{answer:?}");
    assert_eq!(sandbox.simulator()?.users().await?, before, "the user is gone when the buyer is told");
    let evidence = sandbox.settled(SETTLED_WITHIN).await?;
    assert!(evidence.ledger.iter().any(|entry| entry.kind == "declined"), "the bank was asked");
    assert_promises(&evidence);
    Ok(())
}

async fn what_is_refused_touches_nothing(database: Database) -> anyhow::Result<()> {
    let sandbox = Sandbox::start(database).await?;
    let before = touched(&sandbox).await?;
    let portal = sandbox.portal()?;
    let hour = hour(&sandbox);

    let foreign = product_of_another_router(&sandbox).await?;
    let answer = portal.buy(&Order::new("foreign", foreign)).await?;
    assert_eq!((answer.status, answer.code()), (404, "product_not_found"), "{answer:?}");

    let mut key = sandbox.ready.api_key.clone();
    let last = key.pop();
    key.push(if last == Some('A') { 'B' } else { 'A' });
    let answer = portal.with_key(&key).buy(&Order::new("wrong-key", hour)).await?;
    assert_eq!((answer.status, answer.code()), (401, "api_key_invalid"), "{answer:?}");

    let long = Order::new("long-phone", hour).with("telefono_cliente", "5".repeat(60));
    let answer = portal.buy(&long).await?;
    assert_eq!((answer.status, answer.code()), (422, "validation_error"), "{answer:?}");
    assert_eq!(answer.body.pointer("/detail/0/loc"), Some(&json!(["body", "telefono_cliente"])));

    let card = Order::new("card", hour).with("card_number", "4242424242424242");
    let answer = portal.buy(&card).await?;
    assert_eq!((answer.status, answer.code()), (400, "card_data_refused"), "{answer:?}");

    assert_eq!(touched(&sandbox).await?, before);
    assert_promises(&sandbox.settled(SETTLED_WITHIN).await?);
    Ok(())
}

async fn a_stopped_agent_means_no_charge(database: Database) -> anyhow::Result<()> {
    let mut sandbox = Sandbox::start(database).await?;
    let charges = sandbox.simulator()?.ledger().await?.len();
    sandbox.kill_agent().await?;
    let answer = sandbox.portal()?.buy(&Order::new("no-agent", hour(&sandbox))).await?;

    assert_eq!((answer.status, answer.code()), (503, "agent_offline"), "{answer:?}");
    assert!(answer.retry_after.is_some());
    assert_eq!(sandbox.simulator()?.ledger().await?.len(), charges);

    sandbox.restart_agent()?;
    sandbox.router_reachable().await?;
    let answer = sandbox.portal()?.buy(&Order::new("no-agent", hour(&sandbox))).await?;
    assert_eq!(answer.status, 200, "the repeat runs anew: {answer:?}");
    assert_promises(&sandbox.settled(SETTLED_WITHIN).await?);
    Ok(())
}

async fn a_router_that_is_away_means_no_charge(database: Database) -> anyhow::Result<()> {
    let sandbox = Sandbox::start(database).await?;
    let simulator = sandbox.simulator()?;
    let charges = simulator.ledger().await?.len();
    simulator.fault(json!({"target": "router", "kind": "away"})).await?;
    let answer = sandbox.portal()?.buy(&Order::new("no-router", hour(&sandbox))).await?;

    assert_eq!((answer.status, answer.code()), (503, "router_unreachable"), "{answer:?}");
    assert!(answer.retry_after.is_some());
    assert_eq!(simulator.ledger().await?.len(), charges);

    simulator.clear_faults().await?;
    sandbox.router_reachable().await?;
    let evidence = sandbox.settled(SETTLED_WITHIN).await?;
    assert_eq!(evidence.ledger.len(), charges);
    assert_promises(&evidence);
    Ok(())
}

async fn an_unknown_profile_means_no_charge(database: Database) -> anyhow::Result<()> {
    let sandbox = Sandbox::start(database).await?;
    let charges = sandbox.simulator()?.ledger().await?.len();
    let product = sandbox.cliente_admin().await?.product(&sandbox.ready.router_id, "no-such", 9.5).await?;
    let answer = sandbox.portal()?.buy(&Order::new("no-profile", product)).await?;

    assert_eq!((answer.status, answer.code()), (500, "profile_not_found"), "{answer:?}");
    let evidence = sandbox.settled(SETTLED_WITHIN).await?;
    assert_eq!(evidence.ledger.len(), charges);
    assert_promises(&evidence);
    Ok(())
}

async fn the_same_purchase_twice_at_once_is_one_purchase(database: Database) -> anyhow::Result<()> {
    let sandbox = Sandbox::start(database).await?;
    let (portal, simulator) = (sandbox.portal()?, sandbox.simulator()?);
    let (charges, users) = (simulator.ledger().await?.len(), simulator.users().await?.len());
    let order = Order::new("twice", hour(&sandbox));
    let (one, two) = tokio::join!(portal.buy(&order), portal.buy(&order));
    let (one, two) = (one?, two?);

    assert_eq!(one.status, 200, "{one:?}");
    assert_eq!((one.status, &one.body), (two.status, &two.body), "the same answer");
    assert_eq!(simulator.ledger().await?.len(), charges + 1);
    assert_eq!(simulator.users().await?.len(), users + 1);

    let other = portal.buy(&order.with("nombre_cliente", "Eva Sol")).await?;
    assert_eq!((other.status, other.code()), (409, "idempotency_conflict"), "{other:?}");
    assert_promises(&sandbox.settled(SETTLED_WITHIN).await?);
    Ok(())
}

async fn a_device_on_the_network_is_connected_and_another_is_not(database: Database) -> anyhow::Result<()> {
    let sandbox = Sandbox::start(database).await?;
    let (portal, simulator) = (sandbox.portal()?, sandbox.simulator()?);
    let (mac, ip) = ("02:00:00:00:AA:01", "10.5.77.1");
    simulator.device(mac, ip).await?;

    let seen = portal.buy(&Order::new("seen", hour(&sandbox)).for_device(mac, ip)).await?;
    assert_eq!(seen.status, 200, "{seen:?}");
    assert_eq!(seen.body["auto_conexion"]["estado"], "conectado", "{seen:?}");
    assert_eq!(seen.body["auto_conexion"]["code"], "auto_connected");
    let state = simulator.state().await?;
    let sessions = state.pointer("/routers/0/active").and_then(Value::as_array).cloned().unwrap_or_default();
    assert!(sessions.iter().any(|row| row["user"] == seen.hotspot_user()), "{sessions:?}");

    let order = Order::new("unseen", hour(&sandbox)).for_device("02:00:00:00:AA:02", "10.5.77.2");
    let unseen = portal.buy(&order).await?;
    assert_eq!(unseen.status, 200, "{unseen:?}");
    assert_eq!(unseen.body["auto_conexion"]["estado"], "no_conectado", "{unseen:?}");
    assert_promises(&sandbox.settled(SETTLED_WITHIN).await?);
    Ok(())
}

async fn a_pin_user_has_no_password_and_works(database: Database) -> anyhow::Result<()> {
    let sandbox = Sandbox::start(database).await?;
    let answer =
        sandbox.portal()?.buy(&Order::new("pin", hour(&sandbox)).with("tipo_usuario", "pin")).await?;

    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.body["usuario_hotspot"]["contrasena"], "");
    let evidence = sandbox.settled(SETTLED_WITHIN).await?;
    assert!(evidence.users.iter().any(|user| user.name == answer.hotspot_user() && !user.disabled));
    assert_promises(&evidence);
    Ok(())
}

fn hour(sandbox: &Sandbox) -> i64 {
    sandbox.ready.productos[0].id
}

/// What a refused request must leave as it was: users, orders, books, and commands that change a router.
async fn touched(sandbox: &Sandbox) -> anyhow::Result<(Vec<String>, Value, usize)> {
    let state = sandbox.simulator()?.state().await?;
    let purchases = sandbox.evidence().await?.purchases.len();
    Ok((sandbox.simulator()?.users().await?, state["conekta"].clone(), purchases))
}

async fn product_of_another_router(sandbox: &Sandbox) -> anyhow::Result<i64> {
    let operator = sandbox.super_admin().await?;
    let body = json!({"nombre": "Azotea", "host": "10.0.0.9", "usuario": "admin", "password": "otra-clave"});
    let path = format!("/admin/empresas/{}/routers", sandbox.ready.empresa_id);
    let router = operator.make(&path, &body).await?;
    let router_id = router["id"].as_str().unwrap_or_default();
    sandbox.cliente_admin().await?.product(router_id, "1h", 20.0).await
}
