//! `kill -9` at the worst moments. Each moment is held by a fault of the simulator, so that the kill cannot miss it.
#![allow(clippy::disallowed_methods, reason = "tests stand outside the simulated world")]

use std::time::Duration;

use anyhow::Context as _;
use pagos_suite::checkers::assert_promises;
use pagos_suite::evidence::Evidence;
use pagos_suite::on_both_databases;
use pagos_suite::portal::{Answer, Order};
use pagos_suite::sandbox::{Database, Sandbox};
use pagos_suite::simulator::Simulator;
use pagos_suite::wait::until;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

/// Long enough for a fault to strike after the request.
const STRUCK_WITHIN: Duration = Duration::from_secs(20);
/// Long enough to settle after a restart, retries and questions included.
const SETTLED_WITHIN: Duration = Duration::from_secs(90);

/// A lost charge is given up soon, so that tests need not wait as long as a buyer's bank may.
const HURRIED: [(&str, &str); 4] = [
    ("PAGOS_CONEKTA__CHARGE_TIMEOUT_MS", "4000"),
    ("PAGOS_PURCHASE__QUIET_PERIOD_MS", "2000"),
    ("PAGOS_PURCHASE__RESERVE_TIMEOUT_MS", "4000"),
    ("PAGOS_PURCHASE__RELEASE_TIMEOUT_MS", "4000"),
];

on_both_databases!(
    control_plane_killed_between_reserve_and_charge,
    control_plane_killed_between_reserve_and_charge_and_started_too_late,
    control_plane_killed_while_a_charge_that_succeeds_is_out,
    control_plane_killed_while_a_charge_that_never_arrives_is_out,
    control_plane_killed_when_the_answer_to_the_charge_was_cut,
    control_plane_killed_between_answer_and_commit,
    agent_killed_between_journal_and_router,
    agent_killed_while_the_router_acts,
    agent_killed_while_an_unpaid_user_is_removed,
);

/// The user stands on the router, the order is not open yet: nothing can have been charged.
async fn control_plane_killed_between_reserve_and_charge(database: Database) -> anyhow::Result<()> {
    let mut scene = Scene::start(database, &HURRIED).await?;
    let fault =
        scene.hold(json!({"target": "conekta", "kind": "hang", "match": "POST /orders", "count": 1})).await?;
    let sale = scene.buy("held");
    scene.simulator.struck(fault, STRUCK_WITHIN).await?;
    scene.one_more_user().await?;
    let evidence = scene.kill_and_restart_control_plane(sale).await?;

    let purchase = scene.purchase(&evidence)?;
    // It goes on when the agent is back first; else it is undone. Both keep every promise.
    assert!(["completed", "rolled_back"].contains(&purchase.phase.as_str()), "{}", purchase.phase);
    assert_promises(&evidence);
    Ok(())
}

/// As above, but by the time it is back the buyer has long gone: a late charge is never sent.
async fn control_plane_killed_between_reserve_and_charge_and_started_too_late(
    database: Database,
) -> anyhow::Result<()> {
    let late = Duration::from_secs(3);
    let variables = [HURRIED.as_slice(), &[("PAGOS_PURCHASE__CHARGE_START_MAX_MS", "3000")]].concat();
    let mut scene = Scene::start(database, &variables).await?;
    let fault =
        scene.hold(json!({"target": "conekta", "kind": "hang", "match": "POST /orders", "count": 1})).await?;
    let sale = scene.buy("held");
    scene.simulator.struck(fault, STRUCK_WITHIN).await?;
    scene.one_more_user().await?;
    scene.sandbox.kill_control_plane().await?;
    // Nothing happens that could be waited for: the point is that time passes.
    tokio::time::sleep(late).await;
    let evidence = scene.restart_control_plane(sale).await?;

    let purchase = scene.purchase(&evidence)?;
    assert_eq!(purchase.phase, "rolled_back");
    assert_eq!(evidence.charges_of(&purchase.id).len(), 0);
    assert_promises(&evidence);
    Ok(())
}

/// The charge is on its way and will succeed; whoever could hear the answer is dead.
async fn control_plane_killed_while_a_charge_that_succeeds_is_out(database: Database) -> anyhow::Result<()> {
    let mut scene = Scene::start(database, &HURRIED).await?;
    let fault = scene
        .hold(
            json!({"target": "conekta", "kind": "delay", "delay_ms": 1500, "match": "/charges", "count": 1}),
        )
        .await?;
    let sale = scene.buy("held");
    scene.simulator.struck(fault, STRUCK_WITHIN).await?;
    let evidence = scene.kill_and_restart_control_plane(sale).await?;

    let purchase = scene.purchase(&evidence)?;
    assert_eq!((purchase.phase.as_str(), evidence.charges_of(&purchase.id).len()), ("completed", 1));
    assert_promises(&evidence);
    Ok(())
}

/// The charge was sent but never takes effect: it is asked for, then closed at the gateway, and the user removed.
async fn control_plane_killed_while_a_charge_that_never_arrives_is_out(
    database: Database,
) -> anyhow::Result<()> {
    let mut scene = Scene::start(database, &HURRIED).await?;
    let fault =
        scene.hold(json!({"target": "conekta", "kind": "hang", "match": "/charges", "count": 1})).await?;
    let sale = scene.buy("held");
    scene.simulator.struck(fault, STRUCK_WITHIN).await?;
    let evidence = scene.kill_and_restart_control_plane(sale).await?;

    let purchase = scene.purchase(&evidence)?;
    assert_eq!((purchase.phase.as_str(), evidence.charges_of(&purchase.id).len()), ("rolled_back", 0));
    let order = evidence
        .payments
        .iter()
        .find(|payment| payment.sale_id == purchase.id)
        .context("the order exists")?;
    assert_eq!(order.status, "canceled", "nothing can be charged on it later");
    assert_promises(&evidence);
    Ok(())
}

/// Money moved, the connection broke before the answer, then the process died.
async fn control_plane_killed_when_the_answer_to_the_charge_was_cut(
    database: Database,
) -> anyhow::Result<()> {
    let mut scene = Scene::start(database, &HURRIED).await?;
    // Without this the purchase would be settled by a question before the kill.
    scene.hold(json!({"target": "conekta", "kind": "hang", "match": "GET /orders"})).await?;
    let fault = scene
        .hold(json!({"target": "conekta", "kind": "drop_after", "match": "/charges", "count": 1}))
        .await?;
    let sale = scene.buy("held");
    scene.simulator.struck(fault, STRUCK_WITHIN).await?;
    let evidence = scene.kill_and_restart_control_plane(sale).await?;

    let purchase = scene.purchase(&evidence)?;
    assert_eq!((purchase.phase.as_str(), evidence.charges_of(&purchase.id).len()), ("completed", 1));
    assert_promises(&evidence);
    Ok(())
}

/// The gateway said paid; the process died before it could store that.
async fn control_plane_killed_between_answer_and_commit(database: Database) -> anyhow::Result<()> {
    let mut scene = Scene::start(database, &HURRIED).await?;
    let fault = scene.hold(json!({"target": "conekta", "kind": "hang", "match": "GET /orders"})).await?;
    let sale = scene.buy("held");
    scene.simulator.struck(fault, STRUCK_WITHIN).await?;
    let state = scene.simulator.state().await?;
    assert!(last_order(&state).is_some_and(|order| order["payment_status"] == "paid"), "the money has moved");
    let evidence = scene.kill_and_restart_control_plane(sale).await?;

    let purchase = scene.purchase(&evidence)?;
    assert_eq!((purchase.phase.as_str(), evidence.charges_of(&purchase.id).len()), ("completed", 1));
    assert_promises(&evidence);
    Ok(())
}

/// The agent has written down what it is about to do; the router never does it.
async fn agent_killed_between_journal_and_router(database: Database) -> anyhow::Result<()> {
    let mut scene = Scene::start(database, &HURRIED).await?;
    let fault = scene
        .hold(json!({"target": "router", "kind": "hang", "match": "/ip/hotspot/user/add", "count": 1}))
        .await?;
    let sale = scene.buy("held");
    scene.simulator.struck(fault, STRUCK_WITHIN).await?;
    let journalled = scene.sandbox.evidence().await?.journal;
    assert!(journalled.iter().any(|entry| entry.kind.as_deref() == Some("reserve")), "{journalled:?}");
    let evidence = scene.kill_and_restart_agent(sale).await?;

    assert_promises(&evidence);
    Ok(())
}

/// The router makes the user although the agent that asked for it is dead.
async fn agent_killed_while_the_router_acts(database: Database) -> anyhow::Result<()> {
    let mut scene = Scene::start(database, &HURRIED).await?;
    let fault = json!({"target": "router", "kind": "delay", "delay_ms": 700, "match": "/ip/hotspot/user/add", "count": 1});
    let fault = scene.hold(fault).await?;
    let sale = scene.buy("held");
    scene.simulator.struck(fault, STRUCK_WITHIN).await?;
    scene.sandbox.kill_agent().await?;
    scene.one_more_user().await?;
    let evidence = scene.restart_agent(sale).await?;

    assert_promises(&evidence);
    Ok(())
}

/// The card was declined; the agent dies while it removes the user.
async fn agent_killed_while_an_unpaid_user_is_removed(database: Database) -> anyhow::Result<()> {
    let mut scene = Scene::start(database, &HURRIED).await?;
    let fault = scene
        .hold(json!({"target": "router", "kind": "hang", "match": "/ip/hotspot/user/remove", "count": 1}))
        .await?;
    let order = scene.order("held").with("token_tarjeta", pagos_suite::portal::DECLINED_CARD);
    let sale = scene.send(order);
    scene.simulator.struck(fault, STRUCK_WITHIN).await?;
    let evidence = scene.kill_and_restart_agent(sale).await?;

    let purchase = scene.purchase(&evidence)?;
    assert_eq!(purchase.phase, "rolled_back");
    assert_promises(&evidence);
    Ok(())
}

/// A sandbox in which one more purchase is made.
struct Scene {
    sandbox: Sandbox,
    simulator: Simulator,
    users_before: usize,
    purchases_before: Vec<String>,
}

type Sale = JoinHandle<anyhow::Result<Answer>>;

impl Scene {
    async fn start(database: Database, variables: &[(&str, &str)]) -> anyhow::Result<Self> {
        let sandbox = Sandbox::start_with(database, variables).await?;
        let evidence = sandbox.settled(SETTLED_WITHIN).await?;
        let simulator = sandbox.simulator()?;
        let purchases_before = evidence.purchases.into_iter().map(|purchase| purchase.id).collect();
        Ok(Self { sandbox, simulator, users_before: evidence.users.len(), purchases_before })
    }

    async fn hold(&self, fault: Value) -> anyhow::Result<u64> {
        self.simulator.fault(fault).await
    }

    fn order(&self, key: &str) -> Order {
        Order::new(key, self.sandbox.ready.productos[0].id)
    }

    fn buy(&self, key: &str) -> Sale {
        self.send(self.order(key))
    }

    fn send(&self, order: Order) -> Sale {
        let portal = self.sandbox.portal();
        tokio::spawn(async move { portal?.buy(&order).await })
    }

    /// Waits until the router has one user more than before.
    async fn one_more_user(&self) -> anyhow::Result<()> {
        until("the user stands on the router", STRUCK_WITHIN, || async {
            Ok((self.simulator.users().await?.len() > self.users_before).then_some(()))
        })
        .await
    }

    async fn kill_and_restart_control_plane(&mut self, sale: Sale) -> anyhow::Result<Evidence> {
        self.sandbox.kill_control_plane().await?;
        self.restart_control_plane(sale).await
    }

    async fn restart_control_plane(&mut self, sale: Sale) -> anyhow::Result<Evidence> {
        // The buyer's connection broke with it.
        assert!(sale.await?.is_err(), "nobody was left to answer");
        self.sandbox.restart_control_plane().await?;
        // Only now: what hangs for the dead process must have noticed that nobody waits any more.
        self.simulator.clear_faults().await?;
        self.sandbox.settled(SETTLED_WITHIN).await
    }

    async fn kill_and_restart_agent(&mut self, sale: Sale) -> anyhow::Result<Evidence> {
        self.sandbox.kill_agent().await?;
        self.restart_agent(sale).await
    }

    async fn restart_agent(&mut self, sale: Sale) -> anyhow::Result<Evidence> {
        self.simulator.clear_faults().await?;
        self.sandbox.restart_agent()?;
        let answer = sale.await??;
        assert!([200, 202, 402, 503].contains(&answer.status), "{answer:?}");
        self.sandbox.settled(SETTLED_WITHIN).await
    }

    /// The purchase of this scene.
    fn purchase<'a>(&self, evidence: &'a Evidence) -> anyhow::Result<&'a pagos_suite::evidence::Purchase> {
        let mut new =
            evidence.purchases.iter().filter(|purchase| !self.purchases_before.contains(&purchase.id));
        let purchase = new.next().context("the purchase was stored")?;
        assert!(new.next().is_none(), "there is one purchase, not two");
        Ok(purchase)
    }
}

fn last_order(state: &Value) -> Option<&Value> {
    state.pointer("/conekta/orders")?.as_array()?.last()
}
