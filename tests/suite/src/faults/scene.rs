//! A sandbox in which one purchase meets its fault.

use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::Case;
use super::ending::Ending;
use super::notes::{self, Notes};
use crate::portal::{Answer, Order};
use crate::sandbox::{Database, Sandbox};
use crate::services::{Postgres, database_at};
use crate::simulator::Simulator;
use crate::simulator::gateways::Gateway;
use crate::wait::until;

/// Long enough for a fault to strike after the request.
pub const STRUCK_WITHIN: Duration = Duration::from_secs(20);
/// Long enough to settle after everything is healed, retries and questions included.
pub const SETTLED_WITHIN: Duration = Duration::from_secs(120);
/// How long an effect or an answer is held back so that something else can happen meanwhile, in milliseconds.
pub const HELD_MS: u64 = 1_500;

/// Times that are shortened so that a run takes minutes: what a buyer's bank may take, and what waits for it.
pub const SHORTENED: [(&str, &str); 7] = [
    ("PAGOS_CONEKTA__CHARGE_TIMEOUT_MS", "3000"),
    ("PAGOS_MERCADO_PAGO__CHARGE_TIMEOUT_MS", "3000"),
    ("PAGOS_PURCHASE__QUIET_PERIOD_MS", "1000"),
    ("PAGOS_PURCHASE__ANSWER_DEADLINE_MS", "8000"),
    ("PAGOS_PURCHASE__RESERVE_TIMEOUT_MS", "4000"),
    ("PAGOS_PURCHASE__RELEASE_TIMEOUT_MS", "3000"),
    ("PAGOS_PURCHASE__KEY_LIFE_MS", "30000"),
];

/// A purchase in the hands of its buyer.
pub type Sale = JoinHandle<Seen>;

/// What the customer saw first: an answer, or that the connection broke.
pub type Seen = Result<Answer, String>;

/// A sandbox in which one more purchase is made.
#[derive(Debug)]
pub struct Scene {
    /// The processes.
    pub sandbox: Sandbox,
    /// The simulator.
    pub simulator: Simulator,
    /// Who moves the money.
    pub gateway: Gateway,
    /// The server of the database, where it is one of our own.
    pub postgres: Option<Postgres>,
    /// Whether the faults stay up until the end is judged: a gateway that lies goes on lying.
    pub lies: bool,
    /// What buyers and faults did.
    pub notes: Notes,
    purchases_before: Vec<String>,
}

impl Scene {
    /// Starts one, with a database server of its own where it is not SQLite: it may be killed.
    ///
    /// # Errors
    /// When something does not start.
    pub async fn start(case: Case, settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        let postgres = match case.database {
            Database::Sqlite => None,
            Database::Postgres => Some(tokio::task::spawn_blocking(Postgres::start_to_be_killed).await??),
        };
        let url = match &postgres {
            Some(server) => Some(database_at(server.url()).await?),
            None => None,
        };
        let arguments: Vec<&str> = url.iter().flat_map(|url| ["--database-url", url]).collect();
        let settings = [&SHORTENED[..], settings].concat();
        let sandbox = Sandbox::start_as(&arguments, &settings).await?;
        let evidence = sandbox.settled(SETTLED_WITHIN).await?;
        let simulator = sandbox.simulator()?;
        let purchases_before = evidence.purchases.into_iter().map(|purchase| purchase.id).collect();
        let (gateway, notes) = (case.gateway, Notes::default());
        Ok(Self { sandbox, simulator, gateway, postgres, lies: false, notes, purchases_before })
    }

    /// A complete request with a card that works.
    #[must_use]
    pub fn order(&self) -> Order {
        Order::at(self.gateway, "fault", self.sandbox.ready.productos[0].id)
    }

    /// Sends a request as a buyer's browser would.
    #[must_use]
    pub fn send(&self, order: Order) -> Sale {
        let (portal, notes) = (self.sandbox.portal(), self.notes.clone());
        tokio::spawn(async move {
            notes.buyer("pays");
            let answered = async { portal?.buy(&order).await };
            let seen = answered.await.map_err(|error| error.root_cause().to_string());
            notes.buyer(format!("sees {}", notes::seen(&seen)));
            seen
        })
    }

    /// Puts a fault on the charge itself; gives its number.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn on_charge(&self, kind: &str, more: Value) -> anyhow::Result<u64> {
        let path = match self.gateway {
            Gateway::Conekta => "/charges",
            Gateway::MercadoPago => "POST /v1/payments",
        };
        let fault = json!({"target": self.gateway.word(), "kind": kind, "match": path, "count": 1});
        self.fault(fault, more).await
    }

    /// Puts a fault on another call of the gateway; gives its number.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn on_gateway(&self, kind: &str, path: &str, more: Value) -> anyhow::Result<u64> {
        self.fault(json!({"target": self.gateway.word(), "kind": kind, "match": path}), more).await
    }

    /// Puts a fault on the router; gives its number.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn on_router(&self, kind: &str, more: Value) -> anyhow::Result<u64> {
        self.fault(json!({"target": "router", "kind": kind}), more).await
    }

    /// Waits until a fault has struck: the moment is held there.
    ///
    /// # Errors
    /// When it does not.
    pub async fn struck(&self, fault: u64) -> anyhow::Result<()> {
        self.simulator.struck(fault, STRUCK_WITHIN).await?;
        self.notes.fault("it has struck");
        Ok(())
    }

    /// Lets the router go away.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn router_away(&self) -> anyhow::Result<()> {
        self.on_router("away", json!({})).await.map(drop)
    }

    async fn fault(&self, mut fault: Value, more: Value) -> anyhow::Result<u64> {
        for (name, value) in more.as_object().into_iter().flatten() {
            fault[name] = value.clone();
        }
        self.notes.fault(described(&fault));
        self.simulator.fault(fault).await
    }

    /// Waits until money has moved for this scene's purchase.
    ///
    /// # Errors
    /// When it does not.
    pub async fn charged(&self) -> anyhow::Result<()> {
        until("the gateway has charged", STRUCK_WITHIN, || async {
            let ledger = self.simulator.ledger_of(self.gateway).await?;
            // The sandbox's own first purchase went through Conekta.
            let before = usize::from(self.gateway == Gateway::Conekta);
            Ok((ledger.iter().filter(|line| line["kind"] == "charge").count() > before).then_some(()))
        })
        .await
    }

    /// `kill -9` of the control plane, and its start.
    ///
    /// # Errors
    /// When it does not disappear, or does not come back.
    pub async fn crash_control_plane(&mut self) -> anyhow::Result<()> {
        self.notes.fault("control plane: kill -9");
        self.sandbox.kill_control_plane().await?;
        self.sandbox.restart_control_plane().await?;
        self.notes.fault("control plane: started again, it answers");
        Ok(())
    }

    /// `kill -9` of the agent; started again when the buyer of `sale` has seen something.
    ///
    /// # Errors
    /// When it does not disappear, or does not come back.
    pub async fn crash_agent(&mut self, sale: Sale) -> anyhow::Result<Seen> {
        self.notes.fault("agent: kill -9");
        self.sandbox.kill_agent().await?;
        let seen = Self::seen(sale).await;
        self.sandbox.restart_agent()?;
        self.sandbox.router_reachable().await?;
        self.notes.fault("agent: started again, it reaches the router");
        Ok(seen)
    }

    /// What the customer sees first of a sale.
    pub async fn seen(sale: Sale) -> Seen {
        sale.await.unwrap_or_else(|error| Err(error.to_string()))
    }

    /// Takes every fault down, waits until nothing is left to do, and asks once more as the customer would.
    ///
    /// # Errors
    /// When something stays open.
    pub async fn heal_and_settle(&self, first: Seen) -> anyhow::Result<Ending> {
        if !self.lies {
            if self.notes.has_fault() {
                self.notes.fault("healed: everything works again");
            }
            self.simulator.clear_faults().await?;
        }
        let evidence = self.sandbox.settled(SETTLED_WITHIN).await?;
        let mut new =
            evidence.purchases.iter().filter(|purchase| !self.purchases_before.contains(&purchase.id));
        let purchase = new.next().context("the purchase was stored")?.clone();
        anyhow::ensure!(new.next().is_none(), "there is one purchase, not two");
        let last = self.sandbox.portal()?.get(&format!("/api/v1/payments/{}", purchase.id)).await?;
        Ok(Ending { first, last, purchase, notes: self.notes.all(), evidence })
    }
}

/// A fault in words: where, what, and how often.
fn described(fault: &Value) -> String {
    let text = |name: &str| fault[name].as_str().unwrap_or_default();
    let what = match (fault["status"].as_u64(), fault["delay_ms"].as_u64()) {
        (Some(status), _) => format!("{} {status}", text("kind")),
        (_, Some(delay)) => format!("{} {delay} ms", text("kind")),
        _ => text("kind").to_owned(),
    };
    let place = [text("target"), text("match")].join(" ");
    let times = if fault["count"].is_u64() { "once" } else { "until healed" };
    format!("{}: {what}, {times}", place.trim())
}
