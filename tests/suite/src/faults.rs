//! Faults with names, each provoked against real processes, each with the proof of how it ended.
//!
//! | module | holds |
//! |---|---|
//! | [`scene`] | a sandbox in which one purchase meets its fault |
//! | [`report`] | the timeline that proves the ending, for people |
//! | [`crashes`] | control plane and agent killed |
//! | [`replies`] | what the gateway answers, or does not |
//! | [`sites`] | the router goes away |
//! | [`databases`] | the database goes away between charge and save |
//!
//! `make faults` prints them all; `tests/faults.rs` runs each as a test.

pub mod crashes;
pub mod databases;
pub mod replies;
pub mod report;
pub mod scene;
pub mod sites;

use std::future::Future;
use std::pin::Pin;

use crate::checkers;
use crate::sandbox::Database;
use crate::simulator::gateways::Gateway;
use scene::{Expected, Scene, Seen};

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

/// How a fault ended.
#[derive(Debug)]
pub struct Proof {
    /// The whole timeline.
    pub text: String,
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

/// Lets a fault happen to a purchase of its own, heals, waits until all is settled, and judges.
///
/// # Errors
/// When the processes cannot be started, or the fault cannot be provoked.
pub async fn prove(fault: &Fault, gateway: Gateway, database: Database) -> anyhow::Result<Proof> {
    let mut scene = Scene::start(gateway, database, fault.settings).await?;
    let provoked = (fault.provoke)(&mut scene).await;
    let seen = match provoked {
        Ok(seen) => seen,
        Err(error) => {
            let kept = scene.sandbox.keep_data();
            return Err(error.context(format!("{}; data is kept in {}", fault.name, kept.display())));
        }
    };
    let ending = scene.heal_and_settle(seen).await?;
    let mut wrong = ending.differences(&(fault.expected)(gateway));
    wrong.extend(checkers::breaches(&ending.evidence));
    let mut text = report::render(fault, gateway, database, &ending, &wrong);
    if !wrong.is_empty() {
        text.push_str(&format!("  data is kept in {}\n", scene.sandbox.keep_data().display()));
    }
    Ok(Proof { text, wrong })
}
