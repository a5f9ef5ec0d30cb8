//! A sandbox in which one purchase meets its fault.

use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::evidence::{Evidence, Purchase};
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
pub type Sale = JoinHandle<anyhow::Result<Answer>>;

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
    purchases_before: Vec<String>,
}

/// What must stand on the router in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserEnd {
    /// The user, usable.
    Works,
    /// Not the user.
    Gone,
    /// The user, but nobody was told its password.
    Held,
    /// As the phase says: usable when delivered, else gone.
    AsPhase,
}

/// How a purchase must end.
#[derive(Debug, Clone, Copy)]
pub struct Expected {
    /// Phases that are right.
    pub phases: &'static [&'static str],
    /// Lines of the gateway's books that moved money to the seller; none when the phase decides.
    pub charges: Option<usize>,
    /// Lines that moved money back.
    pub refunds: usize,
    /// The router in the end.
    pub user: UserEnd,
    /// HTTP status of the customer's last answer; none when the phase decides.
    pub last: Option<u16>,
}

impl Expected {
    /// Paid once and delivered.
    pub const DELIVERED: Self =
        Self { phases: &["completed"], charges: Some(1), refunds: 0, user: UserEnd::Works, last: Some(200) };
    /// Not charged, and nothing is left; the buyer is told this status.
    #[must_use]
    pub const fn undone(last: u16) -> Self {
        Self {
            phases: &["rolled_back", "failed"],
            charges: Some(0),
            refunds: 0,
            user: UserEnd::Gone,
            last: Some(last),
        }
    }
}

/// How a purchase ended.
#[derive(Debug)]
pub struct Ending {
    /// What the customer saw first.
    pub first: Seen,
    /// What the customer saw last.
    pub last: Answer,
    /// The purchase.
    pub purchase: Purchase,
    /// Everything.
    pub evidence: Evidence,
}

impl Scene {
    /// Starts one, with a database server of its own where it is not SQLite: it may be killed.
    ///
    /// # Errors
    /// When something does not start.
    pub async fn start(
        gateway: Gateway,
        database: Database,
        settings: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        let postgres = match database {
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
        Ok(Self { sandbox, simulator, gateway, postgres, lies: false, purchases_before })
    }

    /// A complete request with a card that works.
    #[must_use]
    pub fn order(&self) -> Order {
        Order::at(self.gateway, "fault", self.sandbox.ready.productos[0].id)
    }

    /// Sends a request as a buyer's browser would.
    #[must_use]
    pub fn send(&self, order: Order) -> Sale {
        let portal = self.sandbox.portal();
        tokio::spawn(async move { portal?.buy(&order).await })
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
        self.fault(json!({"target": self.gateway.word(), "kind": kind, "match": path, "count": 1}), more)
            .await
    }

    /// Puts a fault on the router; gives its number.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn on_router(&self, kind: &str, more: Value) -> anyhow::Result<u64> {
        self.fault(json!({"target": "router", "kind": kind}), more).await
    }

    async fn fault(&self, mut fault: Value, more: Value) -> anyhow::Result<u64> {
        for (name, value) in more.as_object().into_iter().flatten() {
            fault[name] = value.clone();
        }
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

    /// What the customer sees first of a sale.
    pub async fn seen(sale: Sale) -> Seen {
        match sale.await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(error.root_cause().to_string()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Takes every fault down, waits until nothing is left to do, and asks once more as the customer would.
    ///
    /// # Errors
    /// When something stays open.
    pub async fn heal_and_settle(&self, first: Seen) -> anyhow::Result<Ending> {
        if !self.lies {
            self.simulator.clear_faults().await?;
        }
        let evidence = self.sandbox.settled(SETTLED_WITHIN).await?;
        let mut new =
            evidence.purchases.iter().filter(|purchase| !self.purchases_before.contains(&purchase.id));
        let purchase = new.next().context("the purchase was stored")?.clone();
        anyhow::ensure!(new.next().is_none(), "there is one purchase, not two");
        let last = self.sandbox.portal()?.get(&format!("/api/v1/payments/{}", purchase.id)).await?;
        Ok(Ending { first, last, purchase, evidence })
    }
}

impl Ending {
    /// What is not as it must be.
    #[must_use]
    pub fn differences(&self, expected: &Expected) -> Vec<String> {
        let mut wrong = Vec::new();
        let phase = self.purchase.phase.as_str();
        if !expected.phases.contains(&phase) {
            wrong.push(format!("it ended {phase}, not {}", expected.phases.join(" or ")));
        }
        let delivered = phase == "completed";
        let charges = self.evidence.charges_of(&self.purchase.id).len();
        let wanted = expected.charges.unwrap_or(usize::from(delivered));
        if charges != wanted {
            wrong.push(format!("{charges} charges, not {wanted}"));
        }
        let refunds = self.refunds();
        if refunds != expected.refunds {
            wrong.push(format!("{refunds} refunds, not {}", expected.refunds));
        }
        let status = self.last.status;
        if expected.last.is_some_and(|wanted| wanted != status) || (delivered && status != 200) {
            wrong.push(format!("the customer was told {status} in the end"));
        }
        wrong.extend(self.user_differs(expected.user, delivered));
        wrong
    }

    fn refunds(&self) -> usize {
        let own = |entry: &&crate::evidence::LedgerEntry| entry.sale_id == self.purchase.id;
        self.evidence.ledger.iter().filter(own).filter(|entry| entry.kind == "refund").count()
    }

    fn user_differs(&self, expected: UserEnd, delivered: bool) -> Option<String> {
        let user = self.evidence.users.iter().find(|user| user.name == self.purchase.user);
        let works = user.is_some_and(|user| !user.disabled);
        let right = match expected {
            UserEnd::Works => works,
            UserEnd::Gone => user.is_none(),
            UserEnd::Held => user.is_some() && self.last.hotspot_user().is_empty(),
            UserEnd::AsPhase => (delivered && works) || (!delivered && user.is_none()),
        };
        (!right).then(|| format!("the router has {user:?}, which is not {expected:?}"))
    }
}
