//! Faults with names, each provoked against real processes, each with the proof of how it ended.
//!
//! | module | holds |
//! |---|---|
//! | [`scene`] | a sandbox in which one purchase meets its fault |
//! | [`notes`] | what buyers and faults did, and when |
//! | [`ending`] | how a purchase must end, and how it ended |
//! | [`report`] | the timelines that prove the endings, for people |
//! | [`crashes`] | control plane and agent killed |
//! | [`replies`] | what the gateway answers, or does not |
//! | [`sites`] | the router goes away |
//! | [`databases`] | the database goes away between charge and save |
//!
//! `make faults` prints them all; `tests/faults.rs` runs each as a test.

pub mod crashes;
pub mod databases;
pub mod ending;
pub mod notes;
pub mod replies;
pub mod report;
pub mod scene;
pub mod sites;

use std::future::Future;
use std::pin::Pin;

use crate::checkers;
use crate::sandbox::Database;
use crate::simulator::gateways::Gateway;
use ending::Expected;
use scene::{Scene, Seen};

/// What provokes a fault.
pub type Provoke = for<'a> fn(&'a mut Scene) -> Pin<Box<dyn Future<Output = anyhow::Result<Seen>> + 'a>>;

/// A fault.
#[derive(Clone, Copy)]
pub struct Fault {
    /// What happens.
    pub name: &'static str,
    /// Settings of the control plane besides the shortened times.
    pub settings: &'static [(&'static str, &'static str)],
    /// Lets it happen.
    pub provoke: Provoke,
    /// How it must end.
    pub expected: fn(Gateway) -> Expected,
}

/// Where a fault happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Case {
    /// Who moves the money.
    pub gateway: Gateway,
    /// Where purchases are kept.
    pub database: Database,
}

impl Case {
    /// Each gateway on each database.
    pub const ALL: [Self; 4] = [
        Self { gateway: Gateway::Conekta, database: Database::Sqlite },
        Self { gateway: Gateway::Conekta, database: Database::Postgres },
        Self { gateway: Gateway::MercadoPago, database: Database::Sqlite },
        Self { gateway: Gateway::MercadoPago, database: Database::Postgres },
    ];

    /// For people.
    #[must_use]
    pub fn name(self) -> String {
        let gateway = match self.gateway {
            Gateway::Conekta => "Conekta",
            Gateway::MercadoPago => "Mercado Pago",
        };
        format!("{gateway} · {}", self.database.name())
    }

    /// For the head of a column.
    #[must_use]
    pub fn short(self) -> String {
        let gateway = match self.gateway {
            Gateway::Conekta => "CK",
            Gateway::MercadoPago => "MP",
        };
        format!("{gateway} {}", self.database.name())
    }
}

/// How a fault ended.
#[derive(Debug, Clone)]
pub struct Proof {
    /// The whole timeline.
    pub text: String,
    /// The phase in which the purchase ended; empty when there is none.
    pub phase: String,
    /// What is not as it must be; empty when all is.
    pub wrong: Vec<String>,
}

/// Makes a function of a scene into what [`Fault::provoke`] holds.
#[macro_export]
macro_rules! provoke {
    ($function:path) => {
        |scene| Box::pin($function(scene))
    };
}

/// Every fault.
#[must_use]
pub fn all() -> Vec<Fault> {
    [crashes::FAULTS, replies::FAULTS, sites::FAULTS, databases::FAULTS].concat()
}

/// Lets a fault happen to a purchase of its own, heals, waits until all is settled, and judges. What cannot even be
/// provoked is wrong as well.
pub async fn prove(fault: &Fault, case: Case) -> Proof {
    match try_to_prove(fault, case).await {
        Ok(proof) => proof,
        Err(error) => Proof {
            text: report::failed(fault, case, &error),
            phase: String::new(),
            wrong: vec![format!("{error:#}")],
        },
    }
}

async fn try_to_prove(fault: &Fault, case: Case) -> anyhow::Result<Proof> {
    let mut scene = Scene::start(case, fault.settings).await?;
    let ended = match (fault.provoke)(&mut scene).await {
        Ok(seen) => scene.heal_and_settle(seen).await,
        Err(error) => Err(error),
    };
    let ending = match ended {
        Ok(ending) => ending,
        Err(error) => {
            let kept = scene.sandbox.keep_data();
            return Err(error.context(format!("data is kept in {}", kept.display())));
        }
    };
    let expected = (fault.expected)(case.gateway);
    let mut wrong = ending.differences(&expected);
    wrong.extend(checkers::breaches(&ending.evidence));
    let mut text = report::render(fault, case, &expected, &ending, &wrong);
    if !wrong.is_empty() {
        text.push_str(&format!("  data        kept in {}\n", scene.sandbox.keep_data().display()));
    }
    Ok(Proof { text, phase: ending.purchase.phase, wrong })
}
